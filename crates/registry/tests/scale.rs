//! A registry of many nodes, with a virtual clock and seeded chance (`docs/scale.md`).
//!
//! The tables and rules are those of the product: [`Members`], [`Side`], [`Book`], [`Lease`] and their timing. What stands for
//! the network is in this file: how long a message takes, and what a connection costs. The large sizes run with
//! `ASTER_TEST_FULL=1`; `--nocapture` prints the table.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod support;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};

use aster_registry::core::book::{Book, Entry};
use aster_registry::core::exchange::Side;
use aster_registry::core::health::Health;
use aster_registry::core::key::Key;
use aster_registry::core::lease::Lease;
use aster_registry::core::limit::MEMBERS;
use aster_registry::core::member::{Introductions, Members, Record, Whereabouts};
use aster_registry::core::query::{Policy, Query};
use aster_registry::core::rank::{Facts, rank};
use aster_registry::core::time::Moment;
use aster_registry::core::timing::Timing;
use aster_trust::key::NodeKey;
use support::START_MS;

/// Bytes of a connection that is opened for one exchange, both ways: the handshake of QUIC with raw public keys and padding.
const CONNECTION_BYTES: u64 = 6000;
/// Bytes around an entry in a message of gossip: namespace, author, two signatures, hash, length, stamp, key.
const ENTRY_BYTES: u64 = 480;
/// Bytes around a content that is fetched: the request, the size, the frames.
const FETCH_BYTES: u64 = 160;
/// A node gets a message of gossip once as a whole and passes it on once, on average; other neighbours only name it.
const GOSSIP_COPIES: u64 = 2;
/// How often a pair exchanges members, and how often one side of it asks.
const EXCHANGE: Duration = Duration::from_secs(30);
/// Each hop of gossip takes so long, evenly spread. A node has so many neighbours on average.
const HOP_MS: (u64, u64) = (5, 80);
const NEIGHBOURS: usize = 4;
/// One of so many hops is lost, and repaired by a synchronization after at most so long.
const LOST_OF: u64 = 200;
const REPAIR_MS: u64 = 15_000;

/// Numbers that are the same in each run (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

fn moment(ms: u64) -> Moment {
    Moment { steady: Duration::from_millis(ms), epoch_ms: START_MS + i64::try_from(ms).unwrap() }
}

/// A node of the simulation.
struct Node {
    key: NodeKey,
    id: String,
    instance: u32,
    record: Record,
    members: Members,
    bytes: u64,
    alive: bool,
}

impl Node {
    fn new(number: u32, ms: u64) -> Self {
        let mut seed = [3; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let key = NodeKey::from_seed(&seed);
        let record = signed(&key, 0, ms);
        let id = record.endpoint_id.clone();
        Self { members: Members::new(id.clone()), key, id, instance: 0, record, bytes: 0, alive: true }
    }

    fn digest(&self) -> String {
        self.members.digest(Some(&self.instance.to_string()))
    }

    fn side<'a>(&'a self, digest: &'a str) -> Side<'a> {
        Side { members: &self.members, digest, own: Some(&self.record.text) }
    }

    fn hear(&mut self, told: &Introductions, from: &str, ms: u64) {
        for text in &told.records {
            let _ = self.members.hear(Record::read(text).unwrap(), from, moment(ms));
        }
    }
}

fn signed(key: &NodeKey, instance: u32, ms: u64) -> Record {
    let direct = vec!["192.0.2.17:41233".to_owned(), "[2001:db8::17]:41233".to_owned()];
    let whereabouts = Whereabouts { direct, relay_url: None, instance: instance.to_string(), left: false };
    Record::sign(whereabouts, moment(ms).epoch_ms, key).unwrap()
}

/// The lease of a service of a node.
fn lease(id: &str, service: &str, ms: u64) -> Lease {
    let now = moment(ms).epoch_ms;
    Lease {
        endpoint_id: id.to_owned(),
        contract_id: "c".repeat(64),
        service: service.to_owned(),
        version: 1,
        lease_expires_epoch_ms: now + 45_000,
        lease_seq: 1,
        alpn: "aster/1".to_owned(),
        serialization_modes: vec!["fory-xlang".to_owned()],
        feature_flags: Vec::new(),
        relay_url: None,
        direct_addrs: vec!["192.0.2.17:41233".to_owned(), "[2001:db8::17]:41233".to_owned()],
        load: None,
        language_runtime: Some("node".to_owned()),
        aster_version: "0.1.0".to_owned(),
        policy_realm: None,
        health_status: Health::Ready,
        tags: Vec::new(),
        updated_at_epoch_ms: now,
    }
}

fn size(message: &Introductions) -> u64 {
    message.clone().to_json().len() as u64
}

/// All nodes, each with its own table of members.
struct World {
    nodes: Vec<Node>,
    chance: Chance,
    ms: u64,
    started: u32,
}

impl World {
    /// Nodes that all joined by the first one.
    fn joined(count: usize, seed: u64) -> Self {
        let mut world = Self { nodes: Vec::new(), chance: Chance(seed), ms: 0, started: 0 };
        for index in 0..count {
            world.start();
            if index > 0 {
                world.exchange(index, 0);
            }
        }
        world.settle();
        world
    }

    fn start(&mut self) {
        self.nodes.push(Node::new(self.started, self.ms));
        self.started += 1;
    }

    /// An exchange, with what it costs each side.
    fn exchange(&mut self, asks: usize, answers: usize) {
        let ms = self.ms;
        let [asking, answering] = self.nodes.get_disjoint_mut([asks, answers]).unwrap();
        asking.record = signed(&asking.key, asking.instance, ms);
        let greeting = asking.side(&asking.digest()).greet(false);
        answering.hear(&greeting, &asking.id, ms);
        let answer = answering.side(&answering.digest()).answer(&greeting);
        let rest = asking.side(&asking.digest()).rest(&greeting, &answer);
        asking.hear(&answer, &answering.id, ms);
        let mut bytes = CONNECTION_BYTES + size(&greeting) + size(&answer);
        if let Some(rest) = rest {
            answering.hear(&rest, &asking.id, ms);
            bytes += size(&rest);
        }
        asking.bytes += bytes;
        answering.bytes += bytes;
    }

    /// Exchanges until all know the same: a node that learns of others asks them, as a follower does.
    fn settle(&mut self) -> u64 {
        let mut rounds = 0;
        while !self.agrees() {
            rounds += 1;
            assert!(rounds < 64, "the members do not agree");
            for asks in 0..self.nodes.len() {
                let answers = self.other(asks);
                if self.nodes[asks].alive
                    && self.nodes[answers].alive
                    && self.nodes[asks].digest() != self.nodes[answers].digest()
                {
                    self.exchange(asks, answers);
                }
            }
        }
        rounds
    }

    fn other(&mut self, than: usize) -> usize {
        let count = self.nodes.len() as u64;
        let other = usize::try_from(self.chance.below(count - 1)).unwrap();
        if other >= than { other + 1 } else { other }
    }

    fn agrees(&self) -> bool {
        let mut digests = self.nodes.iter().filter(|node| node.alive).map(Node::digest);
        let first = digests.next();
        digests.all(|digest| Some(&digest) == first.as_ref())
    }

    /// Every pair exchanges in both directions, once in each period, for so many periods. Bytes of a node a minute.
    fn steady(&mut self, periods: u64) -> u64 {
        self.nodes.iter_mut().for_each(|node| node.bytes = 0);
        for _ in 0..periods {
            self.ms += u64::try_from(EXCHANGE.as_millis()).unwrap();
            for asks in 0..self.nodes.len() {
                for answers in 0..self.nodes.len() {
                    if asks != answers {
                        self.exchange(asks, answers);
                    }
                }
            }
        }
        let all: u64 = self.nodes.iter().map(|node| node.bytes).sum();
        all / self.nodes.len() as u64 * 60 / (EXCHANGE.as_secs() * periods)
    }
}

/// The bytes of leases of one other node, at a reader, in a minute.
fn lease_bytes(services: u64, timing: Timing) -> u64 {
    let text = lease(&"a".repeat(64), "BillingService", 0).to_json().unwrap();
    let one = GOSSIP_COPIES * ENTRY_BYTES + FETCH_BYTES + text.len() as u64;
    services * one * 60 / timing.refresh.as_secs()
}

/// Whom each node has as a neighbour: the next one in a ring, so that all are connected, and others by chance. Both sides of a pair
/// are neighbours of each other.
fn overlay(count: usize, chance: &mut Chance) -> Vec<Vec<usize>> {
    let mut neighbours = vec![Vec::new(); count];
    for node in 0..count {
        let others = (1..NEIGHBOURS / 2).map(|_| usize::try_from(chance.below(count as u64)).unwrap());
        for other in others.chain([(node + 1) % count]).collect::<Vec<_>>() {
            neighbours[node].push(other);
            neighbours[other].push(node);
        }
    }
    neighbours
}

/// When so many of a hundred nodes know a change, in milliseconds: gossip through neighbours, with loss and repair.
fn spread(count: usize, percent: usize, chance: &mut Chance) -> u64 {
    let neighbours = overlay(count, chance);
    let mut known = vec![false; count];
    let mut waiting = BinaryHeap::from([Reverse((0_u64, 0_usize))]);
    let mut reached = 0;
    while let Some(Reverse((ms, node))) = waiting.pop() {
        if std::mem::replace(&mut known[node], true) {
            continue;
        }
        reached += 1;
        if reached * 100 >= count * percent {
            return ms;
        }
        for &to in &neighbours[node] {
            let hop = HOP_MS.0 + chance.below(HOP_MS.1 - HOP_MS.0);
            let repair = if chance.below(LOST_OF) == 0 { chance.below(REPAIR_MS) } else { 0 };
            waiting.push(Reverse((ms + hop + repair, to)));
        }
    }
    panic!("the nodes are not connected");
}

/// The tables of one reader.
fn tables(members: usize, services: usize) -> (Members, Book) {
    let mut known = Members::new("reader".to_owned());
    let mut book = Book::new(Timing::DEFAULT);
    for number in 0..members {
        let node = Node::new(u32::try_from(number).unwrap(), 0);
        for service in 0..services {
            let lease = lease(&node.id, &format!("Service{service}"), 0);
            let (key, value) = (Key::Lease(lease.key()), lease.to_json().unwrap());
            let entry = Entry { owner: &node.id, key: &key, value: &value, stamp: 1 };
            book.take(entry, moment(0)).unwrap();
        }
        known.hear(node.record, "first", moment(0)).ok();
    }
    (known, book)
}

/// The resident memory of this process, in KiB. Zero where the system does not tell it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

fn is_full() -> bool {
    std::env::var_os("ASTER_TEST_FULL").is_some()
}

#[test]
fn an_exchange_costs_the_same_however_many_members_are_known() {
    let few = World::joined(4, 1).steady(2) / 3;
    let many = World::joined(24, 1).steady(2) / 23;
    // Bytes of a node a minute for each other node: records of other members would make the second one larger.
    assert!(many < few + few / 10, "{few} {many}");
}

#[test]
fn nodes_agree_after_joins_and_restarts_within_a_few_rounds() {
    let mut world = World::joined(40, 7);
    for _ in 0..4 {
        world.ms += 60_000;
        world.start();
        let newest = world.nodes.len() - 1;
        world.exchange(newest, 3);
        // A restart has another instance.
        let ms = world.ms;
        let again = &mut world.nodes[5];
        again.instance += 1;
        again.record = signed(&again.key, again.instance, ms);
        world.exchange(5, 9);
        let rounds = world.settle();
        assert!(rounds <= 16, "{rounds}");
    }
    assert_eq!(world.nodes[20].members.present().count(), 43);
}

#[test]
fn a_change_is_known_to_nearly_all_within_two_seconds() {
    let mut chance = Chance(11);
    for count in [10, 100, 1000, 5000] {
        let mut times: Vec<u64> = (0..40).map(|_| spread(count, 99, &mut chance)).collect();
        times.sort_unstable();
        println!("{count} nodes: a change is known to 99 % after {} ms (median)", times[20]);
        assert!(times[20] < 2000, "{count} {times:?}");
    }
}

#[test]
fn five_hundred_services_at_twenty_endpoints_are_found_within_five_milliseconds() {
    let (_, book) = tables(20, 500);
    let mut times: Vec<Duration> = (0..2000)
        .map(|turn| {
            let query = Query { policy: Policy::RoundRobin, ..Query::of(&format!("Service{}", turn % 500)) };
            let started = Instant::now();
            let mut found = book.find(&query, moment(10));
            rank(&mut found, query.policy, &Facts { turn, seed: 1, rtts: HashMap::new() });
            assert_eq!(found.len(), 20);
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!("10,000 leases: p50 {:?}, p99 {:?}", times[1000], times[1980]);
    // A loaded machine may take a moment away; the median may not be near the bound.
    assert!(times[1000] < Duration::from_millis(5), "{:?}", times[1000]);
}

#[test]
fn the_table_of_the_page_on_scale() {
    let sizes: &[usize] = if is_full() { &[10, 100, 1000, 5000] } else { &[10, 100] };
    println!("nodes | members known | exchanges | leases | churn | memory");
    for &count in sizes {
        let others = (count - 1).min(MEMBERS) as u64;
        // The cost of one pair does not depend on the number of nodes, so large registries are computed from it.
        let pair = World::joined(3, 1).steady(2) / 2;
        let exchanges = pair * others;
        let leases = lease_bytes(1, Timing::DEFAULT) * others;
        // Ten of a hundred nodes are replaced in an hour: each change makes every node ask who said so.
        let changes = (count / 10).max(1) as u64 * 2;
        let record = signed(&NodeKey::from_seed(&[1; 32]), 0, 0).text.len() as u64;
        let churn = changes * 2 * (CONNECTION_BYTES + record * others) / 60;
        let before = resident_kib();
        let tables = tables(usize::try_from(others).unwrap(), 1);
        let kib = resident_kib().saturating_sub(before);
        println!("{count} | {others} | {exchanges} | {leases} | {churn} | {kib} KiB");
        assert_eq!(tables.1.len() as u64, others);
        assert!(exchanges > 0 && leases > 0);
    }
}
