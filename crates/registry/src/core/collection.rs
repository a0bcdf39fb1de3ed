//! The names of the files in a collection: the first of its blobs, and the hashes of all.

/// Files of a collection that are read. A contract has one for each type.
pub const FILES: usize = 1024;
/// Largest blob with the names.
pub const NAMES_BYTES: usize = 256 * 1024;
/// Bytes of all files of a collection together.
pub const FILES_BYTES: usize = 8 << 20;
/// Bytes of a hash.
pub const HASH: usize = 32;
/// Largest sequence of hashes: that of the names, and one for each file.
pub const HASHES_BYTES: usize = HASH * (FILES + 1);

const HEADER: &[u8] = b"CollectionV0.";

/// Why bytes are no collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no collection of at most {FILES} files")]
pub struct NoCollection;

/// The hashes of a collection: that of the names, and those of the files.
///
/// # Errors
/// [`NoCollection`] when the bytes are not 32 for each hash, or are too many.
pub fn hashes(sequence: &[u8]) -> Result<([u8; HASH], Vec<[u8; HASH]>), NoCollection> {
    let (all, rest) = sequence.as_chunks::<HASH>();
    let (names, files) = all.split_first().ok_or(NoCollection)?;
    if rest.is_empty() && files.len() <= FILES { Ok((*names, files.to_vec())) } else { Err(NoCollection) }
}

/// The names of the files, in order.
///
/// # Errors
/// [`NoCollection`] for any other bytes.
pub fn names(bytes: &[u8]) -> Result<Vec<String>, NoCollection> {
    let mut rest = bytes.strip_prefix(HEADER).ok_or(NoCollection)?;
    let count = number(&mut rest)?;
    if count > FILES {
        return Err(NoCollection);
    }
    let mut names = Vec::with_capacity(count);
    for _ in 0..count {
        let length = number(&mut rest)?;
        let (name, after) = rest.split_at_checked(length).ok_or(NoCollection)?;
        names.push(std::str::from_utf8(name).map_err(|_| NoCollection)?.to_owned());
        rest = after;
    }
    if rest.is_empty() { Ok(names) } else { Err(NoCollection) }
}

/// A number of at most 32 bits, seven bits in each byte.
fn number(rest: &mut &[u8]) -> Result<usize, NoCollection> {
    let mut value = 0_u64;
    for shift in (0..35).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(NoCollection)?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(value).map_err(|_| NoCollection);
        }
    }
    Err(NoCollection)
}
