//! The receiver of a decoded message: the decoder calls a [`Sink`] for each value it reads.

use std::collections::HashSet;

use crate::CodecError;
use crate::plan::{MessagePlan, Plan};
use crate::schema::{EnumValue, RootOptions};
use crate::types::ArrayKind;

type Done = Result<(), CodecError>;

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
    fn null(&mut self) -> Done;
    fn bool(&mut self, value: bool) -> Done;
    fn int(&mut self, value: i128) -> Done;
    fn float(&mut self, value: f64) -> Done;
    fn text(&mut self, value: &str) -> Done;
    fn bytes(&mut self, value: &[u8]) -> Done;
    /// Bytes of a field that is declared as `base64`, so JSON carries them as text.
    fn base64(&mut self, value: &[u8]) -> Done;
    fn date(&mut self, days: i32) -> Done;
    fn timestamp(&mut self, seconds: i64, nanoseconds: u32) -> Done;
    fn member(&mut self, index: usize, ordinal: usize, value: &EnumValue) -> Done;
    /// Items of a typed array, little-endian; the length is a multiple of the item size.
    fn array(&mut self, kind: ArrayKind, items: &[u8]) -> Done;
    /// A value of extension type `index`: the bytes that the user's own encoder produced.
    fn extension(&mut self, index: usize, bytes: &[u8]) -> Done;
    /// The next value has this reference number, so later back references may name it. Numbers start at 0.
    fn begin_tracked(&mut self, _number: usize) -> Done {
        Ok(())
    }
    /// The value with this reference number is complete.
    fn end_tracked(&mut self, _number: usize) -> Done {
        Ok(())
    }
    /// A back reference instead of a value: the value with this number again. In a cycle that value is not complete yet.
    fn reference(&mut self, number: usize) -> Done;
    /// Begins a list or set. A call of `element` precedes each element.
    fn begin_items(&mut self, count: usize, set: bool) -> Done;
    fn element(&mut self) -> Done;
    fn end_items(&mut self) -> Done;
    /// Begins a map. Each entry is: a call of `key`, the key, a call of `value`, the value.
    fn begin_map(&mut self, count: usize) -> Done;
    fn key(&mut self) -> Done;
    fn value(&mut self) -> Done;
    fn end_map(&mut self) -> Done;
    /// Begins a message. A call of `field` with the index in declaration order precedes the value of each field.
    fn begin_message(&mut self, index: usize, plan: &MessagePlan) -> Done;
    fn field(&mut self, index: usize, plan: &MessagePlan) -> Done;
    /// The peer did not send this field, which has a default.
    fn absent(&mut self, _index: usize, _plan: &MessagePlan) -> Done {
        Ok(())
    }
    fn end_message(&mut self, plan: &MessagePlan) -> Done;
}

/// A sink that collects the numbers of all back references.
#[derive(Default)]
pub(crate) struct ReferenceCollector {
    numbers: HashSet<usize>,
}

impl ReferenceCollector {
    /// The numbers that the back references of a message name; empty if the root does not track references.
    pub(crate) fn of(
        plan: &Plan,
        root: usize,
        message: &[u8],
        form: XlangForm,
    ) -> Result<HashSet<usize>, CodecError> {
        let mut references = Self::default();
        if plan.roots.get(root).is_some_and(|root| root.options.refs) {
            crate::decode::decode(plan, root, message, form, crate::PayloadLimits::DEFAULT, &mut references)?;
        }
        Ok(references.numbers)
    }
}

/// A sink that discards all values, for checking a message.
pub(crate) struct Discard;

/// Implements a sink that discards all values; `$reference` says what it does with back references.
macro_rules! discarding_sink {
    ($sink:ty, |$this:ident, $number:ident| $reference:expr) => {
        impl Sink for $sink {
            fn null(&mut self) -> Done {
                Ok(())
            }
            fn bool(&mut self, _: bool) -> Done {
                Ok(())
            }
            fn int(&mut self, _: i128) -> Done {
                Ok(())
            }
            fn float(&mut self, _: f64) -> Done {
                Ok(())
            }
            fn text(&mut self, _: &str) -> Done {
                Ok(())
            }
            fn bytes(&mut self, _: &[u8]) -> Done {
                Ok(())
            }
            fn base64(&mut self, _: &[u8]) -> Done {
                Ok(())
            }
            fn date(&mut self, _: i32) -> Done {
                Ok(())
            }
            fn timestamp(&mut self, _: i64, _: u32) -> Done {
                Ok(())
            }
            fn member(&mut self, _: usize, _: usize, _: &EnumValue) -> Done {
                Ok(())
            }
            fn array(&mut self, _: ArrayKind, _: &[u8]) -> Done {
                Ok(())
            }
            fn extension(&mut self, _: usize, _: &[u8]) -> Done {
                Ok(())
            }
            fn begin_items(&mut self, _: usize, _: bool) -> Done {
                Ok(())
            }
            fn element(&mut self) -> Done {
                Ok(())
            }
            fn end_items(&mut self) -> Done {
                Ok(())
            }
            fn begin_map(&mut self, _: usize) -> Done {
                Ok(())
            }
            fn key(&mut self) -> Done {
                Ok(())
            }
            fn value(&mut self) -> Done {
                Ok(())
            }
            fn end_map(&mut self) -> Done {
                Ok(())
            }
            fn begin_message(&mut self, _: usize, _: &MessagePlan) -> Done {
                Ok(())
            }
            fn field(&mut self, _: usize, _: &MessagePlan) -> Done {
                Ok(())
            }
            fn end_message(&mut self, _: &MessagePlan) -> Done {
                Ok(())
            }
            fn reference(&mut self, $number: usize) -> Done {
                let $this = self;
                $reference
            }
        }
    };
}

discarding_sink!(Discard, |_this, _number| Ok(()));
discarding_sink!(ReferenceCollector, |this, number| {
    this.numbers.insert(number);
    Ok(())
});

/// Checks that `message` decodes as root `root` of `plan` within the default limits.
///
/// Errors: what is wrong and where. Bytes after the message are an error.
pub fn check(plan: &Plan, root: usize, message: &[u8]) -> Result<(), CodecError> {
    crate::decode::decode(plan, root, message, XlangForm::Wire, crate::PayloadLimits::DEFAULT, &mut Discard)
}
