//! Reading: each read first checks that enough bytes remain, then allocates memory if it needs any.

use std::borrow::Cow;

use super::{ReadError, text};

/// A cursor over bytes from a peer. No read panics, whatever the bytes are.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    /// A cursor at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, length: bytes.len() }
    }

    /// Bytes not yet read.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.length - self.rest.len()
    }

    /// Whether all bytes were read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The bytes not yet read, without reading them.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Skips `expected` if the next bytes equal it. Returns whether they do.
    pub fn skip_if(&mut self, expected: &[u8]) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The next `count` bytes, borrowed.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ReadError> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(ReadError::Short)?;
        self.rest = rest;
        Ok(head)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(ReadError::Short)?;
        self.rest = rest;
        Ok(*head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, ReadError> {
        let (&byte, rest) = self.rest.split_first().ok_or(ReadError::Short)?;
        self.rest = rest;
        Ok(byte)
    }

    /// One signed byte.
    pub fn i8(&mut self) -> Result<i8, ReadError> {
        self.fixed().map(i8::from_le_bytes)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Result<u16, ReadError> {
        self.fixed().map(u16::from_le_bytes)
    }

    /// Two bytes, signed.
    pub fn i16(&mut self) -> Result<i16, ReadError> {
        self.fixed().map(i16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Result<u32, ReadError> {
        self.fixed().map(u32::from_le_bytes)
    }

    /// Four bytes, signed.
    pub fn i32(&mut self) -> Result<i32, ReadError> {
        self.fixed().map(i32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Result<u64, ReadError> {
        self.fixed().map(u64::from_le_bytes)
    }

    /// Eight bytes, signed.
    pub fn i64(&mut self) -> Result<i64, ReadError> {
        self.fixed().map(i64::from_le_bytes)
    }

    /// An IEEE 754 single.
    pub fn f32(&mut self) -> Result<f32, ReadError> {
        self.fixed().map(f32::from_le_bytes)
    }

    /// An IEEE 754 double.
    pub fn f64(&mut self) -> Result<f64, ReadError> {
        self.fixed().map(f64::from_le_bytes)
    }

    /// An unsigned varint of up to 32 bits, at most 5 bytes.
    pub fn var_u32(&mut self) -> Result<u32, ReadError> {
        let first = self.u8()?;
        if first < 0x80 {
            return Ok(u32::from(first));
        }
        let mut value = u64::from(first & 0x7F);
        for shift in [7, 14, 21, 28] {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return u32::try_from(value).map_err(|_| ReadError::Varint);
            }
        }
        Err(ReadError::Varint)
    }

    /// An unsigned varint of up to 64 bits: at most 9 bytes, the ninth carries 8 bits.
    pub fn var_u64(&mut self) -> Result<u64, ReadError> {
        let first = self.u8()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut value = u64::from(first & 0x7F);
        for shift in [7, 14, 21, 28, 35, 42, 49] {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Ok(value | u64::from(self.u8()?) << 56)
    }

    /// A zigzag varint of up to 32 bits.
    pub fn var_i32(&mut self) -> Result<i32, ReadError> {
        let raw = self.var_u32()?;
        Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
    }

    /// A zigzag varint of up to 64 bits: Python's `int`.
    pub fn var_i64(&mut self) -> Result<i64, ReadError> {
        let raw = self.var_u64()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// A tagged signed integer: four bytes if it fits 31 bits, else the byte 1 and eight bytes.
    pub fn tagged_i64(&mut self) -> Result<i64, ReadError> {
        match self.rest.first() {
            Some(byte) if byte & 1 == 0 => Ok(i64::from(self.i32()? >> 1)),
            Some(_) => {
                self.tag_byte()?;
                self.i64()
            }
            None => Err(ReadError::Short),
        }
    }

    /// A tagged unsigned integer: four bytes if it fits 31 bits, else the byte 1 and eight bytes.
    pub fn tagged_u64(&mut self) -> Result<u64, ReadError> {
        match self.rest.first() {
            Some(byte) if byte & 1 == 0 => Ok(u64::from(self.u32()? >> 1)),
            Some(_) => {
                self.tag_byte()?;
                self.u64()
            }
            None => Err(ReadError::Short),
        }
    }

    fn tag_byte(&mut self) -> Result<(), ReadError> {
        if self.u8()? == 1 { Ok(()) } else { Err(ReadError::Varint) }
    }

    /// A length or count: a varint of at most five bytes, which is the most that Python reads.
    pub fn length(&mut self) -> Result<usize, ReadError> {
        self.var_u32().map(|length| length as usize)
    }

    /// A length and that many bytes, borrowed.
    pub fn bytes(&mut self) -> Result<&'a [u8], ReadError> {
        let length = self.length()?;
        self.take(length)
    }

    /// A string in any of the three encodings. Borrowed if the bytes are ASCII or UTF-8.
    pub fn str(&mut self) -> Result<Cow<'a, str>, ReadError> {
        let header = self.var_u32()?;
        text::decode(self.take((header >> 2) as usize)?, u64::from(header & 3))
    }
}
