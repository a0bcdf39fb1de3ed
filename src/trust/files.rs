//! The files on disk.

use std::io::ErrorKind;
use std::path::Path;

use aster_trust::credential::document;
use aster_trust::files::{self, FileError};
use aster_trust::{identity, key_file, profile, request, revocation};
use aster_wire::status::Code;
use napi::bindgen_prelude::Uint8Array;
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};

/// Most bytes of an encrypted key file: a key with a header for many recipients.
const MAX_ENCRYPTED_BYTES: usize = 65_536;

/// Reads a file of at most the size of its kind. A secret that others may read is refused.
#[napi(catch_unwind)]
pub fn trust_read_file(
    env: Env,
    path: String,
    #[napi(
        ts_arg_type = "'key' | 'publicKey' | 'encrypted' | 'credential' | 'identity' | 'request' | 'revocations' | 'profiles'"
    )]
    kind: String,
) -> Result<Uint8Array> {
    throwing(env, || {
        let (limit, is_secret) = bounds(&kind)?;
        let path = Path::new(&path);
        let bytes = if is_secret { files::read_secret(path, limit) } else { files::read_bytes(path, limit) };
        Ok(bytes.map_err(failed)?.to_vec().into())
    })
}

/// Writes a file with mode 0600, whole or not at all. `replace`: in place of a file that may be there; otherwise an existing
/// file is an error.
#[napi(catch_unwind)]
pub fn trust_write_file(env: Env, path: String, bytes: Uint8Array, replace: bool) -> Result<()> {
    throwing(env, || {
        let path = Path::new(&path);
        let write = if replace { files::write_secret } else { files::create_secret };
        write(path, &bytes).map_err(failed)
    })
}

/// Most bytes of a file, and whether it is a secret.
fn bounds(kind: &str) -> Outcome<(usize, bool)> {
    Ok(match kind {
        "key" => (key_file::MAX_FILE_BYTES, true),
        "publicKey" => (key_file::MAX_FILE_BYTES, false),
        "encrypted" => (MAX_ENCRYPTED_BYTES, false),
        // A bound credential is of no use to others, and the tools of the reference write it for all to read.
        "credential" => (document::MAX_DOCUMENT_BYTES, false),
        "identity" => (identity::MAX_FILE_BYTES, true),
        "request" => (request::MAX_FILE_BYTES, false),
        "revocations" => (revocation::MAX_DOCUMENT_BYTES, false),
        "profiles" => (profile::MAX_FILE_BYTES, false),
        _ => return Err(Failure::option("kind", "is not a kind of file")),
    })
}

fn failed(error: FileError) -> Failure {
    let (code, reason) = match &error {
        FileError::Io { source, .. } => match source.kind() {
            ErrorKind::NotFound => (Code::NotFound, "NO_FILE"),
            ErrorKind::AlreadyExists => (Code::AlreadyExists, "FILE_EXISTS"),
            _ => (Code::FailedPrecondition, "FILE"),
        },
        FileError::Permissions { .. } => (Code::FailedPrecondition, "FILE_MODE"),
        FileError::NoFile(_) | FileError::TooLarge { .. } | FileError::NoText(_) => {
            (Code::FailedPrecondition, "FILE")
        }
    };
    Failure::new(code, error).because(reason)
}
