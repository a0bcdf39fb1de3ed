//! Where revocation lists come from, and where a list that was pushed is kept.
//!
//! Two sources: the store that all processes of a service share, and a file. Both are looked at every half second. What is
//! in force stays in force when a source fails or disappears. Functions here block.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use aster_trust::files;
use aster_trust::revocation::{Applied, MAX_DOCUMENT_BYTES, RevocationError, RevocationList, Revocations};
use aster_trust::roots::TrustedRoots;
use aster_trust::store::{Store, StoreError};

/// What tells that a file has changed.
type Stamp = (Option<SystemTime>, u64);

/// The sources, and what was seen of them last.
#[derive(Debug)]
pub(super) struct Sources {
    roots: TrustedRoots,
    store: Option<Arc<Store>>,
    file: Option<PathBuf>,
    seen_file: Option<Stamp>,
    seen_store: Option<[u8; 32]>,
}

impl Sources {
    pub(super) fn new(roots: TrustedRoots, store: Option<Arc<Store>>, file: Option<PathBuf>) -> Self {
        Self { roots, store, file, seen_file: None, seen_store: None }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.store.is_none() && self.file.is_none()
    }

    /// The lists at the start. A file that is there and cannot be used is an error; one that is not there revokes nothing.
    pub(super) fn start(&mut self) -> Result<Revocations, String> {
        let mut revocations = Revocations::default();
        if let Some(path) = self.file.clone() {
            match self.read_file(&path)? {
                Some(list) => {
                    let applied = self.keep_in_store(&list).unwrap_or(Ok(Applied::InForce));
                    // An older list than that of the store is no error: the newer one is in force.
                    if !matches!(applied, Err(RevocationError::Older { .. })) {
                        applied
                            .and_then(|_| revocations.apply(list, &self.roots))
                            .map_err(|e| e.to_string())?;
                    }
                }
                None => {
                    tracing::warn!(file = %path.display(), "there is no revocation list: nothing is revoked by it");
                }
            }
        }
        for list in self.changed_in_store().map_err(|error| error.to_string())? {
            revocations.apply(list, &self.roots).map_err(|error| error.to_string())?;
        }
        Ok(revocations)
    }

    /// The lists that have changed since the last look. Problems are logged, once for each change.
    pub(super) fn changed(&mut self) -> Vec<RevocationList> {
        let mut lists = Vec::new();
        if let Some(path) = self.file.clone() {
            match self.read_file(&path) {
                Ok(list) => lists.extend(list),
                Err(error) => {
                    tracing::error!("the revocation list is not taken, the one before stays: {error}");
                }
            }
        }
        lists.retain(|list| match self.keep_in_store(list) {
            Some(Err(error)) => {
                tracing::error!("the revocation list is not taken, the one before stays: {error}");
                false
            }
            _ => true,
        });
        match self.changed_in_store() {
            Ok(stored) => lists.extend(stored),
            Err(error) => tracing::error!("the store of revocation lists cannot be read: {error}"),
        }
        lists
    }

    /// Keeps a list that was pushed, so that it is in force after a restart. False: there is no place for it.
    pub(super) fn keep(&mut self, list: &RevocationList) -> Result<bool, String> {
        if let Some(kept) = self.keep_in_store(list) {
            return kept.map(|_| true).map_err(|error| error.to_string());
        }
        let Some(path) = &self.file else { return Ok(false) };
        // A file of another root key must not be lost.
        if let Some(old) = read(path)?
            && old.root() != list.root()
        {
            return Ok(false);
        }
        files::write_secret(path, list.to_json().as_bytes()).map_err(|error| error.to_string())?;
        Ok(true)
    }

    /// Makes a list known to all processes that share the store. `None`: there is no store, or it failed.
    fn keep_in_store(&self, list: &RevocationList) -> Option<Result<Applied, RevocationError>> {
        match self.store.as_ref()?.apply(list, &self.roots) {
            Ok(applied) => Some(Ok(applied)),
            Err(StoreError::Revocation(error)) => Some(Err(error)),
            Err(error) => {
                tracing::error!("the revocation list cannot be kept: {error}");
                None
            }
        }
    }

    /// The list of the file, if the file has changed since the last look.
    fn read_file(&mut self, path: &Path) -> Result<Option<RevocationList>, String> {
        let stamp = match std::fs::metadata(path) {
            Ok(about) => Some(stamp(&about)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        if stamp.is_none() || stamp == self.seen_file {
            return Ok(None);
        }
        self.seen_file = stamp;
        read(path)
    }

    fn changed_in_store(&mut self) -> Result<Vec<RevocationList>, StoreError> {
        let Some(store) = &self.store else { return Ok(Vec::new()) };
        let digest = store.lists_digest(&self.roots)?;
        if self.seen_store == Some(digest) {
            return Ok(Vec::new());
        }
        let stored = store.revocations(&self.roots)?;
        self.seen_store = Some(digest);
        Ok(self.roots.iter().filter_map(|root| stored.of_root(root)).cloned().collect())
    }
}

fn stamp(about: &Metadata) -> Stamp {
    (about.modified().ok(), about.len())
}

fn read(path: &Path) -> Result<Option<RevocationList>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let text = files::read_text(path, MAX_DOCUMENT_BYTES).map_err(|error| error.to_string())?;
    RevocationList::from_json(text.as_bytes())
        .map(Some)
        .map_err(|error| format!("{}: {error}", path.display()))
}
