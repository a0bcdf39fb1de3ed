//! The constants in TypeScript are those of this crate.
#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use std::path::Path;

#[test]
fn the_typescript_constants_are_those_of_this_crate() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ts/src/native/constants.ts");
    let text = aster_port::constants::typescript();
    if std::env::var_os("ASTER_WRITE_CONSTANTS").is_some() {
        std::fs::write(&path, &text).expect("the file is writable");
    }
    let found = std::fs::read_to_string(&path).expect("the file exists");
    assert!(found == text, "outdated: run `ASTER_WRITE_CONSTANTS=1 cargo test -p aster-port`");
}
