//! A sink that can be muted: the decoder mutes it while it reads a field that this side has not declared.

use crate::error::CodecResult;
use crate::plan::MessagePlan;
use crate::schema::EnumValue;
use crate::sink::Sink;
use crate::types::ArrayKind;

/// Forwards all calls to the inner sink, and none while it is muted. Mutes nest.
pub(super) struct Gate<'s, S> {
    sink: &'s mut S,
    muted: usize,
}

impl<'s, S: Sink> Gate<'s, S> {
    pub(super) fn new(sink: &'s mut S) -> Self {
        Self { sink, muted: 0 }
    }

    pub(super) fn is_muted(&self) -> bool {
        self.muted > 0
    }

    pub(super) fn mute(&mut self) {
        self.muted += 1;
    }

    pub(super) fn unmute(&mut self) {
        self.muted = self.muted.saturating_sub(1);
    }
}

macro_rules! forward_unless_muted {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {
        impl<S: Sink> Sink for Gate<'_, S> {
            $(fn $name(&mut self $(, $argument: $type)*) -> CodecResult {
                if self.muted > 0 { Ok(()) } else { self.sink.$name($($argument),*) }
            })*
        }
    };
}

forward_unless_muted! {
    null();
    bool(value: bool);
    int(value: i128);
    float(value: f64);
    text(value: &str);
    bytes(value: &[u8]);
    base64(value: &[u8]);
    date(days: i32);
    timestamp(seconds: i64, nanoseconds: u32);
    member(index: usize, ordinal: usize, value: &EnumValue);
    array(kind: ArrayKind, items: &[u8]);
    extension(index: usize, bytes: &[u8]);
    begin_tracked(number: usize);
    end_tracked(number: usize);
    reference(number: usize);
    begin_items(count: usize, set: bool);
    element();
    end_items();
    begin_map(count: usize);
    key();
    value();
    end_map();
    begin_message(index: usize, plan: &MessagePlan);
    field(index: usize, plan: &MessagePlan);
    absent(index: usize, plan: &MessagePlan);
    end_message(plan: &MessagePlan);
}
