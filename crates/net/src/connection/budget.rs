//! The byte budget of one connection: a limit on the memory that its messages use in this process, in both directions.
//!
//! Requests and response items that arrive are reserved before they are buffered. Output is reserved before it is
//! queued. Input waits while both together use the limit. Output only counts output, because a call that holds its
//! request could otherwise wait for ever to send its response.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::process::{ProcessBudget, Starved};

/// What a message counts in budgets in addition to its payload, in bytes.
pub const MESSAGE_OVERHEAD: usize = 4;

/// What reserved bytes are used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A message that arrives.
    Input,
    /// A message that arrives on a stream whose reader has not consumed earlier ones. A quarter of the budget stays
    /// free for the other calls.
    MoreInput,
    /// A message to send.
    Output,
    /// A larger window for the output of a stream. Half of the budget stays free for other output.
    Window,
}

/// Shared by the streams of one connection. Waiting reservations of one purpose are served in their order. All bytes
/// of a frame are reserved when its head is known, so that two large frames, each half reserved, cannot block each
/// other.
#[derive(Debug, Clone)]
pub(crate) struct PeerBudget(Arc<Account>);

#[derive(Debug)]
struct Account {
    limit: usize,
    wait: Duration,
    process: Arc<ProcessBudget>,
    /// The right to convert a message on another thread.
    conversions: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    input: usize,
    output: usize,
    /// The connection is gone: nothing is reserved any more.
    closed: bool,
    /// Reservations that wait: output, input, more input.
    waiting: [VecDeque<Waiter>; 3],
}

#[derive(Debug)]
struct Waiter {
    bytes: usize,
    granted: oneshot::Sender<Reserved>,
}

/// A share of a budget. Dropping it returns the bytes to the budget.
#[derive(Debug)]
pub(crate) struct Reserved {
    account: Arc<Account>,
    purpose: Purpose,
    bytes: usize,
}

/// A reservation in progress; gives `None` when the bytes were not free in time.
pub(crate) type Reserving = Pin<Box<dyn Future<Output = Option<Reserved>> + Send + Sync>>;

/// The answer to a request for output.
#[derive(Debug)]
pub(crate) enum Room {
    Reserved(Reserved),
    /// The bytes are not free yet.
    Later(oneshot::Receiver<Reserved>),
    /// As much output as the whole budget waits already.
    Refused,
}

impl Purpose {
    /// The queue in which it waits. Windows never wait.
    fn queue(self) -> usize {
        match self {
            Self::Output | Self::Window => 0,
            Self::Input => 1,
            Self::MoreInput => 2,
        }
    }

    fn is_output(self) -> bool {
        matches!(self, Self::Output | Self::Window)
    }
}

const QUEUES: [Purpose; 3] = [Purpose::Output, Purpose::Input, Purpose::MoreInput];

impl State {
    fn used(&self) -> usize {
        self.input + self.output
    }

    fn fits(&self, limit: usize, purpose: Purpose, bytes: usize) -> bool {
        match purpose {
            Purpose::Input => self.used() + bytes <= limit,
            Purpose::MoreInput => self.used() + bytes <= limit - limit / 4,
            // One message may always pass, whatever its size, so that every message can be sent at some time.
            Purpose::Output => self.output == 0 || self.output + bytes <= limit,
            Purpose::Window => self.output + bytes <= limit / 2 && self.used() + bytes <= limit,
        }
    }

    fn add(&mut self, purpose: Purpose, bytes: usize) {
        *(if purpose.is_output() { &mut self.output } else { &mut self.input }) += bytes;
    }

    fn subtract(&mut self, purpose: Purpose, bytes: usize) {
        let used = if purpose.is_output() { &mut self.output } else { &mut self.input };
        *used = used.saturating_sub(bytes);
    }

    /// The reservations of a queue that somebody still waits for.
    fn queue(&mut self, purpose: Purpose) -> Option<&mut VecDeque<Waiter>> {
        let queue = self.waiting.get_mut(purpose.queue())?;
        while queue.front().is_some_and(|waiter| waiter.granted.is_closed()) {
            queue.pop_front();
        }
        Some(queue)
    }
}

impl PeerBudget {
    /// `wait` limits the time that a stream waits for a reservation of input.
    pub(crate) fn new(bytes: u32, wait: Duration, process: Arc<ProcessBudget>) -> Self {
        let conversions = Arc::new(Semaphore::new(1));
        Self(Arc::new(Account { limit: bytes as usize, wait, process, conversions, state: Mutex::default() }))
    }

    /// One permit: one message of a connection is converted on another thread at a time.
    pub(crate) fn conversions(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.conversions)
    }

    /// Reserves `bytes` if they are free now and no other reservation of this purpose waits.
    pub(crate) fn try_reserve(&self, purpose: Purpose, bytes: usize) -> Option<Reserved> {
        let mut state = self.0.state();
        let waits = purpose != Purpose::Window && !state.queue(purpose)?.is_empty();
        if waits || !self.0.charge(&mut state, purpose, bytes) {
            return None;
        }
        Some(Reserved { account: Arc::clone(&self.0), purpose, bytes })
    }

    /// Reserves `bytes` for input as soon as they are free. The time limit does not apply to [`Purpose::MoreInput`],
    /// because the user decides when to read.
    pub(crate) fn reserve(&self, purpose: Purpose, bytes: usize) -> Reserving {
        let (granted, waiting) = oneshot::channel();
        if bytes <= self.0.limit {
            self.0.wait_for(purpose, Waiter { bytes, granted });
        }
        let wait = self.0.wait;
        Box::pin(async move {
            if purpose == Purpose::MoreInput {
                return waiting.await.ok();
            }
            tokio::time::timeout(wait, waiting).await.ok()?.ok()
        })
    }

    /// Asks for `bytes` of output.
    pub(crate) fn output(&self, bytes: usize) -> Room {
        if let Some(reserved) = self.try_reserve(Purpose::Output, bytes) {
            return Room::Reserved(reserved);
        }
        let asked = {
            let mut state = self.0.state();
            let queue = state.queue(Purpose::Output).map(|queue| &*queue);
            queue.into_iter().flatten().map(|waiter| waiter.bytes).sum::<usize>()
        };
        if asked > 0 && asked + bytes > self.0.limit {
            return Room::Refused;
        }
        let (granted, waiting) = oneshot::channel();
        self.0.wait_for(Purpose::Output, Waiter { bytes, granted });
        Room::Later(waiting)
    }

    /// The connection is gone. Reservations that wait fail, and so do later ones.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut state = self.0.state();
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        drop(waiting);
    }

    /// Whether unused windows should be returned: something waits, or little is free.
    pub(crate) fn is_scarce(&self) -> bool {
        let state = self.0.state();
        state.waiting.iter().any(|queue| !queue.is_empty()) || state.used() > self.0.limit / 4
    }
}

impl Account {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the bytes, if this connection and the process have them.
    fn charge(&self, state: &mut State, purpose: Purpose, bytes: usize) -> bool {
        let granted =
            !state.closed && state.fits(self.limit, purpose, bytes) && self.process.take(state.used(), bytes);
        if granted {
            state.add(purpose, bytes);
        }
        granted
    }

    fn wait_for(self: &Arc<Self>, purpose: Purpose, waiter: Waiter) {
        {
            let mut state = self.state();
            if state.closed {
                return;
            }
            if let Some(queue) = state.queue(purpose) {
                queue.push_back(waiter);
            }
        }
        self.serve_all();
    }

    /// Grants what waits, as far as bytes are free.
    fn serve_all(self: &Arc<Self>) {
        if self.grant() {
            let starved: Weak<Self> = Arc::downgrade(self);
            self.process.wait_for(starved);
            // Bytes may have been returned before this connection was known as waiting.
            self.grant();
        }
    }

    /// True: the connection has free bytes, but the process does not.
    fn grant(self: &Arc<Self>) -> bool {
        let mut granted = Vec::new();
        let mut starved = false;
        {
            let mut state = self.state();
            for purpose in QUEUES {
                while let Some(bytes) = state.queue(purpose).and_then(|queue| queue.front().map(|w| w.bytes))
                {
                    if !self.charge(&mut state, purpose, bytes) {
                        starved |= state.fits(self.limit, purpose, bytes);
                        break;
                    }
                    let waiter = state.queue(purpose).and_then(VecDeque::pop_front);
                    let reserved = Reserved { account: Arc::clone(self), purpose, bytes };
                    granted.push((waiter, reserved));
                }
            }
        }
        // Without the lock: a share whose receiver is gone is dropped here, and returns its bytes.
        for (waiter, reserved) in granted {
            if let Some(waiter) = waiter {
                drop(waiter.granted.send(reserved));
            }
        }
        starved
    }

    fn release(self: &Arc<Self>, purpose: Purpose, bytes: usize) {
        if bytes == 0 {
            return;
        }
        let waits = {
            let mut state = self.state();
            state.subtract(purpose, bytes);
            state.waiting.iter().any(|queue| !queue.is_empty())
        };
        let starved = self.process.give_back(bytes);
        if waits {
            self.serve_all();
        }
        for account in starved.iter().filter_map(Weak::upgrade) {
            account.serve();
        }
    }
}

impl Starved for Account {
    fn serve(self: Arc<Self>) {
        self.serve_all();
    }
}

impl Reserved {
    /// Number of bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds another share of the same budget and direction.
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Removes a part, which then is a share of its own.
    pub(crate) fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { account: Arc::clone(&self.account), purpose: self.purpose, bytes }
    }

    /// Returns all but `bytes` to the budget.
    pub(crate) fn keep(&mut self, bytes: usize) {
        let rest = self.bytes.saturating_sub(bytes);
        self.bytes -= rest;
        self.account.release(self.purpose, rest);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.account.release(self.purpose, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_mins(1);

    fn process(bytes: usize) -> Arc<ProcessBudget> {
        Arc::new(ProcessBudget::new(bytes))
    }

    fn is_free(budget: &PeerBudget, purpose: Purpose, bytes: usize) -> bool {
        budget.try_reserve(purpose, bytes).is_some()
    }

    #[test]
    fn input_counts_both_directions_and_output_only_output() {
        let budget = PeerBudget::new(1000, WAIT, process(1 << 30));
        let request = budget.try_reserve(Purpose::Input, 900).expect("bytes are free");
        let response = budget.try_reserve(Purpose::Output, 900).expect("requests do not block responses");
        assert!(!is_free(&budget, Purpose::Input, 1));
        assert!(!is_free(&budget, Purpose::Output, 101));
        drop(response);
        assert!(is_free(&budget, Purpose::Input, 100));
        drop(request);
        assert!(is_free(&budget, Purpose::Input, 1000));
    }

    #[test]
    fn unread_streams_leave_a_quarter_to_other_calls_and_windows_leave_half_of_the_output() {
        let budget = PeerBudget::new(1000, WAIT, process(1 << 30));
        let unread = budget.try_reserve(Purpose::MoreInput, 750).expect("bytes are free");
        assert!(!is_free(&budget, Purpose::MoreInput, 1));
        assert!(is_free(&budget, Purpose::Input, 250));
        drop(unread);
        let window = budget.try_reserve(Purpose::Window, 500).expect("bytes are free");
        assert!(!is_free(&budget, Purpose::Window, 1));
        assert!(is_free(&budget, Purpose::Output, 500));
        drop(window);
    }

    #[test]
    fn one_output_larger_than_the_budget_passes_alone() {
        let budget = PeerBudget::new(1000, WAIT, process(1 << 30));
        let large = budget.try_reserve(Purpose::Output, 5000).expect("nothing else waits");
        assert!(!is_free(&budget, Purpose::Output, 1));
        drop(large);
        assert!(is_free(&budget, Purpose::Output, 1));
    }

    #[tokio::test]
    async fn output_waits_in_order_and_is_refused_when_a_whole_budget_waits() {
        let budget = PeerBudget::new(1000, WAIT, process(1 << 30));
        let Room::Reserved(first) = budget.output(800) else { panic!("bytes are free") };
        let Room::Later(second) = budget.output(600) else { panic!("the budget is in use") };
        let Room::Later(third) = budget.output(400) else { panic!("the budget is in use") };
        assert!(matches!(budget.output(1), Room::Refused));
        drop(first);
        let second = second.await.expect("a grant");
        let third = third.await.expect("a grant");
        assert_eq!((second.bytes(), third.bytes()), (600, 400));
    }

    #[tokio::test]
    async fn a_reservation_that_nobody_waits_for_any_more_blocks_nobody() {
        let budget = PeerBudget::new(1000, WAIT, process(1 << 30));
        let first = budget.try_reserve(Purpose::Input, 600).expect("bytes are free");
        let left = budget.reserve(Purpose::Input, 1000);
        let next = budget.reserve(Purpose::Input, 400);
        drop(left);
        drop(first);
        assert_eq!(next.await.expect("a grant").bytes(), 400);
    }

    #[tokio::test]
    async fn when_the_connection_is_gone_nothing_waits_any_more() {
        let budget = PeerBudget::new(1000, WAIT, process(1 << 30));
        let used = budget.try_reserve(Purpose::Input, 1000).expect("bytes are free");
        let waiting = budget.reserve(Purpose::MoreInput, 10);
        budget.close();
        assert!(waiting.await.is_none());
        drop(used);
        assert!(budget.reserve(Purpose::Input, 10).await.is_none());
        assert!(!is_free(&budget, Purpose::Output, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn input_fails_after_the_time_limit_and_more_input_waits_for_the_reader() {
        let budget = PeerBudget::new(1000, WAIT, process(1 << 30));
        let unread = budget.try_reserve(Purpose::Input, 1000).expect("bytes are free");
        let more = tokio::spawn(budget.reserve(Purpose::MoreInput, 10));
        assert!(budget.reserve(Purpose::Input, 10).await.is_none());
        drop(unread);
        assert!(more.await.expect("no panic").is_some());
    }

    #[tokio::test]
    async fn one_peer_may_use_half_of_the_process_and_waiting_peers_are_served_when_it_returns_bytes() {
        let shared = process(1000);
        let greedy = PeerBudget::new(5000, WAIT, Arc::clone(&shared));
        let other = PeerBudget::new(5000, WAIT, shared);
        let mut used = Vec::new();
        while let Some(more) = greedy.try_reserve(Purpose::Input, 100) {
            used.push(more);
        }
        assert_eq!(used.len(), 5, "as much as is left to the others");
        assert!(is_free(&other, Purpose::Input, 250));
        let waiting = other.reserve(Purpose::Input, 600);
        drop(used);
        assert_eq!(waiting.await.expect("a grant").bytes(), 600);
    }
}
