//! What the encoder reads values from: JSON text or [`crate::Value`].

use std::borrow::Cow;

use crate::CodecError;
use crate::plan::TypePlan;
use crate::schema::EnumValue;
use crate::types::ArrayKind;

/// What a value is by itself, where its place does not say.
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

/// What makes a value the same one where it stands again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// Python has one true and one false.
    Bool(bool),
    /// A member of an enum: type and ordinal.
    Member(usize, usize),
    /// A shared value of a graph.
    Object(usize),
}

/// A value, cheap to copy. Each reading method fails where the value is of another kind.
pub(crate) trait Source: Copy {
    fn kind(self) -> ValueKind;
    /// Its identity, where it has one; a value without is equal to none but itself.
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
    /// Bytes whose place has a text form.
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
    /// What the user's encoder made of a value of an extension.
    fn extension<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's;
    fn date(self) -> Result<i32, CodecError>;
    fn timestamp(self) -> Result<(i64, u32), CodecError>;
    /// Ordinal of a member of enum `index`.
    fn ordinal(self, index: usize, values: &[EnumValue]) -> Result<usize, CodecError>;
    /// Elements of a list, or of a set.
    fn items(self, set: bool) -> Result<impl ExactSizeIterator<Item = Self> + Clone, CodecError>;
    /// Entries of a map, keys unique where the source can tell.
    fn entries(self) -> Result<Vec<(Self, Self)>, CodecError>;
    /// Appends one slot for each field of message `index`, in declaration order.
    fn fields(self, index: usize, plan: &TypePlan, slots: &mut Vec<Option<Self>>) -> Result<(), CodecError>;
    /// The value as a step of an error's path.
    fn label(self) -> String;
}
