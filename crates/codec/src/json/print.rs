//! Printing: the text of Python's `json.dumps` with compact separators, byte for byte.

use std::fmt::Write as _;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A string with its quotes; all but printable ASCII is escaped.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(needs_escape) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = tail.chars();
        if let Some(c) = chars.next() {
            write_escape(c, out);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Python's `ensure_ascii` escapes DEL too.
fn needs_escape(byte: u8) -> bool {
    !matches!(byte, b' '..=b'~') || byte == b'"' || byte == b'\\'
}

fn write_escape(c: char, out: &mut String) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    let nibble = usize::from(*unit >> shift & 15);
                    out.push(HEX.get(nibble).copied().map_or('0', char::from));
                }
            }
        }
    }
}

/// An integer in full.
pub(crate) fn write_int(value: i128, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = match i64::try_from(value) {
        Ok(small) => write!(out, "{small}"),
        Err(_) => write!(out, "{value}"),
    };
}

/// A float as Python's `repr`, the three special values bare.
pub(crate) fn write_float(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("NaN");
        return;
    }
    if value.is_infinite() {
        out.push_str(if value < 0.0 { "-Infinity" } else { "Infinity" });
        return;
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        // Shortest digits in positional notation, always with a fraction: that is what Debug prints.
        let _ = write!(out, "{value:?}");
        return;
    }
    let start = out.len();
    let _ = write!(out, "{value:e}");
    widen_exponent(start, out);
}

/// `1e16` to `1e+16`, `1e-7` to `1e-07`.
fn widen_exponent(start: usize, out: &mut String) {
    let Some(at) = out.get(start..).and_then(|text| text.find('e')) else {
        return;
    };
    let digits = start + at + 1;
    let negative = out.get(digits..).is_some_and(|text| text.starts_with('-'));
    if !negative {
        out.insert(digits, '+');
    }
    if out.len() - digits == 2 {
        out.insert(digits + 1, '0');
    }
}

#[cfg(test)]
mod tests {
    use super::{write_float, write_string};

    #[test]
    fn floats_print_as_python_does() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (3e-7, "3e-07"),
            (1.5e-7, "1.5e-07"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.234e22, "1.234e+22"),
            (1e300, "1e+300"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            let mut out = String::new();
            write_float(value, &mut out);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn strings_print_as_python_does() {
        let mut out = String::new();
        write_string("a\"\\\n\t\u{8}\u{1f}\u{7f}é日😀z", &mut out);
        assert_eq!(
            out,
            "\"a\\\"\\\\\\n\\t\\b\\u001f\\u007f\\u00e9\\u65e5\\ud83d\\ude00z\""
        );
    }
}
