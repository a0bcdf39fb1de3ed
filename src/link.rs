//! Links with faults, for `aster-rpc/testing` (`docs/boundary.md#control-plane`).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use aster_link::{Burst, Counts, Direction, FaultError, Faults, Link, LinkOptions, Stats, Targets};
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};
use crate::options::milliseconds;
use crate::registry::{LINKS, LinkEntry, PORTS};

/// The faults of one direction, complete.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct FaultSettings {
    /// Delay of every packet.
    pub delay_ms: f64,
    /// Upper end of an additional random delay.
    pub jitter_ms: f64,
    /// Probability of a loss.
    pub loss: f64,
    /// Loss in bursts; null: none.
    pub burst: Option<BurstSettings>,
    /// Probability that a packet arrives twice.
    pub duplicate: f64,
    /// Probability that later packets overtake a packet.
    pub reorder: f64,
    /// Delay of the packets that are overtaken.
    pub reorder_ms: f64,
    /// Probability that one byte changes.
    pub corrupt: f64,
    /// Probability that the end of a packet is missing.
    pub truncate: f64,
    /// Every packet is lost.
    pub blackhole: bool,
    /// Bytes per second; null: no limit.
    pub bytes_per_second: Option<f64>,
    /// Bytes that wait for the rate.
    pub queue_bytes: u32,
    /// Larger packets are lost; null: no limit.
    pub mtu: Option<u32>,
}

/// Loss in bursts. All members are probabilities.
#[napi(object, object_to_js = false)]
pub struct BurstSettings {
    /// That a burst begins.
    pub enter: f64,
    /// That a burst ends.
    pub leave: f64,
    /// That a packet of a burst is lost.
    pub loss: f64,
}

/// A link that was started.
#[napi(object, object_from_js = false)]
pub struct StartedLink {
    /// Number of the link.
    #[napi(readonly)]
    pub link: u32,
    /// `ip:port` where clients dial.
    #[napi(readonly)]
    pub address: String,
}

/// What a link did with the packets of one direction. `arrived` is the sum of `passed` and of all kinds of drops: `lost`,
/// `blackholed`, `oversize`, `overflowed` and `targeted`.
///
/// @example
/// ```ts
/// const lostShare = ({ arrived, lost }: LinkCounts): number => lost / arrived;
/// ```
#[napi(object, object_from_js = false)]
pub struct LinkCounts {
    /// Packets that came in.
    #[napi(readonly)]
    pub arrived: f64,
    /// Bytes that came in.
    #[napi(readonly)]
    pub arrived_bytes: f64,
    /// Packets that were passed on or wait for their time. A duplicated packet counts once.
    #[napi(readonly)]
    pub passed: f64,
    /// Lost at random or in a burst.
    #[napi(readonly)]
    pub lost: f64,
    /// Lost in a blackhole.
    #[napi(readonly)]
    pub blackholed: f64,
    /// Larger than the MTU.
    #[napi(readonly)]
    pub oversize: f64,
    /// Lost because a queue was full.
    #[napi(readonly)]
    pub overflowed: f64,
    /// Dropped by `dropNext`.
    #[napi(readonly)]
    pub targeted: f64,
    /// Passed twice.
    #[napi(readonly)]
    pub duplicated: f64,
    /// Held back, so that later packets overtake them.
    #[napi(readonly)]
    pub reordered: f64,
    /// Passed with a changed byte.
    #[napi(readonly)]
    pub corrupted: f64,
    /// Passed without their end.
    #[napi(readonly)]
    pub truncated: f64,
}

/// What a link did.
///
/// @example
/// ```ts
/// const { toServer, toClient, rebinds }: LinkStats = lossy.stats();
/// console.log(toServer.lost, toClient.lost, rebinds);
/// ```
#[napi(object, object_from_js = false)]
pub struct LinkStats {
    /// From clients to the server.
    #[napi(readonly)]
    pub to_server: LinkCounts,
    /// From the server to clients.
    #[napi(readonly)]
    pub to_client: LinkCounts,
    /// Addresses of clients that were seen.
    #[napi(readonly)]
    pub clients: f64,
    /// How often clients got another port.
    #[napi(readonly)]
    pub rebinds: f64,
}

/// Starts a link to a server. It belongs to a port, and closes with it.
#[napi(catch_unwind)]
pub fn link_start(env: Env, port: u32, server: String, seed: f64) -> Result<StartedLink> {
    throwing(env, || {
        PORTS.get(port)?;
        let server = address("options.to", &server)?;
        let options = LinkOptions { seed: seed as u64, server, listen: None };
        let link = Link::start(&options).map_err(Failure::bind)?;
        let address = link.address().to_string();
        Ok(StartedLink { link: LINKS.insert(LinkEntry { link: Arc::new(link), owner: port }), address })
    })
}

/// Replaces the faults of one direction.
#[napi(catch_unwind)]
pub fn link_set(env: Env, link: u32, to_server: bool, faults: FaultSettings) -> Result<()> {
    throwing(env, || {
        let faults = faults.check()?;
        LINKS.get(link)?.link.set(direction(to_server), faults).map_err(|e| failure(&e))
    })
}

/// Drops `count` packets of at least `min_bytes`, after `skip` others.
#[napi(catch_unwind)]
pub fn link_target(
    env: Env,
    link: u32,
    to_server: bool,
    skip: u32,
    count: u32,
    min_bytes: u32,
) -> Result<()> {
    throwing(env, || {
        let targets = Targets { skip: skip.into(), count: count.into(), min_bytes: min_bytes as usize };
        LINKS.get(link)?.link.target(direction(to_server), targets);
        Ok(())
    })
}

/// Gives every client another port towards the server, and another address if `ip` is given.
#[napi(catch_unwind)]
pub fn link_rebind(env: Env, link: u32, ip: Option<String>) -> Result<Vec<String>> {
    throwing(env, || {
        let ip = ip.map(|text| text.parse::<IpAddr>()).transpose();
        let ip = ip.map_err(|_| Failure::option("ip", "must be an IP address"))?;
        let addresses = LINKS.get(link)?.link.rebind(ip).map_err(Failure::bind)?;
        Ok(addresses.iter().map(ToString::to_string).collect())
    })
}

/// What the link did so far.
#[napi(catch_unwind)]
pub fn link_stats(env: Env, link: u32) -> Result<LinkStats> {
    throwing(env, || Ok(LINKS.get(link)?.link.stats().into()))
}

/// Closes a link. Can be called twice.
#[napi(catch_unwind)]
pub fn link_close(link: u32) {
    LINKS.remove(link);
}

impl FaultSettings {
    fn check(self) -> Outcome<Faults> {
        let time = |member, value| milliseconds(&format!("faults.{member}"), value);
        let faults = Faults {
            delay: time("delayMs", self.delay_ms)?,
            jitter: time("jitterMs", self.jitter_ms)?,
            loss: self.loss,
            burst: self.burst.map(|burst| Burst { enter: burst.enter, leave: burst.leave, loss: burst.loss }),
            duplicate: self.duplicate,
            reorder: self.reorder,
            reorder_by: time("reorderMs", self.reorder_ms)?,
            corrupt: self.corrupt,
            truncate: self.truncate,
            blackhole: self.blackhole,
            bytes_per_second: self.bytes_per_second.map(|rate| rate as u64),
            queue_bytes: self.queue_bytes.into(),
            mtu: self.mtu.map(|mtu| mtu as usize),
        };
        faults.check().map_err(|e| failure(&e))?;
        Ok(faults)
    }
}

/// The names of settings in TypeScript.
fn failure(error: &FaultError) -> Failure {
    let member = match error.setting {
        "delay" => "delayMs",
        "jitter" => "jitterMs",
        "reorder_by" => "reorderMs",
        "bytes_per_second" => "bytesPerSecond",
        same => same,
    };
    Failure::option(&format!("faults.{member}"), error.problem)
}

fn direction(to_server: bool) -> Direction {
    if to_server { Direction::ToServer } else { Direction::ToClient }
}

fn address(path: &str, text: &str) -> Outcome<SocketAddr> {
    text.parse().map_err(|_| Failure::option(path, "must be an IP address with a port"))
}

impl From<Stats> for LinkStats {
    fn from(stats: Stats) -> Self {
        Self {
            to_server: stats.to_server.into(),
            to_client: stats.to_client.into(),
            clients: stats.clients as f64,
            rebinds: stats.rebinds as f64,
        }
    }
}

impl From<Counts> for LinkCounts {
    fn from(counts: Counts) -> Self {
        Self {
            arrived: counts.arrived as f64,
            arrived_bytes: counts.arrived_bytes as f64,
            passed: counts.passed as f64,
            lost: counts.lost as f64,
            blackholed: counts.blackholed as f64,
            oversize: counts.oversize as f64,
            overflowed: counts.overflowed as f64,
            targeted: counts.targeted as f64,
            duplicated: counts.duplicated as f64,
            reordered: counts.reordered as f64,
            corrupted: counts.corrupted as f64,
            truncated: counts.truncated as f64,
        }
    }
}
