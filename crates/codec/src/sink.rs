//! What one walk over a message drives: checking, JSON text or values.

use crate::CodecError;
use crate::plan::{MessagePlan, Plan};
use crate::schema::EnumValue;

type Done = Result<(), CodecError>;

/// Takes the parts of a message in wire order. A sink may refuse what it has no form for.
pub(crate) trait Sink {
    fn null(&mut self) -> Done;
    fn bool(&mut self, value: bool) -> Done;
    fn int(&mut self, value: i128) -> Done;
    fn float(&mut self, value: f64) -> Done;
    fn text(&mut self, value: &str) -> Done;
    fn bytes(&mut self, value: &[u8]) -> Done;
    fn date(&mut self, days: i32) -> Done;
    fn timestamp(&mut self, seconds: i64, nanoseconds: u32) -> Done;
    fn member(&mut self, index: usize, ordinal: usize, value: &EnumValue) -> Done;
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
    fn end_message(&mut self, plan: &MessagePlan) -> Done;
}

/// The sink of a check: takes everything, keeps nothing.
pub(crate) struct Nothing;

impl Sink for Nothing {
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
    fn date(&mut self, _: i32) -> Done {
        Ok(())
    }
    fn timestamp(&mut self, _: i64, _: u32) -> Done {
        Ok(())
    }
    fn member(&mut self, _: usize, _: usize, _: &EnumValue) -> Done {
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
}

/// Checks that `message` decodes as root `root` of `plan`, within the default limits.
///
/// Errors: what is wrong and where; trailing bytes are refused.
pub fn check(plan: &Plan, root: usize, message: &[u8]) -> Result<(), CodecError> {
    crate::decode::decode(plan, root, message, crate::Limits::DEFAULT, &mut Nothing)
}
