//! The receiver of a decoded message: the decoder calls a [`Sink`] for each value it reads.

use crate::error::CodecResult;
use crate::plan::MessagePlan;
use crate::schema::{EnumValue, RootOptions};
use crate::types::ArrayKind;

/// The form of XLANG bytes: who writes them and who reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum XlangForm {
    /// To or from a peer, with all options of the root.
    Wire,
    /// To or from TypeScript: never has descriptions of fields.
    Plain,
    /// To TypeScript: plain, and one byte before each field that has a default (`00` absent, `01` present).
    PresenceFlagged,
}

impl XlangForm {
    /// The options of a root that apply in this form.
    pub(crate) fn of(self, options: RootOptions) -> RootOptions {
        RootOptions { refs: options.refs, compatible: options.compatible && self == Self::Wire }
    }
}

/// Receives the values of a message in wire order. A sink may refuse a value that it cannot represent.
pub(crate) trait Sink {
    fn null(&mut self) -> CodecResult;
    fn bool(&mut self, value: bool) -> CodecResult;
    fn int(&mut self, value: i128) -> CodecResult;
    fn float(&mut self, value: f64) -> CodecResult;
    fn text(&mut self, value: &str) -> CodecResult;
    fn bytes(&mut self, value: &[u8]) -> CodecResult;
    /// Bytes of a field that is declared as `base64`, so JSON carries them as text.
    fn base64(&mut self, value: &[u8]) -> CodecResult;
    fn date(&mut self, days: i32) -> CodecResult;
    fn timestamp(&mut self, seconds: i64, nanoseconds: u32) -> CodecResult;
    fn member(&mut self, index: usize, ordinal: usize, value: &EnumValue) -> CodecResult;
    /// Items of a typed array, little-endian; the length is a multiple of the item size.
    fn array(&mut self, kind: ArrayKind, items: &[u8]) -> CodecResult;
    /// A value of extension type `index`: the bytes that the user's own encoder produced.
    fn extension(&mut self, index: usize, bytes: &[u8]) -> CodecResult;
    /// The next value has this reference number, so later back references may name it. Numbers start at 0.
    fn begin_tracked(&mut self, _number: usize) -> CodecResult {
        Ok(())
    }
    /// The value with this reference number is complete.
    fn end_tracked(&mut self, _number: usize) -> CodecResult {
        Ok(())
    }
    /// A back reference instead of a value: the value with this number again. In a cycle that value is not complete yet.
    fn reference(&mut self, number: usize) -> CodecResult;
    /// Begins a list or set. A call of `element` precedes each element.
    fn begin_items(&mut self, count: usize, set: bool) -> CodecResult;
    fn element(&mut self) -> CodecResult;
    fn end_items(&mut self) -> CodecResult;
    /// Begins a map. Each entry is: a call of `key`, the key, a call of `value`, the value.
    fn begin_map(&mut self, count: usize) -> CodecResult;
    fn key(&mut self) -> CodecResult;
    fn value(&mut self) -> CodecResult;
    fn end_map(&mut self) -> CodecResult;
    /// Begins a message. A call of `field` with the index in declaration order precedes the value of each field.
    fn begin_message(&mut self, index: usize, plan: &MessagePlan) -> CodecResult;
    fn field(&mut self, index: usize, plan: &MessagePlan) -> CodecResult;
    /// The peer did not send this field, which has a default.
    fn absent(&mut self, _index: usize, _plan: &MessagePlan) -> CodecResult {
        Ok(())
    }
    fn end_message(&mut self, plan: &MessagePlan) -> CodecResult;
}
