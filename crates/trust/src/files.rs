//! Files on disk: secrets that only their owner may read, and atomic writes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Why a file cannot be used. Paths are quoted and escaped, so that a name cannot send control characters to a terminal.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read or written.
    #[error("{path:?}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("{0:?} is not a file")]
    NoFile(PathBuf),
    /// It is larger than such a file may be.
    #[error("{path:?} has more than {limit} bytes")]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// How many it may have.
        limit: usize,
    },
    /// It is not UTF-8.
    #[error("{0:?} is not UTF-8 text")]
    NoText(PathBuf),
    /// Others than its owner may read or write it.
    #[error("{path:?} is a secret and has mode {mode:04o}: run  chmod 600 {path:?}")]
    Permissions {
        /// Which.
        path: PathBuf,
        /// The mode it has.
        mode: u32,
    },
}

/// Reads bytes that are no secret.
pub fn read_bytes(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(path, limit, false)
}

/// Reads a text that is no secret.
pub fn read_text(path: &Path, limit: usize) -> Result<String, FileError> {
    let bytes = read(path, limit, false)?;
    std::str::from_utf8(&bytes).map(str::to_owned).map_err(|_| FileError::NoText(path.to_owned()))
}

/// Reads a secret. On systems with modes a file that others than its owner may touch is refused.
pub fn read_secret(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
    read(path, limit, true)
}

/// Reads a secret text.
pub fn read_secret_text(path: &Path, limit: usize) -> Result<Zeroizing<String>, FileError> {
    let bytes = read(path, limit, true)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| FileError::NoText(path.to_owned()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Writes a secret with mode 0600, in place of a file that may be there: whole or not at all, and on disk when it returns.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let name = path.file_name().ok_or_else(|| FileError::NoFile(path.to_owned()))?;
    let mut temporary = name.to_owned();
    temporary.push(format!(".{}.new", std::process::id()));
    let temporary = path.with_file_name(temporary);
    // Left behind by a process with the same id that was killed.
    match fs::remove_file(&temporary) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(failed(&temporary)(source)),
        _ => {}
    }
    let written = create_secret(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path).map_err(failed(path)))
        .and_then(|()| sync_folder(path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Writes a secret with mode 0600 to a path where nothing is yet; on disk when it returns.
pub fn create_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed(path))?;
    sync_folder(path)
}

fn read(path: &Path, limit: usize, is_secret: bool) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // Opening a pipe waits for its other end.
    if !fs::metadata(path).map_err(failed(path))?.is_file() {
        return Err(FileError::NoFile(path.to_owned()));
    }
    let file = File::open(path).map_err(failed(path))?;
    // Of the open file, not of the path: the path may mean another file by now.
    let about = file.metadata().map_err(failed(path))?;
    if !about.is_file() {
        return Err(FileError::NoFile(path.to_owned()));
    }
    if is_secret {
        check_mode(path, &about)?;
    }
    let too_large = || FileError::TooLarge { path: path.to_owned(), limit };
    if about.len() > limit as u64 {
        return Err(too_large());
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(about.len() as usize + 1));
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed(path))?;
    if bytes.len() > limit { Err(too_large()) } else { Ok(bytes) }
}

#[cfg(unix)]
fn check_mode(path: &Path, about: &fs::Metadata) -> Result<(), FileError> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o7777;
    let of_others = mode & 0o077;
    if of_others == 0 { Ok(()) } else { Err(FileError::Permissions { path: path.to_owned(), mode }) }
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "there are no modes to check")]
fn check_mode(_path: &Path, _about: &fs::Metadata) -> Result<(), FileError> {
    Ok(())
}

/// Makes a new name in a folder durable. Folders cannot be opened for that everywhere.
fn sync_folder(path: &Path) -> Result<(), FileError> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(path))?;
    }
    Ok(())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Io { path, source }
}
