//! Writing to a growing vector. A value always gets its shortest encoding.

use super::text::{self, TextEncoding};

/// The bytes of a message that is being written.
#[derive(Debug, Default, Clone)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty writer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// The bytes written.
    pub fn into_vec(self) -> Vec<u8> {
        self.bytes
    }

    /// The bytes written so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes written so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Replaces the byte at `position`, which must have been written.
    pub fn patch_u8(&mut self, position: usize, value: u8) {
        if let Some(byte) = self.bytes.get_mut(position) {
            *byte = value;
        }
    }

    /// Bytes as they are, without a length.
    pub fn put_raw(&mut self, raw: &[u8]) {
        self.bytes.extend_from_slice(raw);
    }

    /// One byte.
    pub fn put_u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes.
    pub fn put_u16(&mut self, value: u16) {
        self.put_raw(&value.to_le_bytes());
    }

    /// Four bytes.
    pub fn put_u32(&mut self, value: u32) {
        self.put_raw(&value.to_le_bytes());
    }

    /// Four bytes, signed.
    pub fn put_i32(&mut self, value: i32) {
        self.put_raw(&value.to_le_bytes());
    }

    /// Eight bytes.
    pub fn put_u64(&mut self, value: u64) {
        self.put_raw(&value.to_le_bytes());
    }

    /// Eight bytes, signed.
    pub fn put_i64(&mut self, value: i64) {
        self.put_raw(&value.to_le_bytes());
    }

    /// An IEEE 754 single.
    pub fn put_f32(&mut self, value: f32) {
        self.put_raw(&value.to_le_bytes());
    }

    /// An IEEE 754 double.
    pub fn put_f64(&mut self, value: f64) {
        self.put_raw(&value.to_le_bytes());
    }

    /// An unsigned varint: at most 9 bytes, the ninth carries 8 bits.
    pub fn put_var_u64(&mut self, mut value: u64) {
        for _ in 0..8 {
            if value < 0x80 {
                self.bytes.push(value as u8);
                return;
            }
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// A zigzag varint: Python's `int`.
    pub fn put_var_i64(&mut self, value: i64) {
        self.put_var_u64(((value << 1) ^ (value >> 63)) as u64);
    }

    /// A tagged signed integer: four bytes if it fits 31 bits, else the byte 1 and eight bytes.
    pub fn put_tagged_i64(&mut self, value: i64) {
        if (-(1 << 30)..1 << 30).contains(&value) {
            self.put_i32((value as i32) << 1);
        } else {
            self.put_u8(1);
            self.put_i64(value);
        }
    }

    /// A tagged unsigned integer: four bytes if it fits 31 bits, else the byte 1 and eight bytes.
    pub fn put_tagged_u64(&mut self, value: u64) {
        if value < 1 << 31 {
            self.put_u32((value as u32) << 1);
        } else {
            self.put_u8(1);
            self.put_u64(value);
        }
    }

    /// A length and the bytes.
    pub fn put_bytes(&mut self, value: &[u8]) {
        self.put_var_u64(value.len() as u64);
        self.put_raw(value);
    }

    /// A string, in the encoding that its largest code point requires.
    pub fn put_str(&mut self, value: &str) {
        let (encoding, ascii) = text::choose(value);
        match encoding {
            TextEncoding::Latin1 if !ascii => {
                self.put_text_header(value.chars().count(), encoding);
                self.bytes.extend(value.chars().map(|c| c as u8));
            }
            TextEncoding::Latin1 | TextEncoding::Utf8 => {
                self.put_text_header(value.len(), encoding);
                self.put_raw(value.as_bytes());
            }
            TextEncoding::Utf16 => {
                self.put_text_header(2 * value.chars().count(), encoding);
                for unit in value.encode_utf16() {
                    self.put_u16(unit);
                }
            }
        }
    }

    fn put_text_header(&mut self, byte_length: usize, encoding: TextEncoding) {
        self.put_var_u64((byte_length as u64) << 2 | encoding as u64);
    }
}
