//! The attributes of a credential: names and texts that the root vouches for, and the roles among them.
//!
//! A peer's attributes come from its credential alone. Names that start with `aster.` belong to the protocol
//! (`docs/protocol.md#credentials`), also in call metadata, where a peer could otherwise spell them itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::UnixTime;

/// The roles of the holder, separated by commas.
pub const ROLE: &str = "aster.role";
/// A label for people.
pub const NAME: &str = "aster.name";
/// The credential counts from this time on: seconds since 1970, in decimal. The reference does not know it.
pub const NOT_BEFORE: &str = "aster.not_before";
/// Asks for a check of a cloud's identity service.
pub const IID_PROVIDER: &str = "aster.iid_provider";

/// Most attributes of one credential.
pub const MAX_ATTRIBUTES: usize = 256;
/// Most bytes of all their names and values.
pub const MAX_ATTRIBUTE_BYTES: usize = 16_384;

/// What starts a name that only the protocol may give.
const RESERVED: &str = "aster.";

/// Names and values, in the order in which they were added; each name once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// The attributes with these pairs, within the limits; of equal names the last counts.
    pub fn from_pairs<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Option<Self> {
        let mut attributes = Self::default();
        let mut bytes = 0_usize;
        for (name, value) in pairs {
            bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
            if bytes > MAX_ATTRIBUTE_BYTES {
                return None;
            }
            attributes.set(&name, value);
            if attributes.0.len() > MAX_ATTRIBUTES {
                return None;
            }
        }
        Some(attributes)
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All pairs, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same attributes and `name`, if they have no such name yet.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut more = self.clone();
        if more.get(name).is_none() {
            more.set(name, value.to_owned());
        }
        more
    }

    /// The roles that [`ROLE`] lists.
    pub fn roles(&self) -> Roles {
        Roles::of(self.get(ROLE).unwrap_or_default())
    }

    /// The time that [`NOT_BEFORE`] names; none where there is no such attribute.
    pub fn not_before(&self) -> Result<Option<UnixTime>, NoTime> {
        let Some(text) = self.get(NOT_BEFORE) else { return Ok(None) };
        let is_decimal = text.bytes().all(|digit| digit.is_ascii_digit());
        let seconds = is_decimal.then(|| text.parse().ok()).flatten();
        seconds.map(|seconds| Some(UnixTime::from_seconds(seconds))).ok_or(NoTime)
    }

    /// The form that is signed: a JSON object without spaces, names in the order of their code points, nothing but quotes,
    /// backslashes and control characters escaped.
    pub(crate) fn canonical(&self) -> String {
        let sorted: BTreeMap<&str, &str> = self.iter().collect();
        let mut text = String::from("{");
        for (name, value) in sorted {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&crate::json::quoted(name));
            text.push(':');
            text.push_str(&crate::json::quoted(value));
        }
        text.push('}');
        text
    }

    fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }
}

/// The value of [`NOT_BEFORE`] is not a number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("attribute aster.not_before is no time")]
pub struct NoTime;

/// The roles that a caller holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles(BTreeSet<String>);

impl Roles {
    /// The roles in a text: separated by commas, without the white space around them, without empty ones.
    pub fn of(text: &str) -> Self {
        let names = text.split(',').map(|name| name.trim_matches(is_space)).filter(|name| !name.is_empty());
        Self(names.map(str::to_owned).collect())
    }

    /// True when `role` is one of them.
    pub fn holds(&self, role: &str) -> bool {
        self.0.contains(role)
    }

    /// The roles, sorted.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// White space as Python's `str.strip` knows it, which has four separators more than Unicode's.
pub(crate) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// True for a name that a peer may not give in metadata: it starts with `aster.`, in letters of any case.
pub fn is_reserved(name: &str) -> bool {
    name.get(..RESERVED.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED))
}

/// Removes the pairs with reserved names; returns how many there were.
pub fn strip_reserved(metadata: &mut Vec<(String, String)>) -> usize {
    let before = metadata.len();
    metadata.retain(|(name, _)| !is_reserved(name));
    before - metadata.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_name_is_there_once_with_its_last_value_at_its_first_place() {
        let attributes = Attributes::from_pairs(pairs(&[("b", "1"), ("a", "2"), ("b", "3")])).unwrap();
        assert_eq!(attributes.iter().collect::<Vec<_>>(), [("b", "3"), ("a", "2")]);
        assert_eq!(attributes.get("c"), None);
        assert!(!attributes.is_empty() && Attributes::default().is_empty());
        assert_eq!(attributes.canonical(), r#"{"a":"2","b":"3"}"#);
        assert_eq!(attributes.with("a", "9"), attributes);
        assert_eq!(attributes.with("c", "9").get("c"), Some("9"));
    }

    #[test]
    fn attributes_are_bounded_in_number_and_bytes() {
        let many = |count: usize| (0..count).map(|n| (format!("{n}"), String::new()));
        assert!(Attributes::from_pairs(many(MAX_ATTRIBUTES)).is_some());
        assert!(Attributes::from_pairs(many(MAX_ATTRIBUTES + 1)).is_none());
        let large = |bytes: usize| pairs(&[("a", &"x".repeat(bytes - 1))]);
        assert!(Attributes::from_pairs(large(MAX_ATTRIBUTE_BYTES)).is_some());
        assert!(Attributes::from_pairs(large(MAX_ATTRIBUTE_BYTES + 1)).is_none());
    }

    #[test]
    fn roles_are_split_at_commas_and_trimmed() {
        let roles = Roles::of(" a ,b,, ,\u{a0}c d\u{1f},a");
        assert_eq!(roles.iter().collect::<Vec<_>>(), ["a", "b", "c d"]);
        assert!(roles.holds("a") && roles.holds("c d") && !roles.holds("c") && !roles.holds(""));
        assert!(Roles::of(" , ").is_empty() && !roles.is_empty());
        let attributes = Attributes::from_pairs(pairs(&[(ROLE, "x,y"), (NAME, "z")])).unwrap();
        assert_eq!(attributes.roles(), Roles::of("y,x"));
        assert!(Attributes::default().roles().is_empty());
    }

    #[test]
    fn reserved_names_are_removed_whatever_their_case() {
        let mut metadata =
            pairs(&[("aster.role", "a"), ("ASTER.name", "b"), ("asterx", "c"), ("x", "d"), ("aster.", "e")]);
        assert_eq!(strip_reserved(&mut metadata), 3);
        assert_eq!(metadata, pairs(&[("asterx", "c"), ("x", "d")]));
        assert!(!is_reserved("aster") && !is_reserved("é") && !is_reserved("asteré"));
    }
}
