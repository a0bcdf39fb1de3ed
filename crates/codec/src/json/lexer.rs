//! Splits JSON text into a flat list of tokens. The token of a container has the number of tokens inside it.
//!
//! One pass checks the whole grammar, so later readers of the tokens never find malformed text. The grammar is
//! Python's: bare `NaN`, `Infinity` and `-Infinity`, integers of any size, no control characters in strings.
//! A lone surrogate is refused, because a message cannot contain one.

use std::borrow::Cow;

use crate::CodecError;
use crate::error::CodecResult;
use crate::limits::{Budget, PayloadLimits, cost, within};

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Null,
    True,
    False,
    Integer,
    Float,
    /// A string without escapes.
    Text,
    /// A string with escapes.
    Escaped,
    Array,
    Object,
}

/// A token. For a container `start` is the number of elements or members, `extent` the number of tokens inside.
/// For any other token `start` is the byte position of its text and `extent` the length in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: u32,
    pub(super) extent: u32,
}

/// A JSON text whose grammar was checked.
pub(super) struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
}

impl<'t> Document<'t> {
    pub(super) fn parse(text: &'t [u8], limits: PayloadLimits) -> Result<Self, CodecError> {
        within("bytes of JSON text", text.len(), u32::MAX as usize)?;
        let text =
            std::str::from_utf8(text).map_err(|_| CodecError::invalid("the JSON text is not UTF-8"))?;
        let mut lexer = Lexer {
            bytes: text.as_bytes(),
            at: 0,
            tokens: Vec::with_capacity(text.len() / 16 + 1),
            open: Vec::new(),
            budget: Budget::new(limits),
            elements: limits.elements,
        };
        lexer.document()?;
        let tokens = lexer.tokens;
        Ok(Self { text, tokens })
    }

    /// The text of a scalar token, unchanged.
    pub(super) fn raw(&self, token: Token) -> &'t str {
        let start = token.start as usize;
        self.text.get(start..start + token.extent as usize).unwrap_or_default()
    }

    /// The value of a string token.
    pub(super) fn string(&self, token: Token) -> Cow<'t, str> {
        let raw = self.raw(token);
        if token.kind == TokenKind::Escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) }
    }
}

struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
    tokens: Vec<Token>,
    /// Token indexes of the open containers, innermost last.
    open: Vec<usize>,
    budget: Budget,
    elements: usize,
}

impl Lexer<'_> {
    fn wrong(&self, expected: &str) -> CodecError {
        CodecError::invalid(format!("not JSON: expected {expected} at byte {}", self.at))
    }

    fn peek(&self) -> u8 {
        // 0 means end of text. A zero byte in the text is an error at every position, too.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn skip_if(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    fn push(&mut self, kind: TokenKind, start: usize, extent: usize) -> CodecResult {
        let (start, extent) = (start as u32, extent as u32);
        self.budget.charge(1, cost::TOKEN)?;
        self.tokens.push(Token { kind, start, extent });
        Ok(())
    }

    fn document(&mut self) -> CodecResult {
        self.spaces();
        self.value()?;
        // At the start of each iteration the position is after a value or after an opening bracket.
        while let Some(&container) = self.open.last() {
            self.next_part(container)?;
        }
        self.spaces();
        if self.at == self.bytes.len() {
            return Ok(());
        }
        Err(self.wrong("the end of the text"))
    }

    /// Reads the next element or member of the innermost container, or its closing bracket.
    fn next_part(&mut self, container: usize) -> CodecResult {
        self.spaces();
        let Some(token) = self.tokens.get(container).copied() else {
            return Err(self.wrong("a value"));
        };
        let object = token.kind == TokenKind::Object;
        if self.skip_if(if object { b'}' } else { b']' }) {
            self.close(container);
            return Ok(());
        }
        if token.start > 0 {
            if !self.skip_if(b',') {
                return Err(self.wrong("',' or the end of the container"));
            }
            self.spaces();
        }
        if let Some(token) = self.tokens.get_mut(container) {
            token.start += 1;
            within("elements in one collection", token.start as usize, self.elements)?;
        }
        if object {
            if !self.skip_if(b'"') {
                return Err(self.wrong("a member name"));
            }
            self.string()?;
            self.spaces();
            if !self.skip_if(b':') {
                return Err(self.wrong("':'"));
            }
            self.spaces();
        }
        self.value()
    }

    fn close(&mut self, container: usize) {
        let extent = self.tokens.len() - container - 1;
        if let Some(token) = self.tokens.get_mut(container) {
            token.extent = extent as u32;
        }
        self.open.pop();
        self.budget.leave();
    }

    /// Reads a scalar, or opens a container.
    fn value(&mut self) -> CodecResult {
        match self.peek() {
            b'{' => self.begin(TokenKind::Object),
            b'[' => self.begin(TokenKind::Array),
            b'"' => {
                self.at += 1;
                self.string()
            }
            b'-' | b'0'..=b'9' => self.number(),
            b'n' => self.word("null", TokenKind::Null),
            b't' => self.word("true", TokenKind::True),
            b'f' => self.word("false", TokenKind::False),
            b'N' => self.word("NaN", TokenKind::Float),
            b'I' => self.word("Infinity", TokenKind::Float),
            _ => Err(self.wrong("a value")),
        }
    }

    fn begin(&mut self, kind: TokenKind) -> CodecResult {
        self.at += 1;
        self.budget.enter(0)?;
        self.open.push(self.tokens.len());
        self.push(kind, 0, 0)
    }

    fn word(&mut self, word: &str, kind: TokenKind) -> CodecResult {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.wrong("a value"));
        }
        self.push(kind, self.at, word.len())?;
        self.at += word.len();
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> CodecResult {
        let start = self.at;
        let mut kind = TokenKind::Integer;
        self.skip_if(b'-');
        if self.peek() == b'I' {
            self.word("Infinity", TokenKind::Float)?;
            if let Some(token) = self.tokens.last_mut() {
                token.start -= 1;
                token.extent += 1;
            }
            return Ok(());
        }
        if !self.skip_if(b'0') && self.digits() == 0 {
            return Err(self.wrong("a digit"));
        }
        if self.skip_if(b'.') {
            kind = TokenKind::Float;
            if self.digits() == 0 {
                return Err(self.wrong("a digit"));
            }
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            kind = TokenKind::Float;
            if !self.skip_if(b'-') {
                self.skip_if(b'+');
            }
            if self.digits() == 0 {
                return Err(self.wrong("a digit"));
            }
        }
        self.push(kind, start, self.at - start)
    }

    /// Reads the rest of a string after its opening quote.
    fn string(&mut self) -> CodecResult {
        let start = self.at;
        let mut kind = TokenKind::Text;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let plain = rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20);
            self.at += plain.unwrap_or(rest.len());
            if self.skip_if(b'"') {
                return self.push(kind, start, self.at - 1 - start);
            }
            if !self.skip_if(b'\\') {
                return Err(self.wrong("the end of the string"));
            }
            kind = TokenKind::Escaped;
            self.escape()?;
        }
    }

    fn escape(&mut self) -> CodecResult {
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 1;
                Ok(())
            }
            b'u' => match self.unit()? {
                0xD800..0xDC00 if self.skip_if(b'\\') && self.peek() == b'u' => match self.unit()? {
                    0xDC00..0xE000 => Ok(()),
                    _ => Err(self.wrong("the second half of a surrogate pair")),
                },
                0xD800..0xE000 => Err(self.wrong("a whole surrogate pair")),
                _ => Ok(()),
            },
            _ => Err(self.wrong("an escape")),
        }
    }

    /// Reads `u` and four hexadecimal digits.
    fn unit(&mut self) -> Result<u16, CodecError> {
        let digits = self.bytes.get(self.at + 1..self.at + 5).unwrap_or_default();
        let unit = (digits.len() == 4).then(|| hex(digits)).flatten();
        let unit = unit.ok_or_else(|| self.wrong("four hexadecimal digits"))?;
        self.at += 5;
        Ok(unit)
    }
}

fn hex(digits: &[u8]) -> Option<u16> {
    let digit = |value: u16, byte: &u8| Some(value << 4 | char::from(*byte).to_digit(16)? as u16);
    digits.iter().try_fold(0, digit)
}

/// The value of a string whose escapes the lexer has checked.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, tail)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut chars = tail.chars();
        rest = match chars.next() {
            Some('u') => unescape_unit(tail, &mut text),
            Some(letter) => {
                text.push(match letter {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                });
                chars.as_str()
            }
            None => "",
        };
    }
    text.push_str(rest);
    text
}

/// Decodes `uXXXX`, or both escapes of a surrogate pair, and returns the rest of the text.
fn unescape_unit<'r>(tail: &'r str, text: &mut String) -> &'r str {
    let unit = |at: usize| tail.as_bytes().get(at..at + 4).and_then(hex).unwrap_or(0);
    let first = unit(1);
    let pair = [first, unit(7)];
    let (units, used) = if first >> 10 == 0x36 { (pair.as_slice(), 11) } else { (&pair[..1], 5) };
    text.extend(
        char::decode_utf16(units.iter().copied()).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
    );
    tail.get(used..).unwrap_or_default()
}
