//! Prints a manifest exactly as Python's `json.dumps(document, indent=2)`.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter};

/// Prints the document in ASCII with an indentation of two spaces.
pub(super) fn pretty(document: &Value) -> String {
    let mut bytes = Vec::with_capacity(4096);
    let formatter = Python { pretty: PrettyFormatter::new() };
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    let written = document.serialize(&mut writer);
    debug_assert!(written.is_ok(), "a tree has string keys and a Vec cannot refuse bytes");
    String::from_utf8(bytes).unwrap_or_default()
}

struct Python {
    pretty: PrettyFormatter<'static>,
}

/// Forwards the named methods to the indenting formatter.
macro_rules! indented {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, writer: &mut W $(, $argument: $kind)*) -> io::Result<()> {
            self.pretty.$name(writer $(, $argument)*)
        })*
    };
}

impl Formatter for Python {
    indented! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(float_repr(value).as_bytes())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            if matches!(character, ' '..='~') {
                write!(writer, "{character}")?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

/// A finite float as Python prints it.
fn float_repr(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let exponent: i32 = exponent.parse().unwrap_or_default();
            format!("{digits}e{exponent:+03}")
        }
        None => text,
    }
}

/// Python's `repr` of bytes, which are given as hexadecimal digits.
pub(super) fn bytes_repr(digits: &str) -> String {
    let digit = |at: usize| digits.as_bytes().get(at).and_then(|digit| char::from(*digit).to_digit(16));
    let bytes: Vec<u8> = (0..digits.len() / 2)
        .filter_map(|at| Some((digit(2 * at)? << 4 | digit(2 * at + 1)?) as u8))
        .collect();
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = format!("b{quote}");
    for byte in bytes {
        match char::from(byte) {
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\\' => text.push_str("\\\\"),
            character if character == quote => {
                text.push('\\');
                text.push(character);
            }
            character @ ' '..='~' => text.push(character),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::{bytes_repr, float_repr};

    #[test]
    fn floats_print_as_python_prints_them() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (7.5, "7.5"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1e-4, "0.0001"),
            (3e-7, "3e-07"),
            (-2.5e-10, "-2.5e-10"),
            (5e-324, "5e-324"),
            (1e100, "1e+100"),
        ];
        for (value, text) in cases {
            assert_eq!(float_repr(value), text);
        }
    }

    #[test]
    fn bytes_print_as_python_prints_them() {
        for (digits, text) in [
            ("", "b''"),
            ("6869", "b'hi'"),
            ("27", "b\"'\""),
            ("2722", "b'\\'\"'"),
            ("090a0d5c00ff7f", "b'\\t\\n\\r\\\\\\x00\\xff\\x7f'"),
        ] {
            assert_eq!(bytes_repr(digits), text);
        }
    }
}
