//! Converts XLANG to JSON text: a sink that prints.
//!
//! The fields of a message are in wire order in the bytes and in declaration order in the text. So a message is
//! printed in wire order first, and its fields are put in declaration order at its end.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::print::{write_float, write_int, write_string};
use crate::CodecError;
use crate::check::ReferenceCollector;
use crate::error::CodecResult;
use crate::limits::{PayloadLimits, within};
use crate::plan::{MessagePlan, Plan};
use crate::schema::EnumValue;
use crate::sink::{Sink, XlangForm};
use crate::types::ArrayKind;

/// Appends the JSON text of `message`, plain XLANG of root `root`, to `out`.
///
/// Shape: exactly the text of Python's `json.dumps` with compact separators, so ASCII only. A shared value is
/// printed at each occurrence.
/// Errors: the message does not decode; it has a value that JSON mode cannot represent (bytes that are not declared
/// as base64, a set, a date, a timestamp, a typed array, an extension); a value contains itself. After an error
/// `out` may contain part of the text.
pub fn xlang_to_json(plan: &Plan, root: usize, message: &[u8], out: &mut String) -> Result<(), CodecError> {
    xlang_to_json_within(plan, root, message, PayloadLimits::OWN, out)
}

/// Like [`xlang_to_json`], within the given limits.
pub fn xlang_to_json_within(
    plan: &Plan,
    root: usize,
    message: &[u8],
    limits: PayloadLimits,
    out: &mut String,
) -> Result<(), CodecError> {
    print(plan, root, message, XlangForm::Plain, limits, out)
}

/// Appends the JSON text of `message`, which a peer sent, to `out`. Like [`xlang_to_json`], but also for roots in
/// compatible mode. The text has no member for a field that has a default and was not sent.
pub fn wire_to_json(plan: &Plan, root: usize, message: &[u8], out: &mut String) -> Result<(), CodecError> {
    print(plan, root, message, XlangForm::Wire, PayloadLimits::DEFAULT, out)
}

fn print(
    plan: &Plan,
    root: usize,
    message: &[u8],
    form: XlangForm,
    limits: PayloadLimits,
    out: &mut String,
) -> Result<(), CodecError> {
    let referenced = ReferenceCollector::of(plan, root, message, form, limits)?;
    let mut printer = Printer {
        most: out.len().saturating_add(limits.json_text),
        out,
        open: Vec::new(),
        spans: Vec::new(),
        scratch: String::new(),
        in_key: false,
        referenced,
        began: Vec::new(),
        printed: HashMap::new(),
        kept: 0,
    };
    crate::decode::decode(plan, root, message, form, limits, &mut printer)
}

/// A list, map or message that is being printed.
struct Open {
    /// Where its text begins in `out`.
    start: usize,
    /// Where its entries begin in `Printer::spans`.
    spans: usize,
    /// Elements, entries or fields printed so far.
    count: usize,
    /// Index of the field or entry that is being printed.
    field: usize,
}

struct Printer<'a> {
    out: &'a mut String,
    most: usize,
    open: Vec<Open>,
    /// The ranges in `out` of the fields (by declaration index) and map entries of all open objects.
    spans: Vec<Span>,
    scratch: String,
    in_key: bool,
    /// Reference numbers that a back reference names.
    referenced: HashSet<usize>,
    /// Start positions in `out` of the referenced values that are being printed.
    began: Vec<usize>,
    /// The text of each referenced value that was printed. `true`: a bool or null, which has quotes only as a map key.
    printed: HashMap<usize, (String, bool)>,
    /// Length of all texts in `printed`.
    kept: usize,
}

#[derive(Clone, Default)]
struct Span {
    start: usize,
    /// End of the key of a map entry.
    key_end: usize,
    end: usize,
}

impl Printer<'_> {
    fn fits(&self) -> CodecResult {
        within("bytes of JSON text", self.out.len(), self.most)
    }

    /// Prints a scalar, in quotes if it is a map key.
    fn scalar(&mut self, print: impl FnOnce(&mut String)) {
        if self.in_key {
            self.out.push('"');
            print(self.out);
            self.out.push('"');
        } else {
            print(self.out);
        }
    }

    fn begin(&mut self, bracket: char) -> CodecResult {
        if self.in_key {
            return Err(no_form("a collection or message as a map key"));
        }
        self.open.push(Open { start: self.out.len(), spans: self.spans.len(), count: 0, field: 0 });
        self.out.push(bracket);
        Ok(())
    }

    /// Prints a comma if needed and returns where the next element, entry or field begins.
    fn part(&mut self) -> Result<usize, CodecError> {
        self.fits()?;
        if let Some(open) = self.open.last_mut() {
            if open.count > 0 {
                self.out.push(',');
            }
            open.count += 1;
        }
        Ok(self.out.len())
    }

    /// Sets the end of the span of the previous entry or field.
    fn end_part(&mut self, end: usize) {
        if let Some(open) = self.open.last()
            && let Some(span) = self.spans.get_mut(open.spans + open.field)
            && span.end == 0
        {
            span.end = end;
        }
    }

    /// Replaces the text since `start` by the given ranges of it, in the given order.
    fn rearrange(&mut self, start: usize, spans: &[Range<usize>]) {
        self.scratch.clear();
        for (index, span) in spans.iter().enumerate() {
            if index > 0 {
                self.scratch.push(',');
            }
            self.scratch.push_str(self.out.get(span.clone()).unwrap_or_default());
        }
        self.out.truncate(start);
        self.out.push_str(&self.scratch);
    }
}

fn no_form(what: &str) -> CodecError {
    CodecError::invalid(format!("{what} has no JSON form"))
}

impl Sink for Printer<'_> {
    fn null(&mut self) -> CodecResult {
        self.scalar(|out| out.push_str("null"));
        Ok(())
    }

    fn bool(&mut self, value: bool) -> CodecResult {
        self.scalar(|out| out.push_str(if value { "true" } else { "false" }));
        Ok(())
    }

    fn int(&mut self, value: i128) -> CodecResult {
        self.scalar(|out| write_int(value, out));
        Ok(())
    }

    fn float(&mut self, value: f64) -> CodecResult {
        self.scalar(|out| write_float(value, out));
        Ok(())
    }

    fn text(&mut self, value: &str) -> CodecResult {
        write_string(value, self.out);
        self.fits()
    }

    fn bytes(&mut self, _: &[u8]) -> CodecResult {
        Err(no_form("a byte string"))
    }

    fn base64(&mut self, value: &[u8]) -> CodecResult {
        self.text(&STANDARD.encode(value))
    }

    fn date(&mut self, _: i32) -> CodecResult {
        Err(no_form("a date"))
    }

    fn timestamp(&mut self, _: i64, _: u32) -> CodecResult {
        Err(no_form("a timestamp"))
    }

    fn member(&mut self, _: usize, _: usize, value: &EnumValue) -> CodecResult {
        match value {
            EnumValue::Text(text) => self.text(text),
            EnumValue::Integer(number) => self.int(i128::from(*number)),
        }
    }

    fn array(&mut self, _: ArrayKind, _: &[u8]) -> CodecResult {
        Err(no_form("a typed array"))
    }

    fn extension(&mut self, _: usize, _: &[u8]) -> CodecResult {
        Err(no_form("a value of an extension"))
    }

    fn begin_tracked(&mut self, number: usize) -> CodecResult {
        if self.referenced.contains(&number) {
            self.began.push(self.out.len());
        }
        Ok(())
    }

    fn end_tracked(&mut self, number: usize) -> CodecResult {
        if !self.referenced.contains(&number) {
            return Ok(());
        }
        let start = self.began.pop().unwrap_or_default();
        let text = self.out.get(start..).unwrap_or_default();
        self.kept += text.len();
        within("bytes of JSON text", self.kept, self.most)?;
        let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        // A bool or null has quotes as a map key, and none at other positions.
        let bare = |text: &str| matches!(text, "true" | "false" | "null");
        let entry = match inner {
            Some(inner) if self.in_key && bare(inner) => (inner.to_owned(), true),
            _ => (text.to_owned(), bare(text)),
        };
        self.printed.insert(number, entry);
        Ok(())
    }

    fn reference(&mut self, number: usize) -> CodecResult {
        let Some((text, bare)) = self.printed.get(&number) else {
            return Err(no_form("a value that contains itself"));
        };
        if self.in_key && *bare {
            self.out.push('"');
            self.out.push_str(text);
            self.out.push('"');
        } else if self.in_key && !text.starts_with('"') {
            return Err(no_form("a collection or message as a map key"));
        } else {
            self.out.push_str(text);
        }
        self.fits()
    }

    fn begin_items(&mut self, _: usize, set: bool) -> CodecResult {
        if set {
            return Err(no_form("a set"));
        }
        self.begin('[')
    }

    fn element(&mut self) -> CodecResult {
        self.part().map(|_| ())
    }

    fn end_items(&mut self) -> CodecResult {
        self.open.pop();
        self.out.push(']');
        Ok(())
    }

    fn begin_map(&mut self, _: usize) -> CodecResult {
        self.begin('{')
    }

    fn key(&mut self) -> CodecResult {
        let end = self.out.len();
        self.end_part(end);
        let start = self.part()?;
        if let Some(open) = self.open.last_mut() {
            open.field = self.spans.len() - open.spans;
        }
        self.spans.push(Span { start, key_end: 0, end: 0 });
        self.in_key = true;
        Ok(())
    }

    fn value(&mut self) -> CodecResult {
        self.in_key = false;
        if let Some(span) = self.spans.last_mut() {
            span.key_end = self.out.len();
        }
        self.out.push(':');
        Ok(())
    }

    fn end_map(&mut self) -> CodecResult {
        let end = self.out.len();
        self.end_part(end);
        if let Some(open) = self.open.pop() {
            let kept = last_of_each_key(self.out, self.spans.get(open.spans..).unwrap_or_default());
            if let Some(kept) = kept {
                self.rearrange(open.start + 1, &kept);
            }
            self.spans.truncate(open.spans);
        }
        self.out.push('}');
        self.fits()
    }

    fn begin_message(&mut self, _: usize, plan: &MessagePlan) -> CodecResult {
        self.begin('{')?;
        self.spans.resize(self.spans.len() + plan.fields.len(), Span::default());
        Ok(())
    }

    fn field(&mut self, index: usize, plan: &MessagePlan) -> CodecResult {
        let end = self.out.len();
        let first = self.open.last().is_none_or(|open| open.count == 0);
        if !first {
            self.end_part(end);
        }
        let start = self.part()?;
        if let Some(open) = self.open.last_mut() {
            open.field = index;
            if let Some(span) = self.spans.get_mut(open.spans + index) {
                span.start = start;
            }
        }
        if let Some(field) = plan.fields.get(index) {
            self.out.push_str(&field.json_key);
        }
        Ok(())
    }

    fn end_message(&mut self, _: &MessagePlan) -> CodecResult {
        let end = self.out.len();
        self.end_part(end);
        if let Some(open) = self.open.pop() {
            let spans = self.spans.get(open.spans..).unwrap_or_default();
            if !spans.is_sorted_by_key(|span| span.start) {
                let there = spans.iter().filter(|span| span.end > 0);
                let spans: Vec<_> = there.map(|span| span.start..span.end).collect();
                self.rearrange(open.start + 1, &spans);
            }
            self.spans.truncate(open.spans);
        }
        self.out.push('}');
        self.fits()
    }
}

/// If keys repeat, the ranges to keep: one entry for each key, in the order of first occurrence, with its last value.
/// `None` if no key repeats.
fn last_of_each_key(text: &str, entries: &[Span]) -> Option<Vec<Range<usize>>> {
    const FEW: usize = 8;
    let key = |span: &Span| text.get(span.start..span.key_end).unwrap_or_default();
    if entries.len() <= FEW {
        let repeats = |(index, span)| entries.iter().skip(index + 1).any(|other| key(other) == key(span));
        if !entries.iter().enumerate().any(repeats) {
            return None;
        }
    }
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
    let mut kept: Vec<Range<usize>> = Vec::with_capacity(entries.len());
    for entry in entries {
        let place = *places.entry(key(entry)).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(earlier) => *earlier = entry.start..entry.end,
            None => kept.push(entry.start..entry.end),
        }
    }
    (kept.len() < entries.len()).then_some(kept)
}
