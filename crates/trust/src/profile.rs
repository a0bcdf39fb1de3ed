//! `~/.aster/config.toml`: the profiles of the command line, each with the public root key of one deployment.
//!
//! The secret root keys are not in this file. Writing keeps what is there: comments, unknown members and the tables of the
//! reference's command line survive.

use toml_edit::{DocumentMut, Item, Table, TableLike, value};

use crate::json::Malformed;
use crate::key::RootPublicKey;

/// Largest file.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// Longest name of a profile.
pub const MAX_NAME_BYTES: usize = 64;
/// The active profile of a file that names none.
pub const DEFAULT_NAME: &str = "default";

const ACTIVE: &str = "active_profile";
const PROFILES: &str = "profiles";
const ROOT: &str = "root_pubkey";

/// Why a change of profiles is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The file is not of this form.
    #[error("the configuration file is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The profile is there already.
    #[error("profile '{0}' already exists.")]
    Exists(String),
    /// There is no such profile.
    #[error("profile '{0}' does not exist.")]
    Unknown(String),
    /// A name that would need quotes in the file, where the reference writes none.
    #[error("a profile's name has 1 to {MAX_NAME_BYTES} letters, digits, _ or -")]
    Name,
}

/// The content of the file.
#[derive(Debug, Clone, Default)]
pub struct Profiles(DocumentMut);

impl Profiles {
    /// Reads the file.
    pub fn from_toml(text: &str) -> Result<Self, ProfileError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(Malformed::TooLarge { bytes: text.len(), limit: MAX_FILE_BYTES }.into());
        }
        let document: DocumentMut = text.parse().map_err(|_| Malformed::Toml)?;
        let is_shaped = |name: &str, fits: fn(&Item) -> bool| document.get(name).is_none_or(fits);
        if !is_shaped(ACTIVE, Item::is_str) {
            return Err(Malformed::Member(ACTIVE).into());
        }
        let all_tables = |item: &Item| {
            item.as_table_like().is_some_and(|table| table.iter().all(|(_, item)| item.is_table_like()))
        };
        if !is_shaped(PROFILES, all_tables) {
            return Err(Malformed::Member(PROFILES).into());
        }
        Ok(Self(document))
    }

    /// The file.
    pub fn to_toml(&self) -> String {
        self.0.to_string()
    }

    /// The name of the active profile. It may not exist.
    pub fn active(&self) -> &str {
        self.0.get(ACTIVE).and_then(Item::as_str).filter(|name| !name.is_empty()).unwrap_or(DEFAULT_NAME)
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<String> {
        let table = self.0.get(PROFILES).and_then(Item::as_table_like);
        let names = table.into_iter().flat_map(TableLike::iter).map(|(name, _)| name.to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// The public root key of a profile, as it is written.
    pub fn root_public_key(&self, name: &str) -> Option<String> {
        self.profile(name)?.get(ROOT).and_then(Item::as_str).map(str::to_owned)
    }

    /// The other members of a profile, in their order, as they are shown.
    pub fn members(&self, name: &str) -> Vec<(String, String)> {
        let profile = self.profile(name).into_iter().flat_map(TableLike::iter);
        let others = profile.filter(|(member, _)| *member != ROOT);
        others.map(|(member, item)| (member.to_owned(), shown(item))).collect()
    }

    /// Adds a profile. The only profile becomes the active one.
    pub fn create(&mut self, name: &str) -> Result<(), ProfileError> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(fits) {
            return Err(ProfileError::Name);
        }
        if self.profile(name).is_some() {
            return Err(ProfileError::Exists(name.to_owned()));
        }
        let is_first = self.names().is_empty();
        self.table()?.insert(name, Item::Table(Table::new()));
        if is_first || self.0.get(ACTIVE).is_none() {
            self.set_active(name);
        }
        Ok(())
    }

    /// Makes a profile the active one.
    pub fn activate(&mut self, name: &str) -> Result<(), ProfileError> {
        self.known(name)?;
        self.set_active(name);
        Ok(())
    }

    /// Removes a profile. If it was the active one, the first of the others is active after that.
    pub fn delete(&mut self, name: &str) -> Result<(), ProfileError> {
        self.known(name)?;
        self.table()?.remove(name);
        if self.active() == name {
            let next = self.names().into_iter().next();
            self.set_active(next.as_deref().unwrap_or(DEFAULT_NAME));
        }
        Ok(())
    }

    /// Writes the public root key of a profile.
    pub fn set_root_public_key(&mut self, name: &str, key: &RootPublicKey) -> Result<(), ProfileError> {
        self.known(name)?;
        let profile = self.table()?.get_mut(name).and_then(Item::as_table_like_mut);
        let profile = profile.ok_or_else(|| ProfileError::Unknown(name.to_owned()))?;
        profile.insert(ROOT, value(key.to_string()));
        Ok(())
    }

    fn known(&self, name: &str) -> Result<(), ProfileError> {
        let known = self.profile(name).map(|_| ());
        known.ok_or_else(|| ProfileError::Unknown(name.to_owned()))
    }

    fn set_active(&mut self, name: &str) {
        self.0.insert(ACTIVE, value(name));
    }

    fn profile(&self, name: &str) -> Option<&dyn TableLike> {
        self.0.get(PROFILES)?.as_table_like()?.get(name)?.as_table_like()
    }

    fn table(&mut self) -> Result<&mut dyn TableLike, ProfileError> {
        let mut tables = Table::new();
        tables.set_implicit(true);
        let item = self.0.entry(PROFILES).or_insert(Item::Table(tables));
        Ok(item.as_table_like_mut().ok_or(Malformed::Member(PROFILES))?)
    }
}

/// The text of a value without the quotes of TOML.
fn shown(item: &Item) -> String {
    item.as_str().map_or_else(|| item.to_string().trim().to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::RootKey;

    /// As the reference's command line writes it.
    const WRITTEN: &str = "active_profile = \"prod\"\n\n[aster_service]\nenabled = true\nnode_id = \"\"\n\n\
        [profiles.prod]\nroot_pubkey = \"ab\"\nhandle = \"\"\nclaimed = 3\n\n[profiles.dev]\nsigner = \"local\"\n";

    fn read(text: &str) -> Profiles {
        Profiles::from_toml(text).unwrap()
    }

    #[test]
    fn the_file_of_the_reference_is_read() {
        let profiles = read(WRITTEN);
        assert_eq!(profiles.active(), "prod");
        assert_eq!(profiles.names(), ["dev", "prod"]);
        assert_eq!(profiles.root_public_key("prod").as_deref(), Some("ab"));
        assert_eq!(profiles.root_public_key("dev"), None);
        let members =
            [("handle", ""), ("claimed", "3")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(profiles.members("prod"), members);
        assert_eq!(profiles.members("none"), []);
        assert_eq!(profiles.to_toml(), WRITTEN);
    }

    #[test]
    fn the_first_profile_becomes_the_active_one() {
        let mut profiles = read("");
        assert_eq!((profiles.active(), profiles.names().len()), ("default", 0));
        profiles.create("a").unwrap();
        profiles.create("b").unwrap();
        assert_eq!(profiles.active(), "a");
        assert_eq!(profiles.create("a"), Err(ProfileError::Exists("a".to_owned())));
        profiles.activate("b").unwrap();
        assert_eq!(profiles.active(), "b");
        let key = RootKey::from_seed(&[1; 32]).public_key();
        profiles.set_root_public_key("b", &key).unwrap();
        let text =
            format!("active_profile = \"b\"\n\n[profiles.a]\n\n[profiles.b]\nroot_pubkey = \"{key}\"\n");
        assert_eq!(profiles.to_toml(), text);
        profiles.delete("b").unwrap();
        assert_eq!((profiles.active(), profiles.names()), ("a", vec!["a".to_owned()]));
        profiles.delete("a").unwrap();
        assert_eq!((profiles.active(), profiles.names().len()), ("default", 0));
    }

    #[test]
    fn deleting_another_profile_keeps_the_active_one() {
        let mut profiles = read(WRITTEN);
        profiles.delete("dev").unwrap();
        assert_eq!(profiles.active(), "prod");
        assert!(profiles.to_toml().contains("[aster_service]\nenabled = true\n"));
        assert!(!profiles.to_toml().contains("dev"));
    }

    #[test]
    fn a_profile_that_does_not_exist_is_not_changed() {
        let mut profiles = read(WRITTEN);
        let unknown = Err(ProfileError::Unknown("x".to_owned()));
        assert_eq!(profiles.activate("x"), unknown);
        assert_eq!(profiles.delete("x"), unknown);
        assert_eq!(profiles.set_root_public_key("x", &RootPublicKey::from_bytes([1; 32])), unknown);
        assert_eq!(profiles.to_toml(), WRITTEN);
    }

    #[test]
    fn names_need_no_quotes_in_the_file() {
        let mut profiles = read("");
        for bad in ["", "a.b", "a b", "é", "[", &"a".repeat(MAX_NAME_BYTES + 1)] {
            assert_eq!(profiles.create(bad), Err(ProfileError::Name), "{bad}");
        }
        profiles.create(&"a-_9Z".repeat(10)).unwrap();
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let refused = |text: &str| Profiles::from_toml(text).err();
        assert_eq!(refused("a ="), Some(Malformed::Toml.into()));
        assert_eq!(refused("active_profile = 3"), Some(Malformed::Member(ACTIVE).into()));
        assert_eq!(refused("profiles = 3"), Some(Malformed::Member(PROFILES).into()));
        assert_eq!(refused("[profiles]\na = 3"), Some(Malformed::Member(PROFILES).into()));
        let (bytes, limit) = (MAX_FILE_BYTES + 1, MAX_FILE_BYTES);
        let large = "#".repeat(bytes);
        assert_eq!(refused(&large), Some(Malformed::TooLarge { bytes, limit }.into()));
        assert!(Profiles::from_toml(&large[1..]).is_ok());
        assert_eq!(
            read("profiles = { a = { root_pubkey = \"k\" } }").root_public_key("a").as_deref(),
            Some("k")
        );
    }
}
