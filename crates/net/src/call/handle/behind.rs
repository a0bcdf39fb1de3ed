//! Outgoing messages whose conversion takes long: another thread converts them, and what follows them waits.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use aster_wire::record::RpcStatus;

use super::super::conversion::on_thread;
use super::super::framed::Framed;
use super::{CallHandle, End, State};
use crate::connection::MESSAGE_OVERHEAD;

/// Messages that are not converted yet, in order. Empty for a call whose messages are all short.
#[derive(Debug, Default)]
pub(super) struct Behind {
    messages: VecDeque<Framed>,
    /// A task converts them.
    running: bool,
    /// The status of a message that could not be sent.
    failed: Option<RpcStatus>,
}

impl Behind {
    pub(super) fn is_empty(&self) -> bool {
        !self.running
    }
}

impl State {
    fn accepts(&self) -> bool {
        !(self.ended || self.cancelled || self.over)
    }
}

impl CallHandle {
    /// Takes a message whose conversion takes long, or that follows one. Otherwise returns it.
    pub(super) fn not_behind(&self, message: Framed) -> Option<Framed> {
        if !self.0.is_behind.load(Ordering::Acquire) && !self.takes_long(&message) {
            return Some(message);
        }
        // Outside of a runtime nothing else runs on this thread.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return Some(message) };
        let mut state = self.state();
        if !state.behind.running && !self.takes_long(&message) {
            return Some(message);
        }
        if state.accepts() {
            state.unsent += message.payload().len() + MESSAGE_OVERHEAD;
            state.behind.messages.push_back(message);
            if !std::mem::replace(&mut state.behind.running, true) {
                self.0.is_behind.store(true, Ordering::Release);
                runtime.spawn(self.clone().convert_behind());
            }
        }
        None
    }

    fn takes_long(&self, message: &Framed) -> bool {
        self.0.codec.takes_long(message.payload().len(), &self.0.backoff)
    }

    async fn convert_behind(self) {
        while let Some(takes_long) = self.next_behind() {
            if takes_long {
                let this = self.clone();
                on_thread(&self.0.budget, move || this.convert_next()).await;
            } else {
                self.convert_next();
            }
            self.wake();
        }
        self.wake();
    }

    /// Whether the next message takes long. `None`: there is none.
    fn next_behind(&self) -> Option<bool> {
        let mut state = self.state();
        let Some(message) = state.behind.messages.front() else {
            state.behind.running = false;
            if state.behind.failed.is_none() {
                self.0.is_behind.store(false, Ordering::Release);
            }
            return None;
        };
        Some(self.takes_long(message))
    }

    /// Converts the next message. The message stays with the state until a thread is free, so that it is dropped when the call
    /// ends before.
    fn convert_next(&self) {
        let Some(message) = self.state().behind.messages.pop_front() else { return };
        let bytes = message.payload().len() + MESSAGE_OVERHEAD;
        let converted = {
            let mut backoff = self.0.backoff.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            self.0.codec.outgoing(message, &mut backoff)
        };
        let mut state = self.state();
        if state.cancelled || state.over {
            return;
        }
        match converted {
            Ok(frame) => {
                // It was counted when it was queued.
                state.unsent = state.unsent.saturating_sub(bytes);
                state.put(frame, bytes);
            }
            Err(reason) => {
                state.behind.messages.clear();
                state.behind.failed = Some(reason);
                state.ended = true;
                state.end = None;
            }
        }
    }

    /// The status with which a client call ends, because a message could not be sent.
    pub(crate) fn failure(&self) -> Option<RpcStatus> {
        if !self.0.is_behind.load(Ordering::Acquire) {
            return None;
        }
        self.state().behind.failed.take()
    }

    /// Ends a server call with the status of a message that could not be sent.
    pub(crate) fn finish_failed(&self) {
        if let Some(reason) = self.failure() {
            self.state().end = Some(End::Status(reason));
        }
    }
}
