//! Endpoints of one machine find each other through files of their user: without a network, and without a server.
//!
//! Each endpoint that takes part has a file with its addresses, whose name is its id. What a file says is a hint: whoever answers at an
//! address has to prove the id. A process that was killed leaves its file behind; nobody answers there, and old files are deleted.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use iroh::address_lookup::{AddressLookup, EndpointData, EndpointInfo, Error, Item};
use iroh::{EndpointId, TransportAddr};
use n0_future::boxed::BoxStream;

/// Files older than this are deleted.
const MOST_AGE: Duration = Duration::from_hours(24 * 30);
/// So many files are looked at for their age.
const MOST_FILES: usize = 4096;
/// A longer file was not written by us.
const MOST_BYTES: u64 = 4096;
const MOST_ADDRESSES: usize = 32;

/// The file of this endpoint. Dropping it deletes the file.
#[derive(Debug)]
pub(super) struct Announced(PathBuf);

impl Drop for Announced {
    fn drop(&mut self) {
        // Without it the file stays as that of a process that was killed.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The folder of this user, if there is one.
pub(super) fn folder() -> Option<PathBuf> {
    let of = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let place = of("XDG_RUNTIME_DIR")
        .or_else(|| of("LOCALAPPDATA"))
        .or_else(|| of("HOME").map(|home| home.join(".cache")));
    Some(place?.join("aster-rpc").join("endpoints"))
}

/// Writes the file of an endpoint that is bound to these sockets.
pub(super) fn announce(
    folder: &Path,
    id: &EndpointId,
    sockets: Vec<SocketAddr>,
) -> std::io::Result<Announced> {
    create(folder)?;
    forget_old(folder);
    let text: Vec<String> = sockets.into_iter().map(|socket| reachable_here(socket).to_string()).collect();
    let (path, draft) = (folder.join(id.to_string()), folder.join(format!("{id}.{}", std::process::id())));
    // Whole, or not at all: others read while this process writes. An old draft of a process with the same number is replaced.
    let mut file = std::fs::File::create(&draft)?;
    file.write_all(text.join("\n").as_bytes())?;
    drop(file);
    std::fs::rename(&draft, &path)?;
    Ok(Announced(path))
}

fn create(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn forget_old(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files.take(MOST_FILES).flatten() {
        let written = file.metadata().and_then(|facts| facts.modified());
        let age = written.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
        if age.is_some_and(|age| age > MOST_AGE) {
            let _ = std::fs::remove_file(file.path());
        }
    }
}

/// Where processes of this machine reach a socket.
fn reachable_here(socket: SocketAddr) -> SocketAddr {
    let ip = match socket.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, socket.port())
}

/// Finds endpoints by their files.
#[derive(Debug)]
pub(super) struct HostLookup(pub(super) PathBuf);

impl AddressLookup for HostLookup {
    fn resolve(&self, endpoint_id: EndpointId) -> Option<BoxStream<Result<Item, Error>>> {
        let addresses = read(&self.0.join(endpoint_id.to_string()))?;
        let data = EndpointData::new(addresses.into_iter().map(TransportAddr::Ip).collect());
        let item = Item::new(EndpointInfo::from_parts(endpoint_id, data), "host", None);
        Some(Box::pin(n0_future::stream::once(Ok(item))))
    }
}

fn read(path: &Path) -> Option<Vec<SocketAddr>> {
    let facts = std::fs::symlink_metadata(path).ok()?;
    if !facts.is_file() || facts.len() > MOST_BYTES {
        return None;
    }
    let text = std::fs::read_to_string(path).ok()?;
    let addresses: Vec<_> = text.lines().take(MOST_ADDRESSES).filter_map(|line| line.parse().ok()).collect();
    (!addresses.is_empty()).then_some(addresses)
}

#[cfg(test)]
mod tests {
    use iroh::SecretKey;

    use super::*;

    fn empty_folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("aster-host-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn a_file_has_the_addresses_of_this_machine_and_goes_with_its_owner() {
        let (folder, id) = (empty_folder("own"), SecretKey::from_bytes(&[7; 32]).public());
        let sockets = ["0.0.0.0:4000", "[::]:4001", "127.0.0.2:4002"].map(|text| text.parse().unwrap());
        let announced = announce(&folder, &id, sockets.to_vec()).unwrap();
        let expected = ["127.0.0.1:4000", "[::1]:4001", "127.0.0.2:4002"].map(|text| text.parse().unwrap());
        let path = folder.join(id.to_string());
        assert_eq!(read(&path).unwrap(), expected);
        drop(announced);
        assert_eq!(read(&path), None);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn files_that_are_not_ours_are_no_addresses() {
        let folder = empty_folder("foreign");
        create(&folder).unwrap();
        let path = folder.join("x");
        std::fs::write(&path, "no address\n").unwrap();
        assert_eq!(read(&path), None);
        std::fs::write(&path, "127.0.0.1:1\n".repeat(1000)).unwrap();
        assert_eq!(read(&path), None);
        std::fs::write(&path, "127.0.0.1:1\n".repeat(100)).unwrap();
        assert_eq!(read(&path).unwrap().len(), MOST_ADDRESSES);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
