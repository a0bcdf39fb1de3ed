//! A breach of the contract seen in JSON mode: members that no field has.
//!
//! Owns the wording, which peers of another language parse with their eyes: names are quoted as Python
//! quotes them, cut when long, and no more than a few are shown.

use std::fmt;

const MOST_NAMES: usize = 5;
const MOST_CHARACTERS: usize = 80;

/// Unknown members of one JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where in the message; empty at its root.
    pub path: String,
    /// Name of the message type at the root; empty when the root is no message.
    pub root: String,
    /// Name of the message type that the object stands for.
    pub class: String,
    /// The first few unknown members, cut and quoted.
    unexpected: Vec<String>,
    /// Fields that the type has, sorted.
    expected: Vec<String>,
}

impl Violation {
    /// A violation at the root of a message; `unexpected` in the order of the text.
    pub(crate) fn new(class: &str, unexpected: &[String], expected: impl Iterator<Item = String>) -> Self {
        let mut shown: Vec<String> = unexpected.iter().take(MOST_NAMES).map(|name| cut(name)).collect();
        if unexpected.len() > MOST_NAMES {
            shown.push(format!("...(+{} more)", unexpected.len() - MOST_NAMES));
        }
        let mut expected: Vec<String> = expected.collect();
        expected.sort_unstable();
        Self {
            path: String::new(),
            root: String::new(),
            class: class.to_owned(),
            unexpected: shown,
            expected,
        }
    }

    /// Where it happened, beginning with the type at the root: `Outer.inner[3]`.
    pub fn location(&self) -> String {
        let dot = if self.root.is_empty() || self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
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
    match name.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => quote(&format!("{}...(truncated)", name.get(..end).unwrap_or_default())),
        None => quote(name),
    }
}

/// Python's `repr` of a string: single quotes unless only those stand in it.
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
            c => quoted.push_str(&match u32::from(c) {
                code @ 0..0x100 => format!("\\x{code:02x}"),
                code @ 0x100..0x1_0000 => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    quoted.push(mark);
    quoted
}

/// Close to Python's `isprintable`: what must not reach a terminal is never called printable.
fn is_printable(c: char) -> bool {
    c == ' ' || (!c.is_control() && !c.is_whitespace() && !c.escape_debug().to_string().starts_with("\\u"))
}

#[cfg(test)]
mod tests {
    use super::Violation;

    fn violation(unexpected: &[&str]) -> Violation {
        let unexpected: Vec<String> = unexpected.iter().map(|name| (*name).to_owned()).collect();
        let mut violation = Violation::new("Address", &unexpected, ["zip", "city"].map(String::from).into_iter());
        violation.root = "Person".to_owned();
        violation.path = "past[0]".to_owned();
        violation
    }

    #[test]
    fn names_are_quoted_twice_in_the_message_and_once_in_the_details() {
        let violation = violation(&["zap", "new\nline"]);
        assert_eq!(
            violation.to_string(),
            r#"contract violation at Person.past[0]: unexpected JSON field(s) ["'zap'", "'new\\nline'"] (expected: ['city', 'zip'])"#
        );
        let details = violation.details();
        assert_eq!(details.first(), Some(&("unexpected_fields", r"'zap','new\nline'".to_owned())));
        assert_eq!(details.get(2), Some(&("expected_class", "Address".to_owned())));
    }

    #[test]
    fn long_names_are_cut_and_many_are_counted() {
        let long = "q".repeat(81);
        let shown = violation(&[&long, "b", "c", "d", "e", "f", "\u{202e}"]);
        let text = shown.to_string();
        assert!(text.contains(&format!("{}...(truncated)'", "q".repeat(80))), "{text}");
        assert!(text.contains("'...(+2 more)'"), "{text}");
        assert!(violation(&["\u{202e}"]).to_string().contains(r"\\u202e"));
    }
}
