//! Runs the fuzz targets on their seeds and on a fixed number of damaged seeds.

#[path = "support/targets.rs"]
mod targets;

use aster_testkit::corpus::replay;

#[test]
fn service() {
    replay("service", 3000, targets::service);
}

#[test]
fn comparison() {
    replay("comparison", 3000, targets::comparison);
}

#[test]
fn canonical() {
    replay("canonical", 10_000, targets::canonical);
}
