//! The sockets of a link, the packets that wait in it, and the tasks that move packets.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::faults::Direction;
use crate::lane::{Change, Fate, Lane, Passage};
use crate::stats::Stats;

/// Bytes of all packets that wait.
const MAX_WAITING_BYTES: usize = 64 << 20;
/// Addresses of clients. Packets of further ones are dropped.
const MAX_CLIENTS: usize = 1024;
/// Old sockets that stay open after a rebind, so that packets to them vanish without an answer, as behind a NAT.
const MAX_RETIRED: usize = 64;
/// Buffer of each socket in the kernel. Without it, packets are lost while the thread of the link waits for a core.
const SOCKET_BUFFER: usize = 4 << 20;
const MAX_PACKET: usize = 65_536;

/// A socket of the link that does not block.
pub(crate) fn socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // The kernel may give less.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// A client, by the address from which its packets come.
#[derive(Debug)]
struct Client {
    address: SocketAddr,
    /// Towards the server.
    back: UdpSocket,
    /// Ends the task that reads from `back`.
    reading: CancellationToken,
}

/// A packet that waits for its arrival. Ordered by arrival, then by when it came.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Instant,
    order: u64,
    client: usize,
    is_to_server: bool,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct State {
    to_server: Lane,
    to_client: Lane,
    clients: Vec<Client>,
    by_address: HashMap<SocketAddr, usize>,
    retired: Vec<UdpSocket>,
    /// The address of sockets towards the server.
    back_ip: IpAddr,
    waiting: BinaryHeap<Reverse<Waiting>>,
    waiting_bytes: usize,
    order: u64,
    rebinds: u64,
}

/// What all tasks of a link share.
#[derive(Debug)]
pub(crate) struct Carrier {
    front: UdpSocket,
    server: SocketAddr,
    state: Mutex<State>,
    /// The next arrival may be earlier than before.
    earlier: Notify,
    pub(crate) closed: CancellationToken,
}

impl Carrier {
    pub(crate) fn new(front: UdpSocket, server: SocketAddr, back_ip: IpAddr, lanes: (Lane, Lane)) -> Self {
        let (to_server, to_client) = lanes;
        let state = State {
            to_server,
            to_client,
            clients: Vec::new(),
            by_address: HashMap::new(),
            retired: Vec::new(),
            back_ip,
            waiting: BinaryHeap::new(),
            waiting_bytes: 0,
            order: 0,
            rebinds: 0,
        };
        let closed = CancellationToken::new();
        Self { front, server, state: Mutex::new(state), earlier: Notify::new(), closed }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a lane.
    pub(crate) fn with_lane<R>(&self, direction: Direction, change: impl FnOnce(&mut Lane) -> R) -> R {
        change(self.state().lane(direction))
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = self.state();
        Stats {
            to_server: state.to_server.counts(),
            to_client: state.to_client.counts(),
            clients: state.clients.len() as u64,
            rebinds: state.rebinds,
        }
    }

    /// Gives every client another port towards the server, and all new sockets the address `ip`. Must run inside of the
    /// runtime.
    pub(crate) fn rebind(self: &Arc<Self>, ip: Option<IpAddr>) -> io::Result<Vec<SocketAddr>> {
        let mut state = self.state();
        let ip = ip.unwrap_or(state.back_ip);
        let fresh: Vec<UdpSocket> =
            state.clients.iter().map(|_| socket(SocketAddr::new(ip, 0))).collect::<io::Result<_>>()?;
        let addresses = fresh.iter().map(UdpSocket::local_addr).collect::<io::Result<_>>()?;
        state.back_ip = ip;
        state.rebinds += 1;
        for (index, back) in fresh.into_iter().enumerate() {
            let reading = self.read_from_server(index, &back)?;
            let client = &mut state.clients[index];
            client.reading.cancel();
            client.reading = reading;
            let old = std::mem::replace(&mut client.back, back);
            state.retired.push(old);
        }
        let surplus = state.retired.len().saturating_sub(MAX_RETIRED);
        state.retired.drain(..surplus);
        Ok(addresses)
    }

    /// Starts the task that reads what the server sends to a client.
    fn read_from_server(self: &Arc<Self>, client: usize, back: &UdpSocket) -> io::Result<CancellationToken> {
        let socket = tokio::net::UdpSocket::from_std(back.try_clone()?)?;
        let reading = self.closed.child_token();
        let (carrier, token) = (Arc::clone(self), reading.clone());
        tokio::spawn(async move {
            let mut buffer = vec![0; MAX_PACKET];
            while let Some((length, _)) = receive(&socket, &mut buffer, &token).await {
                carrier.arrive(client, Direction::ToClient, &mut buffer[..length]);
            }
        });
        Ok(reading)
    }

    /// Carries packets until the link is closed.
    pub(crate) async fn run(self: Arc<Self>, front: tokio::net::UdpSocket) {
        let carrier = Arc::clone(&self);
        tokio::spawn(async move {
            let mut buffer = vec![0; MAX_PACKET];
            while let Some((length, from)) = receive(&front, &mut buffer, &carrier.closed).await {
                if let Some(client) = carrier.client(from) {
                    carrier.arrive(client, Direction::ToServer, &mut buffer[..length]);
                }
            }
        });
        loop {
            let next = self.deliver(Instant::now());
            let due = async {
                match next {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.closed.cancelled() => return,
                () = self.earlier.notified() => {}
                () = due => {}
            }
        }
    }

    /// The number of the client at an address; `None` when there are too many, or no sockets are left.
    fn client(self: &Arc<Self>, address: SocketAddr) -> Option<usize> {
        let mut state = self.state();
        if let Some(&known) = state.by_address.get(&address) {
            return Some(known);
        }
        if state.clients.len() >= MAX_CLIENTS {
            return None;
        }
        let back = socket(SocketAddr::new(state.back_ip, 0)).ok()?;
        let index = state.clients.len();
        let reading = self.read_from_server(index, &back).ok()?;
        state.clients.push(Client { address, back, reading });
        state.by_address.insert(address, index);
        Some(index)
    }

    /// A packet came in. It is passed on now, kept, or dropped.
    fn arrive(&self, client: usize, direction: Direction, packet: &mut [u8]) {
        let now = Instant::now();
        let mut state = self.state();
        let Fate::Passed(passage) = state.lane(direction).decide(packet.len(), now) else { return };
        let packet = changed(packet, &passage);
        // Packets that wait and are due go first.
        if passage.due > now || !state.waiting.is_empty() {
            if state.keep(client, direction, packet, &passage) {
                self.earlier.notify_one();
            }
            return;
        }
        for _ in 0..=u8::from(passage.twice) {
            self.send(&state, client, direction, packet);
        }
    }

    /// Sends every packet that is due. Returns when the next one is.
    fn deliver(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state();
        while let Some(Reverse(next)) = state.waiting.peek() {
            if next.due > now {
                return Some(next.due);
            }
            let Some(Reverse(next)) = state.waiting.pop() else { break };
            state.waiting_bytes -= next.bytes.len();
            let direction = if next.is_to_server { Direction::ToServer } else { Direction::ToClient };
            self.send(&state, next.client, direction, &next.bytes);
        }
        None
    }

    /// A packet that the kernel does not take is lost, as it would be without a link.
    fn send(&self, state: &State, client: usize, direction: Direction, packet: &[u8]) {
        let client = &state.clients[client];
        let _ = match direction {
            Direction::ToServer => client.back.send_to(packet, self.server),
            Direction::ToClient => self.front.send_to(packet, client.address),
        };
    }
}

impl State {
    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// Keeps a packet until it is due. Returns whether it is the next one.
    fn keep(&mut self, client: usize, direction: Direction, packet: &[u8], passage: &Passage) -> bool {
        let copies = 1 + usize::from(passage.twice);
        if self.waiting_bytes + copies * packet.len() > MAX_WAITING_BYTES {
            self.lane(direction).overflowed();
            return false;
        }
        let is_next = self.waiting.peek().is_none_or(|Reverse(next)| passage.due < next.due);
        for _ in 0..copies {
            self.order += 1;
            self.waiting_bytes += packet.len();
            self.waiting.push(Reverse(Waiting {
                due: passage.due,
                order: self.order,
                client,
                is_to_server: direction == Direction::ToServer,
                bytes: packet.to_vec(),
            }));
        }
        is_next
    }
}

/// Applies the changes of a passage, and returns what is left of the packet.
fn changed<'a>(packet: &'a mut [u8], passage: &Passage) -> &'a [u8] {
    let mut length = packet.len();
    for change in &passage.changes {
        match *change {
            Change::Corrupt { at, by } => packet[at] ^= by,
            Change::Truncate { length: left } => length = left,
        }
    }
    &packet[..length]
}

/// The next packet; `None` when the task shall end.
async fn receive(
    socket: &tokio::net::UdpSocket,
    buffer: &mut [u8],
    ended: &CancellationToken,
) -> Option<(usize, SocketAddr)> {
    loop {
        let received = tokio::select! {
            biased;
            () = ended.cancelled() => return None,
            received = socket.recv_from(buffer) => received,
        };
        match received {
            Ok(packet) => return Some(packet),
            // Some systems report here that nobody listens at an address to which this socket sent.
            Err(error) if is_about_a_peer(&error) => {}
            Err(_) => return None,
        }
    }
}

fn is_about_a_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable};
    matches!(error.kind(), ConnectionRefused | ConnectionReset | HostUnreachable | NetworkUnreachable)
}
