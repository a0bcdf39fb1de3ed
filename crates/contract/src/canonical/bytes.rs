//! The encoding of single values in the canonical encoding.

/// The byte between the count of a list and its elements; an empty list has it, too.
pub(super) const ELEMENTS: u8 = 0x0c;
pub(super) const ABSENT: u8 = 0xfd;
pub(super) const PRESENT: u8 = 0x00;
/// The string encoding number. The canonical encoding always uses UTF-8.
pub(super) const UTF8: u64 = 2;

/// The canonical bytes that are being written.
#[derive(Default)]
pub(super) struct Out(Vec<u8>);

impl Out {
    pub(super) fn into_vec(self) -> Vec<u8> {
        self.0
    }

    /// LEB128.
    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Zigzag.
    pub(super) fn int(&mut self, value: i32) {
        self.number(u64::from(((value << 1) ^ (value >> 31)) as u32));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(((text.len() as u64) << 2) | UTF8);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    pub(super) fn float(&mut self, value: f64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn list<T>(&mut self, items: Vec<&T>, put: impl Fn(&mut Self, &T)) {
        self.number(items.len() as u64);
        self.0.push(ELEMENTS);
        for item in items {
            put(self, item);
        }
    }

    pub(super) fn optional<T>(&mut self, value: Option<&T>, put: impl Fn(&mut Self, &T)) {
        match value {
            None => self.0.push(ABSENT),
            Some(value) => {
                self.0.push(PRESENT);
                put(self, value);
            }
        }
    }
}
