//! The I/O thread: one tokio runtime for the whole process. It is owned here, not by napi.
//!
//! One thread by default: a pool of two needs three times the CPU for the same calls. Non-urgent rings of a doorbell
//! are delayed until the thread is about to sleep, so that a burst of events wakes JavaScript once.

use std::cell::Cell;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::doorbell::Bell;

static RUNTIME: OnceLock<Handle> = OnceLock::new();
static BELLS: Mutex<Vec<Weak<Bell>>> = Mutex::new(Vec::new());

thread_local! {
    static IS_IO_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling thread is an I/O thread.
pub(crate) fn on_io_thread() -> bool {
    IS_IO_THREAD.get()
}

/// Runs `future` on the I/O thread. A panic ends only that task.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    handle().spawn(future);
}

/// Runs `future` on the calling thread until it is complete. Never call it on the I/O thread.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    handle().block_on(future)
}

/// Enters the runtime, for functions that spawn tasks.
pub(crate) fn enter() -> tokio::runtime::EnterGuard<'static> {
    handle().enter()
}

/// Rings a doorbell when the I/O thread is about to sleep, if it has a pending ring.
pub(crate) fn watch(bell: &Arc<Bell>) {
    let mut bells = BELLS.lock().unwrap_or_else(PoisonError::into_inner);
    bells.retain(|known| known.strong_count() > 0);
    bells.push(Arc::downgrade(bell));
}

fn handle() -> &'static Handle {
    RUNTIME.get_or_init(|| {
        let runtime = build();
        let handle = runtime.handle().clone();
        if threads() == 1 {
            let io = move || runtime.block_on(std::future::pending::<()>());
            // A process that cannot start a thread cannot continue.
            if let Err(error) = std::thread::Builder::new().name("aster-io".to_owned()).spawn(io) {
                tracing::error!(%error, "the I/O thread could not be started");
            }
        } else {
            // Never dropped: dropping the runtime would end every call.
            std::mem::forget(runtime);
        }
        handle
    })
}

fn threads() -> usize {
    let default = if std::thread::available_parallelism().map_or(1, usize::from) > 4 { 2 } else { 1 };
    let asked = std::env::var("ASTER_IO_THREADS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(default).clamp(1, 64)
}

#[expect(
    clippy::expect_used,
    reason = "INVARIANT: this fails only when no file descriptors are left, before any call exists"
)]
fn build() -> Runtime {
    let mut builder =
        if threads() == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if threads() > 1 {
        builder.worker_threads(threads());
    }
    builder
        .enable_all()
        .thread_name("aster-io")
        .on_thread_park(|| {
            IS_IO_THREAD.set(true);
            ring_wanted();
        })
        .build()
        .expect("INVARIANT: the I/O runtime starts")
}

fn ring_wanted() {
    let bells = BELLS.lock().unwrap_or_else(PoisonError::into_inner);
    for bell in bells.iter().filter_map(Weak::upgrade) {
        bell.ring_if_wanted();
    }
}
