//! How old a lease is, by the steady clock of the reader.
//!
//! A lease says when it was written by a clock that may be wrong, and it may arrive late, through others. The reader
//! therefore compares how much later than its time each lease of an owner arrives: the fastest of them shows what a
//! lease without delay looks like, and a lease is as old as it comes later than that.

use super::time::{Moment, milliseconds};
use super::timing::Timing;

/// The clock of one owner of leases, as its leases show it.
#[derive(Debug, Clone, Default)]
pub struct OwnerClock {
    state: Option<State>,
}

#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit of each member")]
struct State {
    /// The smallest difference between our steady clock at the arrival and the time in the lease.
    fastest_ms: i64,
    /// The newest lease: when it came, and the time in it.
    came_ms: i64,
    written_ms: i64,
}

impl OwnerClock {
    /// The age in milliseconds of a new lease that was written at `written_ms` and is seen at `now`. Never negative. To be
    /// called once for each lease.
    pub fn age(&mut self, written_ms: i64, now: Moment, timing: Timing) -> i64 {
        let came_ms = now.steady_ms();
        let later_ms = came_ms.saturating_sub(written_ms);
        let Some(state) = &mut self.state else {
            // Only the wall clock tells how old the first one is, and it is trusted up to the bound on skew.
            let age =
                now.epoch_ms.saturating_sub(written_ms).saturating_sub(milliseconds(timing.skew)).max(0);
            let fastest_ms = later_ms.saturating_sub(age);
            self.state = Some(State { fastest_ms, came_ms, written_ms });
            return age;
        };
        // Leases that come in step with our clock are new, however late the time in them is: the owner's clock is wrong.
        let (passed, written) = (came_ms - state.came_ms, written_ms.saturating_sub(state.written_ms));
        let refresh_ms = milliseconds(timing.refresh);
        let in_step = passed.saturating_sub(written).abs() <= refresh_ms / 3 && passed >= refresh_ms / 2;
        if in_step {
            state.fastest_ms = later_ms;
        }
        state.came_ms = came_ms;
        state.written_ms = written_ms;
        state.fastest_ms = state.fastest_ms.min(later_ms);
        later_ms.saturating_sub(state.fastest_ms)
    }
}
