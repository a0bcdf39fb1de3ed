//! A contract violation in JSON mode: an object has members that the message type does not declare.
//!
//! Owns the wording of the error, which is that of Python peers: names are quoted as Python quotes them,
//! long names are cut, and only the first few are shown.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::plan::{MessagePlan, TypePlan};

const MAX_NAMES: usize = 5;
const MAX_CHARACTERS: usize = 80;

/// The unknown members of one JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the object in the message; empty at the root.
    pub path: String,
    /// Name of the message type at the root; empty if the root is not a message.
    pub root: String,
    /// Name of the message type that the object represents.
    pub class: String,
    /// The first few unknown members; each is cut to its maximum length and quoted.
    unexpected: Vec<String>,
    /// The fields of the type, sorted by name.
    expected: Vec<String>,
}

impl Violation {
    /// A violation at the root of a message. `unexpected` is in the order of the JSON text.
    pub(crate) fn new(class: &TypePlan, message: &MessagePlan, unexpected: &[Cow<'_, str>]) -> Self {
        let mut shown: Vec<String> = unexpected.iter().take(MAX_NAMES).map(|name| cut(name)).collect();
        if unexpected.len() > MAX_NAMES {
            shown.push(format!("...(+{} more)", unexpected.len() - MAX_NAMES));
        }
        let mut expected: Vec<String> = message.fields.iter().map(|field| field.name.clone()).collect();
        expected.sort_unstable();
        Self {
            path: String::new(),
            root: String::new(),
            class: class.name.clone(),
            unexpected: shown,
            expected,
        }
    }

    /// The path, beginning with the name of the root type: `Outer.inner[3]`.
    pub fn location(&self) -> String {
        let dot =
            if self.root.is_empty() || self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        format!("{}{dot}{}", self.root, self.path)
    }

    pub(crate) fn details(&self) -> Vec<(&'static str, String)> {
        vec![
            ("unexpected_fields", self.unexpected.join(",")),
            ("location", self.location()),
            ("expected_class", self.class.clone()),
        ]
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[String]| names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
        write!(
            f,
            "contract violation at {}: unexpected JSON field(s) [{}] (expected: [{}])",
            self.location(),
            list(&self.unexpected),
            list(&self.expected),
        )
    }
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => quote(&format!("{}...(truncated)", name.get(..end).unwrap_or_default())),
        None => quote(name),
    }
}

/// Python's `repr` of a string: single quotes, or double quotes if the text contains single quotes only.
fn quote(text: &str) -> String {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(mark);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c == mark || c == '\\' => quoted.extend(['\\', c]),
            c if is_printable(c) => quoted.push(c),
            c => {
                // Writing to a String cannot fail.
                let _ = match u32::from(c) {
                    code @ 0..0x100 => write!(quoted, "\\x{code:02x}"),
                    code @ 0x100..0x1_0000 => write!(quoted, "\\u{code:04x}"),
                    code => write!(quoted, "\\U{code:08x}"),
                };
            }
        }
    }
    quoted.push(mark);
    quoted
}

/// A text of a peer for an error text: characters that are not printable are escaped.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if is_printable(c) { printable.push(c) } else { printable.extend(c.escape_default()) }
    }
    Cow::Owned(printable)
}

/// Close to Python's `isprintable`. Characters that could control a terminal are never printable here.
fn is_printable(c: char) -> bool {
    c == ' ' || (!c.is_control() && !c.is_whitespace() && !c.escape_debug().to_string().starts_with("\\u"))
}

#[cfg(test)]
mod tests {
    use super::{cut, quote};

    #[test]
    fn names_are_quoted_as_python_quotes_them() {
        assert_eq!(quote("zap"), "'zap'");
        assert_eq!(quote("it's"), "\"it's\"");
        assert_eq!(quote("a'b\"c\\"), r#"'a\'b"c\\'"#);
        assert_eq!(quote("\n\u{1b}\u{202e}日\u{e0001}"), r"'\n\x1b\u202e日\U000e0001'");
    }

    #[test]
    fn long_names_are_cut_by_characters() {
        assert_eq!(cut(&"é".repeat(80)), format!("'{}'", "é".repeat(80)));
        assert_eq!(cut(&"é".repeat(81)), format!("'{}...(truncated)'", "é".repeat(80)));
    }
}
