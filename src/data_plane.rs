//! The data plane: batches of operations in, slabs of events out (`docs/boundary.md#data-plane`).

use std::sync::{Arc, mpsc};
use std::time::Duration;

use aster_port::{Port, Slab, read_operations};
use bytes::BytesMut;
use napi::bindgen_prelude::{Function, Result, Uint8ArraySlice};
use napi::{Env, Error};
use napi_derive::napi;

use crate::doorbell::{Bell, PortDoorbell};
use crate::error::{Failure, throwing};
use crate::log;
use crate::memory;
use crate::options::process_bytes;
#[cfg(feature = "relay")]
use crate::registry::RELAYS;
#[cfg(feature = "registry")]
use crate::registry::WATCHES;
use crate::registry::{LINKS, NODES, PEERS, PORTS, PortEntry};
use crate::runtime;

/// How long an environment that ends waits for its nodes to close their connections.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Opens the port of an environment. `doorbell` is called when events wait.
#[napi(catch_unwind)]
pub fn open_port(env: Env, doorbell: Function<(), ()>) -> Result<u32> {
    log::install();
    memory::return_large_blocks();
    let bell = Bell::new(&doorbell)?;
    let port = {
        let _runtime = runtime::enter();
        Port::open(Box::new(PortDoorbell(bell.clone())))
    };
    let number = PORTS.insert(PortEntry { port, bell, outcomes: Arc::default() });
    // Hooks run in reverse order: this one was added after the doorbell was created, so it runs before the doorbell
    // is released.
    env.add_env_cleanup_hook(number, release)?;
    Ok(number)
}

/// Sets the byte budget of the process for messages that wait, unless a node has chosen one with `processBytes`.
#[napi(catch_unwind)]
pub fn set_default_process_bytes(env: Env, bytes: f64) -> Result<()> {
    throwing(env, || {
        let bytes = process_bytes("bytes", bytes)?;
        aster_net::set_default_process_bytes(bytes);
        Ok(())
    })
}

/// Ends the calls of the port and closes its nodes. Can be called twice.
#[napi(catch_unwind)]
pub fn close_port(port: u32) {
    release(port);
}

/// Copies the operations of one turn from the first `length` bytes of `buffer`.
#[napi(catch_unwind)]
pub fn submit(port: u32, buffer: Uint8ArraySlice, length: u32) -> Result<()> {
    let port = PORTS.get(port)?.port;
    let bytes = buffer
        .get(..length as usize)
        .ok_or_else(|| Error::from_reason("the length is larger than the buffer"))?;
    let operations = read_operations(BytesMut::from(bytes)).map_err(|e| Failure::option("buffer", e))?;
    port.submit(operations);
    Ok(())
}

/// Asks for a window of `wanted` bytes for the output of a call. `large`: for one message that is larger than the
/// first window; it may wait. Returns the window, `WINDOW_LATER` or `WINDOW_REFUSED`.
#[napi(catch_unwind)]
pub fn widen(port: u32, call: u32, wanted: u32, large: bool) -> Result<u32> {
    Ok(PORTS.get(port)?.port.widen(call, wanted, large))
}

/// Cancels a client call if its request has not left this process. True: it never will. `position`: how many OPEN
/// operations of the port come before that of the call, which may not have been submitted yet.
#[napi(catch_unwind)]
pub fn withdraw(port: u32, call: u32, position: f64) -> Result<bool> {
    Ok(PORTS.get(port)?.port.withdraw(call, position as u64))
}

/// Moves events into `slab`. Returns the number of bytes written, 0 when no event waits, or `-n` when the first event
/// needs `n` bytes.
#[napi(catch_unwind)]
pub fn drain(port: u32, mut slab: Uint8ArraySlice) -> Result<f64> {
    let port = PORTS.get(port)?.port;
    // SAFETY: the array belongs to the calling thread for this call, nothing else of Rust refers to it, and no
    // JavaScript runs before it returns.
    let bytes = unsafe { slab.as_mut() };
    let mut slab = Slab::new(bytes);
    port.drain(|event| slab.write(event));
    Ok(if slab.used() == 0 { 0.0 - slab.needed() as f64 } else { slab.used() as f64 })
}

fn release(number: u32) {
    let Some(entry) = PORTS.remove(number) else { return };
    entry.port.close();
    let nodes = NODES.remove_where(|node| node.owner == number);
    let peers = PEERS.remove_where(|peer| peer.owner == number);
    drop(LINKS.remove_where(|link| link.owner == number));
    #[cfg(feature = "relay")]
    drop(RELAYS.remove_where(|relay| relay.owner == number));
    #[cfg(feature = "registry")]
    for watch in WATCHES.remove_where(|watch| watch.owner == number) {
        watch.watcher.close();
    }
    entry.bell.silence();
    for entry in &peers {
        entry.peer.close();
    }
    if nodes.is_empty() {
        return;
    }
    let (done, wait) = mpsc::channel::<()>();
    runtime::spawn(async move {
        for entry in nodes {
            entry.close().await;
        }
        drop(done);
    });
    // An error means that the sender was dropped: all nodes are closed.
    let _ = wait.recv_timeout(CLOSE_TIMEOUT);
}
