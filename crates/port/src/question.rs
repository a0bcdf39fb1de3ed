//! The questions to JavaScript that wait for an answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Questions by number. One whose answer is not waited for any more is taken out.
#[derive(Debug, Default)]
pub(crate) struct Questions(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    last: u32,
    answers: HashMap<u32, oneshot::Sender<bool>>,
}

impl Questions {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a new question, and its answer. Without an answer the receiver fails.
    pub(crate) fn ask(&self) -> (u32, oneshot::Receiver<bool>) {
        let (sender, answer) = oneshot::channel();
        let mut waiting = self.waiting();
        waiting.last = waiting.last.wrapping_add(1);
        let number = waiting.last;
        waiting.answers.insert(number, sender);
        (number, answer)
    }

    /// An answer. One that nobody waits for has no effect.
    pub(crate) fn answer(&self, number: u32, agrees: bool) {
        if let Some(sender) = self.waiting().answers.remove(&number) {
            // The answer came too late when this fails.
            let _ = sender.send(agrees);
        }
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn forget(&self, number: u32) {
        self.waiting().answers.remove(&number);
    }

    /// All questions stay without an answer.
    pub(crate) fn clear(&self) {
        self.waiting().answers.clear();
    }
}
