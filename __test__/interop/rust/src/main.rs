//! The Rust peer of the interop tests, with Apache Fory's own crate: for each line `{"type": NAME, "hex": BYTES}` on standard
//! input one line `{"view": ..., "hex": ...}` or `{"error": TEXT}`. Bytes are decoded into the struct of that name, shown, and
//! encoded again; without bytes the sample of the type is shown and encoded.

#![allow(unreachable_pub, reason = "modules of a program")]
#![allow(clippy::used_underscore_binding, reason = "in the code of the derive macro")]

mod messages;
mod view;

use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use fory::Fory;
use serde_json::{Value, json};

use messages::{COMPATIBLE, TRACKED, answer, register};
use view::{bytes_of, hex_of};

/// What the program says about a value: its view and its bytes.
pub type Answer = Result<(Value, Result<Vec<u8>, fory_core::error::Error>), fory_core::error::Error>;

fn main() -> Result<(), Box<dyn Error>> {
    // The library panics where it should return an error; the answer has the text.
    std::panic::set_hook(Box::new(|_| {}));
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line?)?;
        writeln!(output, "{}", serve(&question))?;
    }
    Ok(())
}

fn serve(question: &Value) -> Value {
    let served = catch_unwind(AssertUnwindSafe(|| {
        let name = question["type"].as_str().unwrap_or_default();
        let sent = question["hex"].as_str().map(bytes_of);
        // Each request has its own instance, because some failures of the library also affect later calls.
        let codec = codec(name)?;
        answer(&codec, name, sent.as_deref())
    }));
    match served {
        Ok(Ok((view, Ok(written)))) => json!({ "view": view, "hex": hex_of(&written) }),
        Ok(Ok((view, Err(error)))) => json!({ "view": view, "error": error.to_string() }),
        Ok(Err(error)) => json!({ "error": error.to_string() }),
        Err(panic) => json!({ "error": format!("panic: {}", text_of(&*panic)) }),
    }
}

/// An instance with the settings for Aster: xlang, and every type named.
fn codec(name: &str) -> Result<Fory, fory_core::error::Error> {
    let compatible = COMPATIBLE.contains(&name);
    let mut codec = Fory::default()
        .xlang(true)
        .compatible(compatible)
        .check_struct_version(!compatible)
        .track_ref(TRACKED.contains(&name));
    register(&mut codec)?;
    Ok(codec)
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|&text| text.to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
