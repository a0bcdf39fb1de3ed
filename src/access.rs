//! The options for who may call a node (`docs/boundary.md#access`).

use std::path::{Path, PathBuf};

use aster_net::{Access, AccessError, GateOptions};
use aster_trust::files;
use aster_trust::key::RootPublicKey;
use aster_trust::roots::TrustedRoots;
use aster_wire::status::Code;
use napi_derive::napi;

use crate::error::{Failure, Outcome};

/// Largest file of a root key.
const FILE_BYTES: usize = 65_536;

/// Who may call a node, by credentials.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct AccessOptions {
    /// The trusted root keys, 64 hex digits each.
    #[napi(ts_type = "readonly string[]")]
    pub root_public_keys: Vec<String>,
    /// Files with trusted root keys.
    #[napi(ts_type = "readonly string[]")]
    pub root_files: Vec<String>,
    /// Producers may ask for admission.
    pub producers: bool,
    /// The file of one-time credentials that were used; null: they are refused.
    pub nonces: Option<String>,
    /// The file with a signed revocation list.
    pub revocations: Option<String>,
    /// The program is asked about each peer.
    pub asks: bool,
}

impl AccessOptions {
    pub(crate) fn check(self) -> Outcome<Access> {
        let path = "options.access.rootPublicKey";
        let given = self.root_public_keys.iter().map(|text| {
            RootPublicKey::from_hex(text)
                .ok_or_else(|| Failure::option(path, "must be 64 hexadecimal digits"))
        });
        let read = self.root_files.iter().map(|file| {
            let text = files::read_text(Path::new(file), FILE_BYTES);
            let text =
                text.map_err(|error| Failure::option(path, format_args!("cannot be read: {error}")))?;
            RootPublicKey::from_file(&text)
                .map_err(|error| Failure::option(path, format_args!("{file:?} has no root key: {error}")))
        });
        let roots = given.chain(read).collect::<Outcome<Vec<_>>>()?;
        let roots = TrustedRoots::new(roots).map_err(|error| Failure::option(path, error))?;
        Ok(Access::Gated(GateOptions {
            producers: self.producers,
            nonces: self.nonces.map(PathBuf::from),
            revocations: self.revocations.map(PathBuf::from),
            narrowed: self.asks,
            ..GateOptions::new(roots)
        }))
    }
}

/// The failure of a node that cannot be opened to its callers.
pub(crate) fn refused(error: &AccessError) -> Failure {
    let reason = match error {
        AccessError::Other => "OTHER_ACCESS",
        AccessError::Nonces(_) => "NONCES",
        AccessError::Revocations(_) => "REVOCATIONS",
        AccessError::Random(_) => "NO_RANDOMNESS",
    };
    Failure::new(Code::FailedPrecondition, error).because(reason)
}
