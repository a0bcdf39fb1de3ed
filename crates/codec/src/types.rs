//! Type numbers of the wire format, and the properties of scalars and typed arrays.

/// Type numbers that occur on the wire or in a fingerprint.
pub(crate) mod id {
    pub(crate) const DYNAMIC: u8 = 0;
    pub(crate) const BOOL: u8 = 1;
    pub(crate) const INT: u8 = 7;
    pub(crate) const FLOAT: u8 = 20;
    pub(crate) const STRING: u8 = 21;
    pub(crate) const LIST: u8 = 22;
    pub(crate) const SET: u8 = 23;
    pub(crate) const MAP: u8 = 24;
    /// An enum in a description (TypeDef). Type info of enum values has [`ENUM`].
    pub(crate) const DESCRIBED_ENUM: u8 = 25;
    pub(crate) const ENUM: u8 = 26;
    pub(crate) const MESSAGE: u8 = 29;
    /// A message in compatible mode: a description (TypeDef) of its fields is sent.
    pub(crate) const COMPATIBLE_MESSAGE: u8 = 30;
    pub(crate) const EXTENSION: u8 = 32;
    pub(crate) const NONE: u8 = 36;
    pub(crate) const TIMESTAMP: u8 = 38;
    pub(crate) const DATE: u8 = 39;
    pub(crate) const BYTES: u8 = 41;
}

/// A scalar type: a number, a string, bytes, a date or a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is the word of the descriptor")]
pub enum Scalar {
    Bool,
    Int8,
    Int16,
    FixedInt32,
    Int32,
    FixedInt64,
    Int,
    TaggedInt64,
    Uint8,
    Uint16,
    FixedUint32,
    Uint32,
    FixedUint64,
    Uint64,
    TaggedUint64,
    Float32,
    Float,
    String,
    Timestamp,
    Date,
    Bytes,
    /// Bytes that JSON mode writes as base64 text. In XLANG the same as [`Self::Bytes`].
    Base64,
}

/// For each scalar: word of the descriptor, type number, width in bytes (0 if it is not a number), and whether the
/// encoding is shorter for small values.
const SCALARS: [(Scalar, &str, u8, u8, bool); 22] = [
    (Scalar::Bool, "bool", 1, 1, false),
    (Scalar::Int8, "int8", 2, 1, false),
    (Scalar::Int16, "int16", 3, 2, false),
    (Scalar::FixedInt32, "fixedInt32", 4, 4, false),
    (Scalar::Int32, "int32", 5, 4, true),
    (Scalar::FixedInt64, "fixedInt64", 6, 8, false),
    (Scalar::Int, "int", 7, 8, true),
    (Scalar::TaggedInt64, "taggedInt64", 8, 8, true),
    (Scalar::Uint8, "uint8", 9, 1, false),
    (Scalar::Uint16, "uint16", 10, 2, false),
    (Scalar::FixedUint32, "fixedUint32", 11, 4, false),
    (Scalar::Uint32, "uint32", 12, 4, true),
    (Scalar::FixedUint64, "fixedUint64", 13, 8, false),
    (Scalar::Uint64, "uint64", 14, 8, true),
    (Scalar::TaggedUint64, "taggedUint64", 15, 8, true),
    (Scalar::Float32, "float32", 19, 4, false),
    (Scalar::Float, "float", 20, 8, false),
    (Scalar::String, "string", 21, 0, false),
    (Scalar::Timestamp, "timestamp", 38, 0, false),
    (Scalar::Date, "date", 39, 0, false),
    (Scalar::Bytes, "bytes", 41, 0, false),
    (Scalar::Base64, "base64", 41, 0, false),
];

impl Scalar {
    /// The scalar with this word of the descriptor.
    pub fn from_word(word: &str) -> Option<Self> {
        let word = if word == "int64" { "int" } else { word };
        SCALARS.iter().find(|row| row.1 == word).map(|row| row.0)
    }

    /// The scalar with this type number.
    pub fn from_id(id: u8) -> Option<Self> {
        SCALARS.iter().find(|row| row.2 == id).map(|row| row.0)
    }

    /// The scalar that type info gives for this one: base64 is bytes.
    pub(crate) fn on_wire(self) -> Self {
        if self == Self::Base64 { Self::Bytes } else { self }
    }

    fn row(self) -> &'static (Scalar, &'static str, u8, u8, bool) {
        // INVARIANT: the table lists the variants in their order, which a test checks.
        &SCALARS[self as usize]
    }

    /// Its word in a descriptor.
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// Its type number.
    pub fn id(self) -> u8 {
        self.row().2
    }

    /// Width of a number in bytes; `None` if it is not a number.
    pub(crate) fn width(self) -> Option<u8> {
        Some(self.row().3).filter(|width| *width > 0)
    }

    /// Whether the encoding of the number is shorter for small values.
    pub(crate) fn is_compressed(self) -> bool {
        self.row().4
    }

    /// The range of an integer type; `None` if it is not an integer.
    pub(crate) fn range(self) -> Option<(i128, i128)> {
        Some(match self {
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Self::FixedInt32 | Self::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Self::FixedInt64 | Self::Int | Self::TaggedInt64 => (i64::MIN.into(), i64::MAX.into()),
            Self::Uint8 => (0, u8::MAX.into()),
            Self::Uint16 => (0, u16::MAX.into()),
            Self::FixedUint32 | Self::Uint32 => (0, u32::MAX.into()),
            Self::FixedUint64 | Self::Uint64 | Self::TaggedUint64 => (0, u64::MAX.into()),
            _ => return None,
        })
    }

    /// Whether this is an integer type.
    pub(crate) fn is_integer(self) -> bool {
        self.range().is_some()
    }

    /// Whether this is a float type.
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::Float | Self::Float32)
    }

    /// Whether values of this type have reference flags in collections, in a payload that tracks references. Python
    /// does not track numbers and strings there.
    pub(crate) fn has_identity(self) -> bool {
        matches!(self, Self::Bool | Self::Bytes | Self::Base64 | Self::Date | Self::Timestamp)
    }
}

/// The item type of a typed array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is the word of the descriptor")]
pub enum ArrayKind {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
}

/// For each kind: word of the descriptor, type number, bytes of one item.
const ARRAYS: [(ArrayKind, &str, u8, u8); 11] = [
    (ArrayKind::Bool, "bool", 43, 1),
    (ArrayKind::Int8, "int8", 44, 1),
    (ArrayKind::Int16, "int16", 45, 2),
    (ArrayKind::Int32, "int32", 46, 4),
    (ArrayKind::Int64, "int64", 47, 8),
    (ArrayKind::Uint8, "uint8", 48, 1),
    (ArrayKind::Uint16, "uint16", 49, 2),
    (ArrayKind::Uint32, "uint32", 50, 4),
    (ArrayKind::Uint64, "uint64", 51, 8),
    (ArrayKind::Float32, "float32", 55, 4),
    (ArrayKind::Float64, "float64", 56, 8),
];

impl ArrayKind {
    /// The kind with this word of the descriptor.
    pub fn from_word(word: &str) -> Option<Self> {
        ARRAYS.iter().find(|row| row.1 == word).map(|row| row.0)
    }

    /// The kind with this type number.
    pub fn from_id(id: u8) -> Option<Self> {
        ARRAYS.iter().find(|row| row.2 == id).map(|row| row.0)
    }

    fn row(self) -> &'static (ArrayKind, &'static str, u8, u8) {
        // INVARIANT: the table lists the variants in their order, which a test checks.
        &ARRAYS[self as usize]
    }

    /// Its word in a descriptor.
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// Its type number.
    pub fn id(self) -> u8 {
        self.row().2
    }

    /// Bytes of one item.
    pub fn width(self) -> usize {
        usize::from(self.row().3)
    }

    /// The error text if `bytes` are not the items of an array of this kind.
    pub(crate) fn problem(self, bytes: &[u8]) -> Option<&'static str> {
        if !bytes.len().is_multiple_of(self.width()) {
            return Some("a typed array whose length is not a multiple of its item size");
        }
        if self == Self::Bool && bytes.iter().any(|&byte| byte > 1) {
            return Some("a bool array with a byte other than 0 and 1");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{ARRAYS, ArrayKind, SCALARS, Scalar};

    #[test]
    fn the_table_of_scalars_is_in_the_order_of_the_variants() {
        for (index, row) in SCALARS.iter().enumerate() {
            assert_eq!(row.0 as usize, index);
            assert_eq!(Scalar::from_word(row.1), Some(row.0));
            assert_eq!(Scalar::from_id(row.2), Some(row.0.on_wire()));
        }
    }

    #[test]
    fn the_table_of_arrays_is_in_the_order_of_the_variants() {
        for (index, row) in ARRAYS.iter().enumerate() {
            assert_eq!(row.0 as usize, index);
            assert_eq!(ArrayKind::from_word(row.1), Some(row.0));
            assert_eq!(ArrayKind::from_id(row.2), Some(row.0));
        }
    }
}
