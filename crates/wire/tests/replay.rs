//! Runs the fuzz targets on their seeds and on a fixed number of damaged seeds.

#[path = "support/session_watch.rs"]
mod session_watch;
#[path = "support/sessions.rs"]
mod sessions;
#[path = "support/targets.rs"]
mod targets;

use aster_testkit::corpus::replay;

#[test]
fn records() {
    replay("records", 20_000, targets::records);
}

#[test]
fn frames() {
    replay("frames", 5000, targets::frames);
}

#[test]
fn sessions() {
    replay("sessions", 20_000, session_watch::run);
}

#[test]
fn admission() {
    replay("admission", 10_000, targets::admission);
}

#[test]
fn addresses() {
    replay("addresses", 20_000, targets::addresses);
}

#[test]
fn compression() {
    replay("compression", 3000, targets::compression);
}
