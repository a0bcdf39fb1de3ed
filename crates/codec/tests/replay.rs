//! Runs the fuzz targets on their seeds and on a fixed number of damaged seeds.

mod support;

use aster_testkit::corpus::replay;
use support::targets;

#[test]
fn xlang() {
    replay("xlang", 1500, targets::xlang);
}

#[test]
fn references() {
    replay("references", 1500, targets::references);
}

#[test]
fn compatible() {
    replay("compatible", 1500, targets::compatible);
}

#[test]
fn row() {
    replay("row", 1500, targets::row);
}

#[test]
fn json() {
    replay("json", 1500, targets::json_text);
}

#[test]
fn descriptor() {
    replay("descriptor", 1500, targets::descriptor);
}
