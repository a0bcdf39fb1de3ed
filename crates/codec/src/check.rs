//! Decoding that keeps no values: to check a message, or to collect its back references.

use std::collections::HashSet;

use crate::CodecError;
use crate::decode::decode;
use crate::error::CodecResult;
use crate::limits::PayloadLimits;
use crate::plan::{MessagePlan, Plan};
use crate::schema::EnumValue;
use crate::sink::{Sink, XlangForm};
use crate::types::ArrayKind;

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
        limits: PayloadLimits,
    ) -> Result<HashSet<usize>, CodecError> {
        let mut references = Self::default();
        if plan.roots.get(root).is_some_and(|root| root.options.refs) {
            decode(plan, root, message, form, limits, &mut references)?;
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
            fn null(&mut self) -> CodecResult {
                Ok(())
            }
            fn bool(&mut self, _: bool) -> CodecResult {
                Ok(())
            }
            fn int(&mut self, _: i128) -> CodecResult {
                Ok(())
            }
            fn float(&mut self, _: f64) -> CodecResult {
                Ok(())
            }
            fn text(&mut self, _: &str) -> CodecResult {
                Ok(())
            }
            fn bytes(&mut self, _: &[u8]) -> CodecResult {
                Ok(())
            }
            fn base64(&mut self, _: &[u8]) -> CodecResult {
                Ok(())
            }
            fn date(&mut self, _: i32) -> CodecResult {
                Ok(())
            }
            fn timestamp(&mut self, _: i64, _: u32) -> CodecResult {
                Ok(())
            }
            fn member(&mut self, _: usize, _: usize, _: &EnumValue) -> CodecResult {
                Ok(())
            }
            fn array(&mut self, _: ArrayKind, _: &[u8]) -> CodecResult {
                Ok(())
            }
            fn extension(&mut self, _: usize, _: &[u8]) -> CodecResult {
                Ok(())
            }
            fn begin_items(&mut self, _: usize, _: bool) -> CodecResult {
                Ok(())
            }
            fn element(&mut self) -> CodecResult {
                Ok(())
            }
            fn end_items(&mut self) -> CodecResult {
                Ok(())
            }
            fn begin_map(&mut self, _: usize) -> CodecResult {
                Ok(())
            }
            fn key(&mut self) -> CodecResult {
                Ok(())
            }
            fn value(&mut self) -> CodecResult {
                Ok(())
            }
            fn end_map(&mut self) -> CodecResult {
                Ok(())
            }
            fn begin_message(&mut self, _: usize, _: &MessagePlan) -> CodecResult {
                Ok(())
            }
            fn field(&mut self, _: usize, _: &MessagePlan) -> CodecResult {
                Ok(())
            }
            fn end_message(&mut self, _: &MessagePlan) -> CodecResult {
                Ok(())
            }
            fn reference(&mut self, $number: usize) -> CodecResult {
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
    decode(plan, root, message, XlangForm::Wire, PayloadLimits::DEFAULT, &mut Discard)
}
