//! The shape of a message: prefix, hashes and fields in wire order, taken from the library's plan (docs/plan.md).
use serde::Deserialize;

/// A root message and the messages in its lists.
#[derive(Deserialize)]
pub struct Shape {
    /// All bytes of the payload before the first field.
    pub prefix: Vec<u8>,
    /// Index of the root in `types`.
    pub root: usize,
    /// The messages.
    pub types: Vec<Message>,
}

/// One message type.
#[derive(Deserialize)]
pub struct Message {
    /// The bytes before its fields if it is an element of a list.
    pub hash: [u8; 4],
    /// Fields in wire order.
    pub fields: Vec<Field>,
}

/// A field: the index of its key, and the type of its value.
#[derive(Deserialize)]
pub struct Field {
    /// Index into the array of keys.
    pub key: usize,
    /// Its value.
    pub kind: Kind,
}

/// The kinds of values that the bench's messages have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// `t.bool`
    Bool,
    /// `t.int`
    Int,
    /// `t.float`
    Float,
    /// `t.string`
    String,
    /// `t.list(t.string)`
    Strings,
    /// `t.record(t.string)`
    Labels,
    /// `t.list(message)`, by index
    Messages(usize),
}

/// Most keys of a shape. During a call they are cached in an array of this size.
pub const MAX_KEYS: usize = 32;

impl Shape {
    /// Reads the JSON that codecs/napi-walk.mjs writes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shape: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let known = |index: usize| index < shape.types.len();
        let fits = shape
            .types
            .iter()
            .flat_map(|message| &message.fields)
            .all(|field| {
                field.key < MAX_KEYS
                    && !matches!(field.kind, Kind::Messages(index) if !known(index))
            });
        if fits && known(shape.root) {
            Ok(shape)
        } else {
            Err("an index of the shape is out of range".into())
        }
    }
}
