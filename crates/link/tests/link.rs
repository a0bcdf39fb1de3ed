//! Packets really pass: two sockets and a link between them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use aster_link::{Direction, Faults, Link, LinkOptions, Targets};

/// A packet that is under way arrives within this time, or it was lost.
const PATIENCE: Duration = Duration::from_secs(5);

struct Lab {
    link: Link,
    client: UdpSocket,
    server: UdpSocket,
}

impl Lab {
    fn new() -> Self {
        let server = open("127.0.0.1:0");
        let options = LinkOptions { seed: 1, server: server.local_addr().unwrap(), listen: None };
        let link = Link::start(&options).unwrap();
        let client = open("[::1]:0");
        client.connect(link.address()).unwrap();
        Self { link, client, server }
    }

    /// Sends one packet to the server. Returns from where it came.
    fn up(&self, packet: &[u8]) -> SocketAddr {
        self.client.send(packet).unwrap();
        let (bytes, from) = receive(&self.server);
        assert_eq!(bytes, packet);
        from
    }
}

fn open(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2000];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    (buffer[..length].to_vec(), from)
}

fn until(holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "this should have happened");
        std::thread::yield_now();
    }
}

#[test]
fn packets_pass_both_ways_and_the_link_is_in_the_other_ip_family() {
    let lab = Lab::new();
    assert!(lab.link.address().is_ipv6());
    let from = lab.up(b"to the server");
    lab.server.send_to(b"to the client", from).unwrap();
    assert_eq!(receive(&lab.client).0, b"to the client");
    let stats = lab.link.stats();
    assert_eq!((stats.to_server.passed, stats.to_client.passed, stats.clients), (1, 1, 1));
}

#[test]
fn each_client_has_a_port_of_its_own_towards_the_server() {
    let lab = Lab::new();
    let other = open("[::1]:0");
    other.connect(lab.link.address()).unwrap();
    let first = lab.up(b"one");
    other.send(b"two").unwrap();
    let (_, second) = receive(&lab.server);
    assert_ne!(first, second);
    lab.server.send_to(b"for two", second).unwrap();
    assert_eq!(receive(&other).0, b"for two");
}

#[test]
fn a_rebind_changes_the_port_or_the_address_and_the_old_port_leads_nowhere() {
    let lab = Lab::new();
    let before = lab.up(b"before");
    let fresh = lab.link.rebind(None).unwrap();
    let after = lab.up(b"after");
    assert_eq!([after], fresh[..]);
    assert_ne!(before.port(), after.port());
    lab.server.send_to(b"lost", before).unwrap();
    lab.server.send_to(b"found", after).unwrap();
    assert_eq!(receive(&lab.client).0, b"found");
    if cfg!(target_os = "linux") {
        lab.link.rebind(Some("127.0.0.2".parse().unwrap())).unwrap();
        assert_eq!(lab.up(b"moved").ip().to_string(), "127.0.0.2");
    }
    assert!(lab.link.stats().rebinds >= 1);
}

#[test]
fn a_blackhole_of_one_direction_leaves_the_other_open() {
    let lab = Lab::new();
    let from = lab.up(b"open");
    lab.link.set(Direction::ToClient, Faults { blackhole: true, ..Faults::default() }).unwrap();
    lab.server.send_to(b"lost", from).unwrap();
    until(|| lab.link.stats().to_client.blackholed == 1);
    lab.up(b"still open");
    lab.link.set(Direction::ToClient, Faults::default()).unwrap();
    lab.server.send_to(b"again", from).unwrap();
    assert_eq!(receive(&lab.client).0, b"again");
}

#[test]
fn delayed_packets_arrive_no_earlier_than_their_delay_and_in_order() {
    let lab = Lab::new();
    let delay = Duration::from_millis(40);
    lab.link.set(Direction::ToServer, Faults { delay, ..Faults::default() }).unwrap();
    let started = Instant::now();
    for n in 0..50_u8 {
        lab.client.send(&[n]).unwrap();
    }
    let got: Vec<u8> = (0..50).map(|_| receive(&lab.server).0[0]).collect();
    assert_eq!(got, (0..50).collect::<Vec<u8>>());
    assert!(started.elapsed() >= delay);
}

#[test]
fn corrupted_truncated_and_duplicated_packets_arrive_so() {
    let lab = Lab::new();
    let packet = [7_u8; 1000];
    lab.link.set(Direction::ToServer, Faults { corrupt: 1.0, ..Faults::default() }).unwrap();
    lab.client.send(&packet).unwrap();
    let (bytes, _) = receive(&lab.server);
    assert_eq!(bytes.iter().zip(&packet).filter(|(a, b)| a != b).count(), 1);
    lab.link.set(Direction::ToServer, Faults { truncate: 1.0, ..Faults::default() }).unwrap();
    lab.client.send(&packet).unwrap();
    assert!((1..1000).contains(&receive(&lab.server).0.len()));
    lab.link.set(Direction::ToServer, Faults { duplicate: 1.0, ..Faults::default() }).unwrap();
    lab.client.send(&packet).unwrap();
    assert_eq!((receive(&lab.server).0.len(), receive(&lab.server).0.len()), (1000, 1000));
}

#[test]
fn a_link_carries_a_burst_of_packets_without_a_loss_of_its_own() {
    let lab = Lab::new();
    let mut seen = BTreeSet::new();
    // In portions, because the buffer of the receiving socket is small.
    for portion in 0..200_u32 {
        for n in 0..50_u32 {
            lab.client.send(&(portion * 50 + n).to_le_bytes()).unwrap();
        }
        for _ in 0..50 {
            let (bytes, _) = receive(&lab.server);
            seen.insert(u32::from_le_bytes(bytes.try_into().unwrap()));
        }
    }
    assert_eq!(seen.len(), 10_000);
}

#[test]
fn a_target_is_dropped_once() {
    let lab = Lab::new();
    lab.link.target(Direction::ToServer, Targets { skip: 1, count: 1, min_bytes: 4 });
    lab.up(b"first");
    lab.client.send(b"second").unwrap();
    lab.up(b"third");
    assert_eq!(lab.link.stats().to_server.targeted, 1);
}

#[test]
fn a_dropped_link_ends_its_thread_and_frees_its_port() {
    let lab = Lab::new();
    let address = lab.link.address();
    lab.up(b"open");
    drop(lab.link);
    UdpSocket::bind(address).unwrap();
}
