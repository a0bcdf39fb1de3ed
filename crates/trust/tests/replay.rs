//! A bounded replay of the fuzz targets on their seeds, and on seeds that were damaged.

#[path = "support/targets.rs"]
mod targets;

use aster_testkit::corpus::replay;

#[test]
fn credential() {
    replay("credential", 10_000, targets::credential);
}

#[test]
fn decision() {
    replay("decision", 3000, targets::decision);
}

#[test]
fn identity() {
    replay("identity", 2000, targets::identity);
}

#[test]
fn capability() {
    replay("capability", 20_000, targets::capability);
}

#[test]
fn revocation() {
    replay("revocation", 5000, targets::revocation);
}

#[test]
fn mesh() {
    replay("mesh", 5000, targets::mesh);
}
