//! Graphs: values with shared parts or cycles, and the sink that builds values in memory.

use std::collections::{HashMap, HashSet};

use crate::CodecError;
use crate::check::ReferenceCollector;
use crate::decode::decode;
use crate::encode::encode;
use crate::error::CodecResult;
use crate::limits::PayloadLimits;
use crate::plan::{MessagePlan, Plan};
use crate::schema::EnumValue;
use crate::sink::{Sink, XlangForm};
use crate::types::ArrayKind;
use crate::value::{ResolvedValue, Value};

/// A message in which a value may occur more than once.
///
/// Shape: a [`Value::Shared`] anywhere in `root` or `objects` is an index into `objects`. An entry of `objects`
/// is never itself `Shared`. A cycle is a `Shared` index inside the object that it names, so no value borrows
/// from another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// The value at the root.
    pub root: Value,
    /// The values that occur more than once.
    pub objects: Vec<Value>,
}

impl Graph {
    /// Encodes the graph as root `root` of `plan`, in the form that is sent to a peer. If the root does not
    /// track references, a shared value is written at each occurrence.
    ///
    /// Errors: a value does not fit its declared type; a cycle, if the root does not track references.
    pub fn encode(&self, plan: &Plan, root: usize) -> Result<Vec<u8>, CodecError> {
        self.encode_as(plan, root, XlangForm::Wire)
    }

    /// Decodes a message of root `root` within the default limits.
    ///
    /// Errors: what is wrong, with the path.
    pub fn decode(plan: &Plan, root: usize, message: &[u8]) -> Result<Self, CodecError> {
        Self::decode_within(plan, root, message, PayloadLimits::DEFAULT)
    }

    /// Decodes a message of root `root` within the given limits.
    ///
    /// Errors: what is wrong, with the path.
    pub fn decode_within(
        plan: &Plan,
        root: usize,
        message: &[u8],
        limits: PayloadLimits,
    ) -> Result<Self, CodecError> {
        Self::decode_as(plan, root, message, XlangForm::Wire, limits)
    }

    pub(crate) fn encode_plain(&self, plan: &Plan, root: usize) -> Result<Vec<u8>, CodecError> {
        self.encode_as(plan, root, XlangForm::Plain)
    }

    pub(crate) fn decode_plain(plan: &Plan, root: usize, message: &[u8]) -> Result<Self, CodecError> {
        Self::decode_as(plan, root, message, XlangForm::Plain, PayloadLimits::OWN)
    }

    fn encode_as(&self, plan: &Plan, root: usize, form: XlangForm) -> Result<Vec<u8>, CodecError> {
        encode(plan, root, ResolvedValue::new(&self.root, &self.objects), form, 64, PayloadLimits::OWN)
    }

    fn decode_as(
        plan: &Plan,
        root: usize,
        message: &[u8],
        form: XlangForm,
        limits: PayloadLimits,
    ) -> Result<Self, CodecError> {
        let referenced = ReferenceCollector::of(plan, root, message, form, limits)?;
        let mut builder = Builder::new(referenced);
        decode(plan, root, message, form, limits, &mut builder)?;
        builder.finish()
    }
}

/// Converts a message of a peer to presence-flagged XLANG (docs/plan.md): a field that the peer left out gets the
/// flag for absent, a field that this side does not know is dropped.
///
/// Errors: the message does not decode.
pub fn wire_to_presence_flagged(plan: &Plan, root: usize, message: &[u8]) -> Result<Vec<u8>, CodecError> {
    wire_to_presence_flagged_within(plan, root, message, PayloadLimits::DEFAULT)
}

/// Like [`wire_to_presence_flagged`], within the given limits.
pub fn wire_to_presence_flagged_within(
    plan: &Plan,
    root: usize,
    message: &[u8],
    limits: PayloadLimits,
) -> Result<Vec<u8>, CodecError> {
    Graph::decode_within(plan, root, message, limits)?.encode_as(plan, root, XlangForm::PresenceFlagged)
}

/// Converts plain XLANG to the form that is sent to a peer. TypeScript writes plain XLANG for every root.
///
/// Errors: the message does not decode.
pub fn plain_to_wire(plan: &Plan, root: usize, message: &[u8]) -> Result<Vec<u8>, CodecError> {
    Graph::decode_plain(plan, root, message)?.encode(plan, root)
}

/// A sink that builds a graph.
struct Builder {
    open: Vec<Open>,
    done: Option<Value>,
    /// Reference numbers that a back reference names.
    referenced: HashSet<usize>,
    /// Complete shared values by their reference number in the message.
    objects: HashMap<usize, Value>,
}

enum Open {
    Items(Vec<Value>, bool),
    Map(Vec<(Value, Value)>, Option<Value>),
    Message {
        index: usize,
        fields: Vec<Value>,
        field: usize,
    },
    /// A shared value; `None` until its value is complete.
    Tracked(Option<Value>),
}

impl Builder {
    /// Replaces reference numbers by indexes into `objects`. A message numbers every tracked value, a graph only
    /// the values that a back reference names.
    fn finish(mut self) -> Result<Graph, CodecError> {
        let mut root = self.done.take().ok_or_else(|| CodecError::invalid("the message has no value"))?;
        let mut numbers: Vec<usize> = self.objects.keys().copied().collect();
        numbers.sort_unstable();
        let new_numbers: HashMap<usize, usize> = numbers.iter().enumerate().map(|(at, &n)| (n, at)).collect();
        let mut objects: Vec<Value> = numbers.iter().filter_map(|n| self.objects.remove(n)).collect();
        for value in objects.iter_mut().chain([&mut root]) {
            renumber_references(value, &new_numbers)?;
        }
        Ok(Graph { root, objects })
    }

    fn new(referenced: HashSet<usize>) -> Self {
        Self { open: Vec::new(), done: None, referenced, objects: HashMap::new() }
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some(Open::Items(items, _)) => items.push(value),
            Some(Open::Tracked(slot)) => *slot = Some(value),
            Some(Open::Map(entries, key)) => match key.take() {
                None => *key = Some(value),
                Some(key) => entries.push((key, value)),
            },
            Some(Open::Message { fields, field, .. }) => {
                if let Some(slot) = fields.get_mut(*field) {
                    *slot = value;
                }
            }
        }
    }

    fn end(&mut self) -> CodecResult {
        let value = match self.open.pop() {
            None | Some(Open::Tracked(_)) => {
                return Err(CodecError::invalid("a container ends that did not begin"));
            }
            Some(Open::Items(items, true)) => Value::Set(items),
            Some(Open::Items(items, false)) => Value::List(items),
            Some(Open::Map(entries, _)) => Value::Map(entries),
            Some(Open::Message { index, fields, .. }) => Value::Message { index, fields },
        };
        self.put(value);
        Ok(())
    }
}

impl Sink for Builder {
    fn null(&mut self) -> CodecResult {
        self.put(Value::Null);
        Ok(())
    }

    fn bool(&mut self, value: bool) -> CodecResult {
        self.put(Value::Bool(value));
        Ok(())
    }

    fn int(&mut self, value: i128) -> CodecResult {
        self.put(Value::Int(value));
        Ok(())
    }

    fn float(&mut self, value: f64) -> CodecResult {
        self.put(Value::Float(value));
        Ok(())
    }

    fn text(&mut self, value: &str) -> CodecResult {
        self.put(Value::Text(value.to_owned()));
        Ok(())
    }

    fn bytes(&mut self, value: &[u8]) -> CodecResult {
        self.put(Value::Bytes(value.to_vec()));
        Ok(())
    }

    fn base64(&mut self, value: &[u8]) -> CodecResult {
        self.bytes(value)
    }

    fn date(&mut self, days: i32) -> CodecResult {
        self.put(Value::Date(days));
        Ok(())
    }

    fn timestamp(&mut self, seconds: i64, nanoseconds: u32) -> CodecResult {
        self.put(Value::Timestamp { seconds, nanoseconds });
        Ok(())
    }

    fn member(&mut self, index: usize, ordinal: usize, _: &EnumValue) -> CodecResult {
        self.put(Value::Enum { index, ordinal });
        Ok(())
    }

    fn array(&mut self, kind: ArrayKind, items: &[u8]) -> CodecResult {
        self.put(Value::Array { kind, items: items.to_vec() });
        Ok(())
    }

    fn extension(&mut self, index: usize, bytes: &[u8]) -> CodecResult {
        self.put(Value::Extension { index, bytes: bytes.to_vec() });
        Ok(())
    }

    fn begin_tracked(&mut self, number: usize) -> CodecResult {
        if self.referenced.contains(&number) {
            self.open.push(Open::Tracked(None));
        }
        Ok(())
    }

    fn end_tracked(&mut self, number: usize) -> CodecResult {
        if !self.referenced.contains(&number) {
            return Ok(());
        }
        let Some(Open::Tracked(Some(value))) = self.open.pop() else {
            return Err(CodecError::invalid("a shared value ends before its value"));
        };
        self.objects.insert(number, value);
        self.put(Value::Shared(number));
        Ok(())
    }

    fn reference(&mut self, number: usize) -> CodecResult {
        self.put(Value::Shared(number));
        Ok(())
    }

    fn begin_items(&mut self, _: usize, set: bool) -> CodecResult {
        self.open.push(Open::Items(Vec::new(), set));
        Ok(())
    }

    fn element(&mut self) -> CodecResult {
        Ok(())
    }

    fn end_items(&mut self) -> CodecResult {
        self.end()
    }

    fn begin_map(&mut self, _: usize) -> CodecResult {
        self.open.push(Open::Map(Vec::new(), None));
        Ok(())
    }

    fn key(&mut self) -> CodecResult {
        Ok(())
    }

    fn value(&mut self) -> CodecResult {
        Ok(())
    }

    fn end_map(&mut self) -> CodecResult {
        self.end()
    }

    fn begin_message(&mut self, index: usize, plan: &MessagePlan) -> CodecResult {
        let fields = vec![Value::Absent; plan.fields.len()];
        self.open.push(Open::Message { index, fields, field: 0 });
        Ok(())
    }

    fn field(&mut self, position: usize, _: &MessagePlan) -> CodecResult {
        if let Some(Open::Message { field, .. }) = self.open.last_mut() {
            *field = position;
        }
        Ok(())
    }

    fn end_message(&mut self, _: &MessagePlan) -> CodecResult {
        self.end()
    }
}

fn renumber_references(value: &mut Value, new_numbers: &HashMap<usize, usize>) -> CodecResult {
    let all = |values: &mut [Value]| {
        values.iter_mut().try_for_each(|value| renumber_references(value, new_numbers))
    };
    match value {
        Value::Shared(number) => {
            let new_number = new_numbers
                .get(number)
                .ok_or_else(|| CodecError::invalid("a back reference names a value that is not shared"))?;
            *number = *new_number;
            Ok(())
        }
        Value::List(values) | Value::Set(values) | Value::Message { fields: values, .. } => all(values),
        Value::Map(entries) => entries.iter_mut().try_for_each(|(key, value)| {
            renumber_references(key, new_numbers)?;
            renumber_references(value, new_numbers)
        }),
        _ => Ok(()),
    }
}
