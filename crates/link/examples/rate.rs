//! Prints how many packets a link carries each second: `cargo run --release -p aster-link --example rate`.
#![allow(clippy::print_stdout, reason = "a program whose output is the figure")]

use std::io;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use aster_link::{Direction, Faults, Link, LinkOptions};

const PACKETS: u64 = 200_000;
/// Packets under way. More would overflow the buffer of the receiving socket.
const WINDOW: u64 = 64;

fn main() -> io::Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    let link = Link::start(&LinkOptions { seed: 1, server: server.local_addr()?, listen: None })?;
    let client = UdpSocket::bind("[::1]:0")?;
    client.connect(link.address())?;
    server.set_read_timeout(Some(Duration::from_secs(1)))?;
    for (title, delay) in [("without delay", 0), ("with a delay of 1 ms", 1)] {
        let faults = Faults { delay: Duration::from_millis(delay), ..Faults::default() };
        link.set(Direction::ToServer, faults).map_err(io::Error::other)?;
        let started = Instant::now();
        let mut buffer = [0; 1500];
        let (mut sent, mut received) = (0, 0);
        while received < PACKETS {
            while sent < PACKETS && sent - received < WINDOW {
                client.send(&[7; 1200])?;
                sent += 1;
            }
            server.recv_from(&mut buffer)?;
            received += 1;
        }
        let rate = PACKETS as f64 / started.elapsed().as_secs_f64();
        println!("{title}: {rate:.0} packets/s of 1200 bytes, {WINDOW} under way");
    }
    Ok(())
}
