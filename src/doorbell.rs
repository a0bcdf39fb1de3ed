//! The doorbell: the only thread-safe function of a port. It has no arguments and does not keep the process alive.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aster_port::Doorbell;
use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::runtime;

/// Weak: an idle port does not keep the event loop alive. The queue holds one call: a second one would have no
/// effect.
type Ring = ThreadsafeFunction<(), (), (), Status, false, true, 1>;

/// Calls a JavaScript function from any thread.
pub(crate) struct Bell {
    ring: Mutex<Option<Ring>>,
    wanted: AtomicBool,
}

impl Bell {
    pub(crate) fn new(doorbell: &Function<(), ()>) -> napi::Result<Arc<Self>> {
        let ring = doorbell
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .max_queue_size::<1>()
            .callee_handled::<false>()
            .build()?;
        let bell = Arc::new(Self { ring: Mutex::new(Some(ring)), wanted: AtomicBool::new(false) });
        runtime::watch(&bell);
        Ok(bell)
    }

    /// Releases the function. Runs on the JavaScript thread. After it returns, no thread can call the function.
    pub(crate) fn silence(&self) {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn ring_if_wanted(&self) {
        if self.wanted.swap(false, Ordering::AcqRel) {
            self.ring_now();
        }
    }

    fn ring_now(&self) {
        if let Some(ring) = self.ring.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            // A full queue means that a call is already pending, which is enough.
            ring.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// The doorbell of a port.
pub(crate) struct PortDoorbell(pub(crate) Arc<Bell>);

impl Doorbell for PortDoorbell {
    fn ring_soon(&self) {
        if runtime::on_io_thread() {
            self.0.wanted.store(true, Ordering::Release);
        } else {
            self.0.ring_now();
        }
    }

    fn ring(&self) {
        self.0.wanted.store(false, Ordering::Release);
        self.0.ring_now();
    }
}
