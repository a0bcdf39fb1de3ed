//! A running link: its thread, and the functions that control it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};

use crate::carrier::{Carrier, socket};
use crate::faults::{Direction, FaultError, Faults, Targets};
use crate::lane::Lane;
use crate::stats::Stats;

/// Options of [`Link::start`].
#[derive(Debug, Clone)]
pub struct LinkOptions {
    /// All decisions follow from it.
    pub seed: u64,
    /// Where the server listens.
    pub server: SocketAddr,
    /// Where clients dial; `None`: a free port of loopback, **in the other IP family than the server**. Two nodes that
    /// can reach each other directly find that out and stop using the link. A client that is bound to the family of
    /// this address cannot reach the server otherwise.
    pub listen: Option<SocketAddr>,
}

/// A running link. It has a thread of its own, which ends when the link is dropped.
#[derive(Debug)]
pub struct Link {
    carrier: Arc<Carrier>,
    address: SocketAddr,
    runtime: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Link {
    /// Binds the socket for clients and starts to carry packets, without faults.
    pub fn start(options: &LinkOptions) -> io::Result<Self> {
        let listen = options.listen.unwrap_or_else(|| other_family(options.server));
        let front = socket(listen)?;
        let address = front.local_addr()?;
        let lane = |direction| Lane::new(options.seed, direction, Faults::default());
        let lanes = (lane(Direction::ToServer), lane(Direction::ToClient));
        let back_ip = source_for(options.server.ip());
        let reading = front.try_clone()?;
        let carrier = Arc::new(Carrier::new(front, options.server, back_ip, lanes));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let reading = {
            let _inside = handle.enter();
            tokio::net::UdpSocket::from_std(reading)?
        };
        let running = Arc::clone(&carrier);
        let thread = std::thread::Builder::new()
            .name("aster-link".to_owned())
            .spawn(move || runtime.block_on(running.run(reading)))?;
        Ok(Self { carrier, address, runtime: handle, thread: Some(thread) })
    }

    /// Where clients dial.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the faults of one direction. Packets on the way are not affected.
    pub fn set(&self, direction: Direction, faults: Faults) -> Result<(), FaultError> {
        faults.check()?;
        self.carrier.with_lane(direction, |lane| lane.set(faults));
        Ok(())
    }

    /// Drops chosen packets of one direction.
    pub fn target(&self, direction: Direction, targets: Targets) {
        self.carrier.with_lane(direction, |lane| lane.target(targets));
    }

    /// Gives every client another port towards the server, as a NAT does that lost its state. With `ip`, also another
    /// address. Packets to the old ports vanish. Returns the new addresses.
    pub fn rebind(&self, ip: Option<IpAddr>) -> io::Result<Vec<SocketAddr>> {
        let _inside = self.runtime.enter();
        self.carrier.rebind(ip)
    }

    /// What the link did so far.
    pub fn stats(&self) -> Stats {
        self.carrier.stats()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.carrier.closed.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already reported on stderr.
            let _ = thread.join();
        }
    }
}

fn other_family(server: SocketAddr) -> SocketAddr {
    let ip: IpAddr = if server.is_ipv4() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    SocketAddr::new(ip, 0)
}

/// The address from which packets go to the server: loopback for loopback, else what the system chooses.
fn source_for(server: IpAddr) -> IpAddr {
    match server {
        IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_loopback() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
