//! The input of the encoder: a [`Source`] is a value in JSON text or a [`crate::Value`].

use std::borrow::Cow;

use crate::CodecError;
use crate::plan::TypePlan;
use crate::schema::EnumValue;
use crate::types::ArrayKind;

/// The kind of a value itself. It decides the encoding where the schema does not declare a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Null,
    Bool,
    Int,
    Float,
    Text,
    Bytes,
    Date,
    Timestamp,
    List,
    Set,
    Map,
    Array(ArrayKind),
    Message(usize),
    Enum(usize),
    Extension(usize),
}

/// The identity of a value: two occurrences with equal identity are one shared value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// Python has one `True` object and one `False` object, so every bool is shared.
    Bool(bool),
    /// A member of an enum: index of the type, and ordinal.
    Member(usize, usize),
    /// A shared value of a [`crate::Graph`]: its index in `objects`.
    Object(usize),
}

/// A value that the encoder reads; cheap to copy. Each reading method fails if the value is of another kind.
pub(crate) trait Source: Copy {
    fn kind(self) -> ValueKind;
    /// The identity of the value. A value without identity is never shared with another occurrence.
    fn identity(self) -> Option<Identity>;
    fn bool(self) -> Result<bool, CodecError>;
    fn int(self) -> Result<i128, CodecError>;
    fn float(self) -> Result<f64, CodecError>;
    fn text<'s>(self) -> Result<Cow<'s, str>, CodecError>
    where
        Self: 's;
    fn bytes<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's;
    /// The bytes of a field declared as `base64`; JSON carries them as text.
    fn base64<'s>(self) -> Result<Cow<'s, [u8]>, CodecError>
    where
        Self: 's,
    {
        self.bytes().map(Cow::Borrowed)
    }
    /// Items of a typed array, as bytes.
    fn array<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's;
    /// The bytes that the user's encoder produced for a value of an extension type.
    fn extension<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's;
    fn date(self) -> Result<i32, CodecError>;
    fn timestamp(self) -> Result<(i64, u32), CodecError>;
    /// The ordinal of a member of the enum with type index `index`.
    fn ordinal(self, index: usize, values: &[EnumValue]) -> Result<usize, CodecError>;
    /// The elements of a list, or of a set if `set` is true.
    fn items(self, set: bool) -> Result<impl ExactSizeIterator<Item = Self> + Clone, CodecError>;
    /// The number of entries that `entries` compares and sorts in tables of its own.
    fn entries_to_sort(self) -> usize {
        0
    }
    /// The entries of a map. JSON text with a repeated key gives one entry, with the last value.
    fn entries(self) -> Result<Vec<(Self, Self)>, CodecError>;
    /// Appends one slot for each field of message `index`, in declaration order.
    fn fields(self, index: usize, plan: &TypePlan, slots: &mut Vec<Option<Self>>) -> Result<(), CodecError>;
    /// The value as a segment of an error path, when it is a map key.
    fn label(self) -> String;
}
