//! What one walk over a message drives: checking, JSON text or values.

use std::collections::HashSet;

use crate::CodecError;
use crate::plan::{MessagePlan, Plan};
use crate::schema::{EnumValue, RootOptions};
use crate::types::ArrayKind;

type Done = Result<(), CodecError>;

/// What the bytes of a message are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum XlangForm {
    /// A peer: as the mode of the root says.
    Wire,
    /// TypeScript, or from it: never with descriptions of fields.
    Plain,
    /// To TypeScript: plain, with a byte before each field that has a default, saying whether it is there.
    PresenceFlagged,
}

impl XlangForm {
    /// The mode of a root in this form.
    pub(crate) fn of(self, options: RootOptions) -> RootOptions {
        RootOptions { refs: options.refs, compatible: options.compatible && self == Self::Wire }
    }
}

/// Takes the parts of a message in wire order. A sink may refuse what it has no form for.
pub(crate) trait Sink {
    fn null(&mut self) -> Done;
    fn bool(&mut self, value: bool) -> Done;
    fn int(&mut self, value: i128) -> Done;
    fn float(&mut self, value: f64) -> Done;
    fn text(&mut self, value: &str) -> Done;
    fn bytes(&mut self, value: &[u8]) -> Done;
    /// Bytes in a place that declares a text form for them.
    fn base64(&mut self, value: &[u8]) -> Done;
    fn date(&mut self, days: i32) -> Done;
    fn timestamp(&mut self, seconds: i64, nanoseconds: u32) -> Done;
    fn member(&mut self, index: usize, ordinal: usize, value: &EnumValue) -> Done;
    /// Items of a typed array: whole ones, little-endian.
    fn array(&mut self, kind: ArrayKind, items: &[u8]) -> Done;
    /// What the user's own encoder made of a value of extension `index`.
    fn extension(&mut self, index: usize, bytes: &[u8]) -> Done;
    /// The value that follows may be referred to by this number; they count from 0.
    fn begin_tracked(&mut self, _number: usize) -> Done {
        Ok(())
    }
    /// That value has ended.
    fn end_tracked(&mut self, _number: usize) -> Done {
        Ok(())
    }
    /// In place of a value: the one of that number once more. It may not have ended, where values form a cycle.
    fn reference(&mut self, number: usize) -> Done;
    /// Announces a list or set; its elements follow, each after `element`.
    fn begin_items(&mut self, count: usize, set: bool) -> Done;
    fn element(&mut self) -> Done;
    fn end_items(&mut self) -> Done;
    /// Announces a map; for each entry `key`, the key, `value`, the value.
    fn begin_map(&mut self, count: usize) -> Done;
    fn key(&mut self) -> Done;
    fn value(&mut self) -> Done;
    fn end_map(&mut self) -> Done;
    /// Announces a message; for each field `field` with its index in declaration order, its value.
    fn begin_message(&mut self, index: usize, plan: &MessagePlan) -> Done;
    fn field(&mut self, index: usize, plan: &MessagePlan) -> Done;
    /// A field that has a default is not in the message of this peer.
    fn absent(&mut self, _index: usize, _plan: &MessagePlan) -> Done {
        Ok(())
    }
    fn end_message(&mut self, plan: &MessagePlan) -> Done;
}

/// The sink that learns which values are referred to.
#[derive(Default)]
pub(crate) struct References {
    numbers: HashSet<usize>,
}

impl References {
    /// The numbers of values that a message refers to; none where its root does not track references.
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

/// The sink of a check: takes everything, keeps nothing.
pub(crate) struct Nothing;

/// Takes everything and keeps nothing, but for references.
macro_rules! ignores {
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

ignores!(Nothing, |_this, _number| Ok(()));
ignores!(References, |this, number| {
    this.numbers.insert(number);
    Ok(())
});

/// Checks that `message` decodes as root `root` of `plan`, within the default limits.
///
/// Errors: what is wrong and where; trailing bytes are refused.
pub fn check(plan: &Plan, root: usize, message: &[u8]) -> Result<(), CodecError> {
    crate::decode::decode(plan, root, message, XlangForm::Wire, crate::PayloadLimits::DEFAULT, &mut Nothing)
}
