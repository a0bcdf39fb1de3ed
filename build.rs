//! Sets the link options of a Node addon: its Node-API symbols are resolved when Node loads it.
fn main() {
    napi_build::setup();
}
