//! The three encodings of a string: Latin-1 (one byte for each character), UTF-16LE, UTF-8.
//!
//! A writer chooses by the largest code point, so equal strings have equal bytes. A reader accepts any of the three
//! for any text.

use std::borrow::Cow;

use super::ReadError;

/// Encoding number in the low two bits of a string's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextEncoding {
    /// One byte for each character, up to U+00FF.
    Latin1 = 0,
    /// UTF-16LE without a byte order mark.
    Utf16 = 1,
    /// UTF-8.
    Utf8 = 2,
}

/// The encoding of a text, and whether the text is ASCII only.
pub(super) fn choose(text: &str) -> (TextEncoding, bool) {
    // The largest UTF-8 byte gives the range of the largest code point: C3 is the largest lead byte up to U+00FF,
    // lead bytes from F0 on begin the code points above U+FFFF.
    let largest = text.bytes().fold(0, u8::max);
    match largest {
        0..0x80 => (TextEncoding::Latin1, true),
        0x80..0xC4 => (TextEncoding::Latin1, false),
        0xC4..0xF0 => (TextEncoding::Utf16, false),
        _ => (TextEncoding::Utf8, false),
    }
}

/// Decodes the bytes of a string. The result borrows from `bytes` if they are ASCII or UTF-8.
pub(super) fn decode(bytes: &[u8], encoding: u64) -> Result<Cow<'_, str>, ReadError> {
    match encoding {
        0 if bytes.is_ascii() => Ok(Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| ReadError::Utf8)?)),
        0 => Ok(Cow::Owned(bytes.iter().map(|&b| char::from(b)).collect())),
        1 => decode_utf16(bytes).map(Cow::Owned),
        2 => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| ReadError::Utf8),
        _ => Err(ReadError::StringEncoding),
    }
}

fn decode_utf16(bytes: &[u8]) -> Result<String, ReadError> {
    let (units, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(ReadError::Utf16);
    }
    let units = units.iter().map(|pair| u16::from_le_bytes(*pair));
    let mut text = String::with_capacity(bytes.len());
    for unit in char::decode_utf16(units) {
        text.push(unit.map_err(|_| ReadError::Utf16)?);
    }
    Ok(text)
}
