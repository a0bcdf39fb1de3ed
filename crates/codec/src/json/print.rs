//! Prints JSON exactly as Python's `json.dumps` with compact separators.

use std::fmt::Write as _;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes a string with quotes. Every character that is not printable ASCII is escaped.
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

/// Whether Python's `ensure_ascii` escapes this byte; it also escapes DEL.
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

/// Writes an integer with all its digits.
pub(crate) fn write_int(value: i128, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = match i64::try_from(value) {
        Ok(small) => write!(out, "{small}"),
        Err(_) => write!(out, "{value}"),
    };
}

/// Writes a float as Python's `repr` does; NaN and the infinities without quotes.
pub(crate) fn write_float(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("NaN");
        return;
    }
    if value.is_infinite() {
        out.push_str(if value < 0.0 { "-Infinity" } else { "Infinity" });
        return;
    }
    let start = out.len();
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        // Rust's Debug prints the shortest digits in positional notation, always with a fraction, as Python does.
        let _ = write!(out, "{value:?}");
    } else {
        let _ = write!(out, "{value:e}");
    }
    if let Some(exact) = digits_of_a_tie(magnitude) {
        prefer_even(start, exact, value, out);
    }
    widen_exponent(start, out);
}

/// The exact decimal digits of a value that may lie exactly between two shortest texts. Only a value with few
/// binary fraction digits can: its exact decimal digits end in 5. `None` for any other value.
fn digits_of_a_tie(magnitude: f64) -> Option<u64> {
    const MANTISSA: u32 = 52;
    let bits = magnitude.to_bits();
    let mantissa = bits & ((1 << MANTISSA) - 1) | 1 << MANTISSA;
    let zeros = mantissa.trailing_zeros();
    // The value is `odd / 2^places`, so its digits are those of `odd * 5^places`.
    let places = 1075_u64.checked_sub(bits >> MANTISSA)?.checked_sub(u64::from(zeros))?;
    if places == 0 || places > 25 {
        return None;
    }
    (mantissa >> zeros)
        .checked_mul(5_u64.pow(places as u32))
        .filter(|digits| *digits >= 1_000_000_000_000_000)
}

/// If two shortest texts are equally near, Python prints the one whose last digit is even, provided that it parses
/// to the same value.
fn prefer_even(start: usize, exact: u64, value: f64, out: &mut String) {
    let Some(text) = out.get(start..) else {
        return;
    };
    let mantissa = text.split('e').next().unwrap_or_default();
    let Some(last) = mantissa.trim_end_matches(['0', '.']).len().checked_sub(1) else {
        return;
    };
    let shown = mantissa
        .bytes()
        .filter(u8::is_ascii_digit)
        .fold(0, |shown: u64, digit| shown.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
    let digit = mantissa.as_bytes().get(last).map_or(0, |byte| byte - b'0');
    // A tie exists only if the text has one digit less than `exact` and was rounded up to an odd digit.
    if digit % 2 == 0 || shown != exact / 10 + 1 {
        return;
    }
    let mut other = text.to_owned();
    other.replace_range(last..=last, char::from(b'0' + digit - 1).encode_utf8(&mut [0; 4]));
    if other.parse() == Ok(value) {
        out.truncate(start);
        out.push_str(&other);
    }
}

/// Python's exponents have a sign and two digits: changes `1e16` to `1e+16` and `1e-7` to `1e-07`.
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
            // Exactly between two shortest texts: the even one, unless only the odd one parses to the value.
            (189_203_948_326_380.0 + 0.125, "189203948326380.12"),
            (-1_847_926_031_912_148.0 - 0.25, "-1847926031912148.2"),
            (189_203_948_326_380.0 + 0.375, "189203948326380.38"),
            (2_f64.powi(-24), "5.960464477539063e-08"),
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
        assert_eq!(out, "\"a\\\"\\\\\\n\\t\\b\\u001f\\u007f\\u00e9\\u65e5\\ud83d\\ude00z\"");
    }
}
