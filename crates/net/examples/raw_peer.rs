//! A peer without any rule of ours, for the tests in `__test__/hostile`: it sends the bytes that it is told. It ends with its
//! input.
//!
//!     cargo run --example raw_peer client TICKET
//!     cargo run --example raw_peer flood TICKET HEAD BODY reset|end|pour
//!     cargo run --example raw_peer server SERVICE ANSWER TIMES end|hold
//!
//! A client prints `ready`. Each line of its input is `NUMBER BYTES ask|leave`, with the bytes in hexadecimal: they are sent
//! on a stream of their own. With `ask` the stream stays open, and the answer is read up to the first trailer and printed;
//! with `leave` the direction ends, and nothing is ever read.
//!
//! A flood prints `ready`, and opens streams as fast as it can until its input ends: each gets HEAD and BODY, is reset or ended, and
//! is never read. With `pour` it is one stream, which gets HEAD once and BODY again and again; what comes is read. It prints
//! `flooded` with the number of streams, or of BODY, after each thousand.
//!
//! A server prints `ready` with its address. It admits everybody, says that it has the service, and writes the answer to each
//! stream as often as it is told. Then it ends the stream or holds it open.

use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

use aster_net::{ALPN_CONSUMER_ADMISSION, ALPN_RPC};
use aster_testkit::hex;
use aster_wire::address::{self, Address};
use aster_wire::admission::{ConsumerResponse, ServiceSummary};
use aster_wire::frame::{Decoder, flag};
use iroh::endpoint::{Connection, RecvStream, SendStream, presets};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode, TransportAddr};
use serde_json::json;
use tokio::sync::mpsc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The largest answer that a client reads.
const MOST_ANSWER: usize = 1 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments.as_slice() {
        ["client", ticket] => client(ticket).await,
        ["flood", ticket, head, body, way] => {
            flood(ticket, (hex::decode(head), hex::decode(body)), way).await
        }
        ["server", service, answer, times, end] => {
            let answer = Answer { bytes: hex::decode(answer), times: times.parse()?, ends: end == "end" };
            server(service, Arc::new(answer)).await
        }
        _ => Err("raw_peer client TICKET, raw_peer flood TICKET HEAD BODY reset|end|pour, or raw_peer server SERVICE ANSWER TIMES end|hold".into()),
    }
}

fn say(line: &serde_json::Value) {
    // A reader that is gone ends this process with its input.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The lines of the input.
fn lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

async fn endpoint(alpns: Vec<Vec<u8>>) -> Result<Endpoint, Failure> {
    let builder = Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled).alpns(alpns);
    let builder = builder.clear_ip_transports().bind_addr("127.0.0.1:0")?;
    Ok(builder.bind().await?)
}

async fn dial(ticket: &str) -> Result<(Endpoint, Connection), Failure> {
    let address = address::parse(ticket)?;
    let id = EndpointId::from_bytes(&address.endpoint_id)?;
    let to = EndpointAddr::from_parts(id, address.direct.into_iter().map(TransportAddr::Ip));
    let endpoint = endpoint(Vec::new()).await?;
    let connection = endpoint.connect(to, ALPN_RPC).await?;
    say(&json!({ "event": "ready" }));
    Ok((endpoint, connection))
}

/// Floods until the input ends or the server closes the connection.
async fn flood(ticket: &str, (head, body): (Vec<u8>, Vec<u8>), way: &str) -> Result<(), Failure> {
    let (endpoint, connection) = dial(ticket).await?;
    let mut lines = lines();
    tokio::select! {
        _ = lines.recv() => {}
        failed = async {
            if way == "pour" { pour(&connection, &head, &body).await } else { open(&connection, &head, &body, way).await }
        } => if let Err(error) = failed {
            say(&json!({ "event": "ended", "error": error.to_string() }));
        }
    }
    endpoint.close().await;
    Ok(())
}

async fn open(connection: &Connection, head: &[u8], body: &[u8], way: &str) -> Result<(), Failure> {
    for count in 1_u64.. {
        let (mut send, mut recv) = connection.open_bi().await?;
        send.write_all(&[head, body].concat()).await?;
        // The server may have stopped to read.
        let _ = if way == "reset" { send.reset(0u32.into()) } else { send.finish() };
        let _ = recv.stop(0u32.into());
        tell(count).await;
    }
    Ok(())
}

async fn pour(connection: &Connection, head: &[u8], body: &[u8]) -> Result<(), Failure> {
    let (mut send, mut recv) = connection.open_bi().await?;
    tokio::spawn(async move { while let Ok(Some(_)) = recv.read_chunk(1 << 16).await {} });
    send.write_all(head).await?;
    for count in 1_u64.. {
        send.write_all(body).await?;
        tell(count).await;
    }
    Ok(())
}

async fn tell(count: u64) {
    if count.is_multiple_of(1000) {
        say(&json!({ "event": "flooded", "count": count }));
        // So that the end of the input is seen.
        tokio::task::yield_now().await;
    }
}

async fn client(ticket: &str) -> Result<(), Failure> {
    let (endpoint, connection) = dial(ticket).await?;
    let mut held = Vec::new();
    let mut lines = lines();
    while let Some(line) = lines.recv().await {
        let mut words = line.split(' ').map(ToOwned::to_owned);
        let (Some(number), Some(bytes), Some(way)) = (words.next(), words.next(), words.next()) else {
            return Err("a line is NUMBER BYTES ask|leave".into());
        };
        let (mut send, recv) = connection.open_bi().await?;
        send.write_all(&hex::decode(&bytes)).await?;
        if way == "ask" {
            tokio::spawn(read(number, send, recv));
        } else {
            send.finish()?;
            held.push((send, recv));
        }
    }
    endpoint.close().await;
    Ok(())
}

async fn read(number: String, send: SendStream, mut recv: RecvStream) {
    let event = format!("answer {number}");
    match answer(&mut recv).await {
        Ok(bytes) => say(&json!({ "event": event, "bytes": hex::encode(&bytes) })),
        Err(error) => say(&json!({ "event": event, "error": error.to_string() })),
    }
    drop(send);
}

/// Reads up to the first trailer, or to the end.
async fn answer(recv: &mut RecvStream) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = recv.read_chunk(1 << 16).await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_ANSWER {
            return Err("the answer is too large".into());
        }
        let mut decoder = Decoder::new(MOST_ANSWER);
        decoder.push(bytes.clone().into());
        while let Some(frame) = decoder.next()? {
            if frame.has(flag::TRAILER) {
                return Ok(bytes);
            }
        }
    }
    Ok(bytes)
}

/// What a server sends on each stream.
struct Answer {
    bytes: Vec<u8>,
    times: usize,
    ends: bool,
}

async fn server(service: &str, answer: Arc<Answer>) -> Result<(), Failure> {
    let alpns = [ALPN_RPC, ALPN_CONSUMER_ADMISSION].map(<[u8]>::to_vec).to_vec();
    let endpoint = endpoint(alpns).await?;
    let direct = endpoint.bound_sockets();
    let own = Address { endpoint_id: *endpoint.id().as_bytes(), relay_url: None, direct };
    let admission = admission(service, &own.to_base64()).to_bytes()?;
    say(&json!({ "event": "ready", "address": own.to_base64() }));
    let mut lines = lines();
    loop {
        tokio::select! {
            line = lines.recv() => if line.is_none() { break },
            incoming = endpoint.accept() => {
                let Some(incoming) = incoming else { break };
                let (admission, answer) = (admission.clone(), Arc::clone(&answer));
                tokio::spawn(async move {
                    if let Ok(connection) = incoming.await {
                        // A connection that fails is closed.
                        let _ = serve(connection, &admission, &answer).await;
                    }
                });
            }
        }
    }
    endpoint.close().await;
    Ok(())
}

fn admission(service: &str, address: &str) -> ConsumerResponse {
    ConsumerResponse {
        admitted: true,
        services: vec![ServiceSummary {
            name: service.to_owned(),
            version: 1,
            contract_id: "0".repeat(64),
            channels: vec![("rpc".to_owned(), address.to_owned())],
            pattern: "shared".to_owned(),
            serialization_modes: Vec::new(),
            extensions: Vec::new(),
        }],
        ..ConsumerResponse::refusal(&"0".repeat(64))
    }
}

async fn serve(connection: Connection, admission: &[u8], answer: &Arc<Answer>) -> Result<(), Failure> {
    if connection.alpn() == ALPN_CONSUMER_ADMISSION {
        let (mut send, mut recv) = connection.accept_bi().await?;
        recv.read_to_end(1 << 20).await?;
        send.write_all(admission).await?;
        send.finish()?;
        connection.closed().await;
        return Ok(());
    }
    loop {
        let (mut send, recv) = connection.accept_bi().await?;
        let answer = Arc::clone(answer);
        tokio::spawn(async move {
            for _ in 0..answer.times {
                if send.write_all(&answer.bytes).await.is_err() {
                    return;
                }
                say(&json!({ "event": "sent" }));
            }
            if answer.ends {
                // The peer may have left.
                let _ = send.finish();
            }
            // The stream stays open until the peer has left or this process ends.
            let _ = send.stopped().await;
            std::future::pending::<()>().await;
            drop(recv);
        });
    }
}
