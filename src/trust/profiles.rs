//! The profiles of the command line.

use aster_trust::profile::{ProfileError, Profiles};
use aster_wire::status::Code;
use napi::{Env, Result};
use napi_derive::napi;

use super::{NamedText, malformed, root_public_key};
use crate::error::{Failure, throwing};

/// The profiles of a configuration file.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ProfileList {
    /// The name of the active profile, whether it exists or not.
    #[napi(readonly)]
    pub active: String,
    /// The profiles, in the order of their names.
    #[napi(readonly, ts_type = "readonly ProfileFacts[]")]
    pub profiles: Vec<ProfileFacts>,
}

/// A profile.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct ProfileFacts {
    /// Its name.
    #[napi(readonly)]
    pub name: String,
    /// The public root key, or null.
    #[napi(readonly)]
    pub root_public_key: Option<String>,
    /// The other members, as they are shown.
    #[napi(readonly, ts_type = "readonly NamedText[]")]
    pub members: Vec<NamedText>,
}

/// Reads the text of a configuration file. An empty text has no profiles.
#[napi(catch_unwind)]
pub fn trust_read_profiles(env: Env, text: String) -> Result<ProfileList> {
    throwing(env, || {
        let profiles = Profiles::from_toml(&text).map_err(malformed)?;
        let facts = profiles.names().into_iter().map(|name| ProfileFacts {
            root_public_key: profiles.root_public_key(&name),
            members: profiles
                .members(&name)
                .into_iter()
                .map(|(name, value)| NamedText { name, value })
                .collect(),
            name,
        });
        Ok(ProfileList { profiles: facts.collect(), active: profiles.active().to_owned() })
    })
}

/// Changes the text of a configuration file: creates or deletes a profile, makes it the active one, or gives it a public
/// root key. Everything else in the text stays.
#[napi(catch_unwind)]
pub fn trust_change_profiles(
    env: Env,
    text: String,
    #[napi(ts_arg_type = "'create' | 'use' | 'delete' | 'setRoot'")] change: String,
    name: String,
    #[napi(ts_arg_type = "string | null")] root: Option<String>,
) -> Result<String> {
    throwing(env, || {
        let mut profiles = Profiles::from_toml(&text).map_err(malformed)?;
        let changed = match (change.as_str(), &root) {
            ("create", None) => profiles.create(&name),
            ("use", None) => profiles.activate(&name),
            ("delete", None) => profiles.delete(&name),
            ("setRoot", Some(root)) => profiles.set_root_public_key(&name, &root_public_key("root", root)?),
            _ => return Err(Failure::option("change", "is not a change of profiles")),
        };
        changed.map_err(not_changed)?;
        Ok(profiles.to_toml())
    })
}

fn not_changed(error: ProfileError) -> Failure {
    let (code, reason) = match error {
        ProfileError::Exists(_) => (Code::AlreadyExists, "PROFILE_EXISTS"),
        ProfileError::Unknown(_) => (Code::NotFound, "NO_PROFILE"),
        ProfileError::Malformed(_) => return malformed(error),
        ProfileError::Name => return Failure::option("name", error),
    };
    Failure::new(code, error).because(reason)
}
