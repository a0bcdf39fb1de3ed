//! The durable store of a node or of several processes that share one: consumed nonces and revocation lists, in one file.
//!
//! Several processes may open the same file. A change is on disk before the function that makes it returns, and a process
//! that is killed in the middle leaves the state before or after it, never another. Functions block; callers that must
//! not are to call them on a thread for it. The file belongs on a local disk.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redb::{
    Builder, ConcurrencyMode, Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, Table, TableDefinition, TransactionError, WriteTransaction,
};

use crate::files::{self, FileError};
use crate::nonce::{Consumed, DEFAULT_CAPACITY, Nonce, NonceStore, NonceStoreError, is_forgettable};
use crate::revocation::{Applied, RevocationError, RevocationList, Revocations};
use crate::roots::TrustedRoots;
use crate::time::UnixTime;

const NONCES: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("nonces");
/// Expiry, big-endian, and key: the nonces in the order in which they are forgotten.
const BY_EXPIRY: TableDefinition<'_, &[u8; 40], ()> = TableDefinition::new("nonces_by_expiry");
const LISTS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("revocation_lists");
const FACTS: TableDefinition<'_, &str, u64> = TableDefinition::new("facts");

/// The version of these tables.
const FORMAT: u64 = 1;
const FORMAT_FACT: &str = "format";
/// The latest expiry of a nonce that was forgotten, plus one.
const FORGOTTEN: &str = "forgotten_before";
/// Most nonces that one call forgets, so that none takes long.
const FORGOTTEN_AT_ONCE: usize = 64;
const CACHE_BYTES: usize = 4_194_304;
/// How often, and in which steps, a process waits for another one that writes: five seconds.
const WAIT_STEPS: u32 = 2500;
const WAIT_STEP: Duration = Duration::from_millis(2);

/// Why the store does not work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Its file cannot be made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The database failed.
    #[error("the store {path:?} failed: {cause}")]
    Database {
        /// Its file.
        path: PathBuf,
        /// What the database says.
        cause: String,
    },
    /// Another process writes and does not end.
    #[error("the store {0:?} is held by another process")]
    Busy(PathBuf),
    /// It was made by a version that this one does not know.
    #[error("the store {path:?} has format {format}, which is not known")]
    Format {
        /// Its file.
        path: PathBuf,
        /// What it has.
        format: u64,
    },
    /// A list is not taken.
    #[error(transparent)]
    Revocation(#[from] RevocationError),
}

/// The open store.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    capacity: u64,
    /// `None` after a failure: a database whose file could not be written works never again, so the next use opens it anew.
    database: Mutex<Option<Arc<Database>>>,
    /// Writers of this process queue here; writers of other processes are waited for in steps.
    writing: Mutex<()>,
}

impl Store {
    /// Opens the store in this file, which is made (mode 0600) where there is none.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::with_capacity(path, DEFAULT_CAPACITY)
    }

    /// Opens a store for at most `capacity` nonces.
    pub fn with_capacity(path: &Path, capacity: u64) -> Result<Self, StoreError> {
        match files::create_secret(path, b"") {
            Ok(()) => {}
            Err(FileError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
        let store =
            Self { path: path.to_owned(), capacity, database: Mutex::default(), writing: Mutex::default() };
        match store.write(make_tables)? {
            FORMAT => Ok(store),
            format => Err(StoreError::Format { path: path.to_owned(), format }),
        }
    }

    /// Puts a revocation list in force for every process that shares the store, if its root key is trusted and no newer one
    /// is in force.
    pub fn apply(&self, list: &RevocationList, roots: &TrustedRoots) -> Result<Applied, StoreError> {
        let outcome = self.write(|transaction| {
            let mut lists = transaction.open_table(LISTS)?;
            let mut current = Revocations::default();
            if let Some(stored) = lists.get(list.root().as_bytes())?
                && let Ok(stored) = RevocationList::from_json(stored.value())
                && let Err(error) = current.replace(stored)
            {
                return Ok(Err(error));
            }
            let applied = current.apply(list.clone(), roots);
            if applied == Ok(Applied::InForce) {
                lists.insert(list.root().as_bytes(), list.to_json().as_bytes())?;
            }
            Ok(applied)
        })?;
        Ok(outcome?)
    }

    /// The revocation lists in force of trusted root keys. A list that cannot be read is an error, not no list.
    pub fn revocations(&self, roots: &TrustedRoots) -> Result<Revocations, StoreError> {
        let mut revocations = Revocations::default();
        for document in self.lists(roots)? {
            revocations.apply(RevocationList::from_json(&document)?, roots)?;
        }
        Ok(revocations)
    }

    /// Changes when the stored lists of these root keys change: a cheap question before [`Store::revocations`].
    pub fn lists_digest(&self, roots: &TrustedRoots) -> Result<[u8; 32], StoreError> {
        let mut hasher = blake3::Hasher::new();
        for document in self.lists(roots)? {
            hasher.update(&(document.len() as u64).to_le_bytes()).update(&document);
        }
        Ok(*hasher.finalize().as_bytes())
    }

    fn knows(&self, key: &[u8; 32]) -> Result<bool, StoreError> {
        self.read(|transaction| Ok(transaction.open_table(NONCES)?.get(key)?.is_some()))
    }

    fn lists(&self, roots: &TrustedRoots) -> Result<Vec<Vec<u8>>, StoreError> {
        self.read(|transaction| {
            let lists = transaction.open_table(LISTS)?;
            let mut documents = Vec::new();
            for root in roots.iter() {
                documents.extend(lists.get(root.as_bytes())?.map(|document| document.value().to_vec()));
            }
            Ok(documents)
        })
    }

    /// The database, which is opened at its first use and after a failure.
    fn database(&self) -> Result<Arc<Database>, StoreError> {
        let mut open = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = &*open {
            return Ok(Arc::clone(database));
        }
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_concurrency_mode(ConcurrencyMode::MultiWriter);
        // A damaged file is an error. Without the check it could make the database panic, or forget nonces.
        builder.set_check_integrity_on_open(true);
        let database = builder.create(&self.path).map_err(|cause| self.failed(cause))?;
        Ok(Arc::clone(open.insert(Arc::new(database))))
    }

    /// Keeps the result of a use of the database. After a failure the database is opened anew.
    fn used<T>(&self, database: &Arc<Database>, result: Result<T, redb::Error>) -> Result<T, StoreError> {
        result.map_err(|cause| {
            let mut open = self.database.lock().unwrap_or_else(PoisonError::into_inner);
            open.take_if(|open| Arc::ptr_eq(open, database));
            self.failed(cause)
        })
    }

    /// Runs `look` on a view of what is on disk now.
    fn read<T>(
        &self,
        look: impl FnOnce(&ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let database = self.database()?;
        self.used(&database, database.begin_read().map_err(Into::into).and_then(|view| look(&view)))
    }

    /// Runs `change` in a transaction; what it did is on disk when this returns.
    fn write<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        // The transaction of a thread that panicked was not committed.
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let database = self.database()?;
        let Some(begun) = begin(&database) else { return Err(StoreError::Busy(self.path.clone())) };
        let result = begun.and_then(|mut transaction| {
            transaction.set_quick_repair(true);
            transaction.set_durability(Durability::Immediate)?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        });
        self.used(&database, result)
    }

    fn failed(&self, cause: impl Display) -> StoreError {
        StoreError::Database { path: self.path.clone(), cause: cause.to_string() }
    }

    fn consume_in(
        &self,
        transaction: &WriteTransaction,
        key: &[u8; 32],
        expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<Result<Consumed, NonceStoreError>, redb::Error> {
        let mut nonces = transaction.open_table(NONCES)?;
        let mut by_expiry = transaction.open_table(BY_EXPIRY)?;
        let mut facts = transaction.open_table(FACTS)?;
        forget(&mut nonces, &mut by_expiry, &mut facts, now)?;
        let forgotten = facts.get(FORGOTTEN)?.map_or(0, |before| before.value());
        if expires_at.seconds() < forgotten || nonces.get(key)?.is_some() {
            return Ok(Ok(Consumed::Again));
        }
        if nonces.len()? >= self.capacity {
            return Ok(Err(NonceStoreError::Full(self.capacity)));
        }
        nonces.insert(key, expires_at.seconds())?;
        by_expiry.insert(&expiry_key(expires_at, key), ())?;
        Ok(Ok(Consumed::First))
    }
}

impl NonceStore for Store {
    fn consume(
        &self,
        nonce: &Nonce,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<Consumed, NonceStoreError> {
        let key = nonce.store_key();
        // A replay needs no write.
        if self.knows(&key).map_err(|error| NonceStoreError::Failed(error.to_string()))? {
            return Ok(Consumed::Again);
        }
        self.write(|transaction| self.consume_in(transaction, &key, expires_at, now))
            .map_err(|error| NonceStoreError::Failed(error.to_string()))?
    }
}

/// Begins to write. `None`: another process writes and does not end.
fn begin(database: &Database) -> Option<Result<WriteTransaction, redb::Error>> {
    for _ in 0..WAIT_STEPS {
        match database.try_begin_write() {
            Err(TransactionError::WouldBlock) => std::thread::sleep(WAIT_STEP),
            other => return Some(other.map_err(Into::into)),
        }
    }
    None
}

/// Makes the tables of a new file; returns the format.
fn make_tables(transaction: &WriteTransaction) -> Result<u64, redb::Error> {
    let mut facts = transaction.open_table(FACTS)?;
    if let Some(format) = facts.get(FORMAT_FACT)? {
        return Ok(format.value());
    }
    transaction.open_table(NONCES)?;
    transaction.open_table(BY_EXPIRY)?;
    transaction.open_table(LISTS)?;
    facts.insert(FORMAT_FACT, FORMAT)?;
    Ok(FORMAT)
}

/// Forgets a few of the nonces that need not be known any more.
fn forget(
    nonces: &mut Table<'_, &'static [u8; 32], u64>,
    by_expiry: &mut Table<'_, &'static [u8; 40], ()>,
    facts: &mut Table<'_, &'static str, u64>,
    now: UnixTime,
) -> Result<(), redb::Error> {
    for _ in 0..FORGOTTEN_AT_ONCE {
        let Some((expires_at, key)) = by_expiry.first()?.map(|(entry, _)| split(entry.value())) else {
            break;
        };
        if !is_forgettable(expires_at, now) {
            break;
        }
        by_expiry.remove(&expiry_key(expires_at, &key))?;
        nonces.remove(&key)?;
        let before = facts.get(FORGOTTEN)?.map_or(0, |before| before.value());
        facts.insert(FORGOTTEN, before.max(expires_at.seconds().saturating_add(1)))?;
    }
    Ok(())
}

fn expiry_key(expires_at: UnixTime, key: &[u8; 32]) -> [u8; 40] {
    let mut entry = [0; 40];
    entry[..8].copy_from_slice(&expires_at.seconds().to_be_bytes());
    entry[8..].copy_from_slice(key);
    entry
}

fn split(entry: &[u8; 40]) -> (UnixTime, [u8; 32]) {
    let (mut seconds, mut key) = ([0; 8], [0; 32]);
    seconds.copy_from_slice(&entry[..8]);
    key.copy_from_slice(&entry[8..]);
    (UnixTime::from_seconds(u64::from_be_bytes(seconds)), key)
}
