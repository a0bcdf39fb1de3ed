//! A bounded replay of the fuzz target on its seeds, and on seeds that were damaged.

#[path = "support/targets.rs"]
mod targets;

use aster_testkit::corpus::replay;

#[test]
fn registry() {
    replay("registry", 10_000, targets::registry);
}
