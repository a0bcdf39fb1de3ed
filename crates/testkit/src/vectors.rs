//! Finds and reads the golden vectors in `conformance/vectors`, and gives access to their JSON.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::hex;

/// The folder of the vectors. It is searched in the parent folders of this crate.
pub fn folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .map(|folder| folder.join("conformance/vectors"))
        .find(|folder| folder.is_dir())
        .expect("conformance/vectors lies above the crates")
}

/// Reads the vector file with this name; `name` does not include `.json`.
pub fn load(name: &str) -> Value {
    let path = folder().join(format!("{name}.json"));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The member `name` of `value`, which must be a list.
pub fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("no list {name:?} in {value:.200}"))
}

/// The member `name` of `value`, which must be text.
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name:?} in {value:.200}"))
}

/// The member `name` of `value`, which must be an integer.
pub fn int(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_else(|| panic!("no integer {name:?} in {value:.200}"))
}

/// The bytes of the member `name` of `value`, which must be hexadecimal.
pub fn bytes(value: &Value, name: &str) -> Vec<u8> {
    hex::decode(text(value, name))
}

/// The member `name` of `value`, which must be a list of texts.
pub fn texts(value: &Value, name: &str) -> Vec<String> {
    list(value, name).iter().map(|item| item.as_str().expect("a list of texts").to_owned()).collect()
}
