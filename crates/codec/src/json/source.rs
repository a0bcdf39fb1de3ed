//! Converts JSON text to XLANG: a source of the encoder that reads tokens.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::lexer::{Document, Token, TokenKind};
use crate::CodecError;
use crate::encode::encode;
use crate::limits::PayloadLimits;
use crate::plan::{BodyPlan, Plan, TypePlan};
use crate::schema::EnumValue;
use crate::sink::XlangForm;
use crate::source::{Identity, Source, ValueKind};
use crate::violation::Violation;

/// Converts JSON text to plain XLANG of root `root`, or with `presence_flags` to presence-flagged XLANG.
///
/// Shape: in presence-flagged XLANG a field that has a default is `01` and the value, or only `00` if the text has no
/// such member (docs/plan.md). These bytes are for TypeScript and are never sent to a peer.
/// Errors: the text is not Python's JSON, a value has the wrong JSON type, a member is missing. Unknown members are a
/// [`CodecError::Violation`].
pub fn json_to_xlang(
    plan: &Plan,
    root: usize,
    text: &[u8],
    presence_flags: bool,
) -> Result<Vec<u8>, CodecError> {
    json_to_xlang_within(plan, root, text, presence_flags, PayloadLimits::DEFAULT)
}

/// Like [`json_to_xlang`], within the given limits.
pub fn json_to_xlang_within(
    plan: &Plan,
    root: usize,
    text: &[u8],
    presence_flags: bool,
    limits: PayloadLimits,
) -> Result<Vec<u8>, CodecError> {
    let document = Document::parse(text, limits)?;
    let value = JsonValue { document: &document, at: 0, key: false };
    let form = if presence_flags { XlangForm::PresenceFlagged } else { XlangForm::Plain };
    encode(plan, root, value, form, text.len() / 2 + 32, limits).map_err(|error| match error {
        CodecError::Violation(mut violation) => {
            violation.root = root_name(plan, root);
            CodecError::Violation(violation)
        }
        other => other,
    })
}

fn root_name(plan: &Plan, root: usize) -> String {
    let index = match plan.roots.get(root).map(|root| &root.node.shape) {
        Some(crate::plan::Shape::Message { index, .. }) => *index,
        _ => return String::new(),
    };
    plan.types.get(index).map(|plan| plan.name.clone()).unwrap_or_default()
}

/// A token that is read as a value, or as a map key if `key` is true. JSON keys are strings, so a key that is a
/// number or a bool is read from the text of a string.
#[derive(Clone, Copy)]
struct JsonValue<'d> {
    document: &'d Document<'d>,
    at: usize,
    key: bool,
}

fn must_be(what: &str) -> CodecError {
    CodecError::invalid(format!("must be {what}"))
}

fn no_form(what: &str) -> CodecError {
    CodecError::invalid(format!("{what} has no JSON form"))
}

impl<'d> JsonValue<'d> {
    fn token(self) -> Token {
        let missing = Token { kind: TokenKind::Null, start: 0, extent: 0 };
        self.document.tokens.get(self.at).copied().unwrap_or(missing)
    }

    /// The value after this one.
    fn next(self) -> Self {
        let token = self.token();
        let inside = match token.kind {
            TokenKind::Array | TokenKind::Object => token.extent as usize,
            _ => 0,
        };
        Self { at: self.at + 1 + inside, ..self }
    }

    fn text_or_none(self) -> Option<Cow<'d, str>> {
        let token = self.token();
        matches!(token.kind, TokenKind::Text | TokenKind::Escaped).then(|| self.document.string(token))
    }

    /// The text of a number: of a number token, or of the string that contains it as a map key.
    fn number(self) -> Option<(Cow<'d, str>, TokenKind)> {
        if !self.key {
            let token = self.token();
            let number = matches!(token.kind, TokenKind::Integer | TokenKind::Float);
            return number.then(|| (Cow::Borrowed(self.document.raw(token)), token.kind));
        }
        let text = self.text_or_none()?;
        let kind = {
            let inner = Document::parse(text.as_bytes(), PayloadLimits::DEFAULT).ok()?;
            match inner.tokens.as_slice() {
                // The number must be the whole text: spaces around it are not allowed in a key.
                [token] if token.extent as usize == text.len() => token.kind,
                _ => return None,
            }
        };
        matches!(kind, TokenKind::Integer | TokenKind::Float).then_some((text, kind))
    }

    /// Members of an object: name and value, in the order of the text.
    fn members(self) -> Option<impl Iterator<Item = (Self, Self)> + Clone> {
        let token = self.token();
        (token.kind == TokenKind::Object).then(|| {
            let mut at = Self { at: self.at + 1, ..self };
            (0..token.start).map(move |_| {
                let name = Self { key: true, ..at };
                let value = Self { at: at.at + 1, key: false, ..at };
                at = value.next();
                (name, value)
            })
        })
    }
}

/// Elements of an array.
#[derive(Clone)]
struct Elements<'d> {
    next: JsonValue<'d>,
    left: usize,
}

impl<'d> Iterator for Elements<'d> {
    type Item = JsonValue<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let element = self.next;
        self.next = element.next();
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Elements<'_> {}

impl Source for JsonValue<'_> {
    fn kind(self) -> ValueKind {
        match self.token().kind {
            TokenKind::Null => ValueKind::Null,
            TokenKind::True | TokenKind::False => ValueKind::Bool,
            TokenKind::Integer => ValueKind::Int,
            TokenKind::Float => ValueKind::Float,
            TokenKind::Text | TokenKind::Escaped => ValueKind::Text,
            TokenKind::Array => ValueKind::List,
            TokenKind::Object => ValueKind::Map,
        }
    }

    fn bool(self) -> Result<bool, CodecError> {
        if self.key {
            return match self.text_or_none().as_deref() {
                Some("true") => Ok(true),
                Some("false") => Ok(false),
                _ => Err(must_be("\"true\" or \"false\"")),
            };
        }
        match self.token().kind {
            TokenKind::True => Ok(true),
            TokenKind::False => Ok(false),
            _ => Err(must_be("true or false")),
        }
    }

    fn int(self) -> Result<i128, CodecError> {
        match self.number() {
            // 40 characters are enough for every integer type, so a longer text is out of range.
            Some((text, TokenKind::Integer)) if text.len() <= 40 => {
                text.parse().map_err(|_| CodecError::invalid("the integer is out of range"))
            }
            Some((_, TokenKind::Integer)) => Err(CodecError::invalid("the integer is out of range")),
            _ => Err(must_be("an integer")),
        }
    }

    fn float(self) -> Result<f64, CodecError> {
        let Some((text, kind)) = self.number() else {
            return Err(must_be("a number"));
        };
        let value: f64 = text.parse().map_err(|_| must_be("a number"))?;
        if kind == TokenKind::Integer && value.is_infinite() {
            return Err(CodecError::invalid("the integer is out of range"));
        }
        Ok(value)
    }

    fn text<'s>(self) -> Result<Cow<'s, str>, CodecError>
    where
        Self: 's,
    {
        // The result borrows from the document, which lives longer than `'s`.
        self.text_or_none().ok_or_else(|| must_be("a string"))
    }

    fn bytes<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's,
    {
        Err(no_form("a byte string"))
    }

    fn base64<'s>(self) -> Result<Cow<'s, [u8]>, CodecError>
    where
        Self: 's,
    {
        let text = self.text_or_none().ok_or_else(|| must_be("base64 text"))?;
        STANDARD.decode(text.as_bytes()).map(Cow::Owned).map_err(|_| must_be("base64 text"))
    }

    fn identity(self) -> Option<Identity> {
        match self.token().kind {
            TokenKind::True => Some(Identity::Bool(true)),
            TokenKind::False => Some(Identity::Bool(false)),
            _ => None,
        }
    }

    fn array<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's,
    {
        Err(no_form("a typed array"))
    }

    fn extension<'s>(self) -> Result<&'s [u8], CodecError>
    where
        Self: 's,
    {
        Err(no_form("a value of an extension"))
    }

    fn date(self) -> Result<i32, CodecError> {
        Err(no_form("a date"))
    }

    fn timestamp(self) -> Result<(i64, u32), CodecError> {
        Err(no_form("a timestamp"))
    }

    fn ordinal(self, _: usize, values: &[EnumValue]) -> Result<usize, CodecError> {
        let text = self.text_or_none();
        let number = self.int().ok();
        let is_value = |value: &EnumValue| match value {
            EnumValue::Text(own) => text.as_deref() == Some(own),
            EnumValue::Integer(own) => number == Some(i128::from(*own)),
        };
        values.iter().position(is_value).ok_or_else(|| must_be("the value of a member"))
    }

    fn items(self, set: bool) -> Result<impl ExactSizeIterator<Item = Self> + Clone, CodecError> {
        if set {
            return Err(no_form("a set"));
        }
        let token = self.token();
        if token.kind != TokenKind::Array {
            return Err(must_be("a list"));
        }
        let next = Self { at: self.at + 1, ..self };
        Ok(Elements { next, left: token.start as usize })
    }

    fn entries_to_sort(self) -> usize {
        let token = self.token();
        if token.kind == TokenKind::Object { token.start as usize } else { 0 }
    }

    fn entries(self) -> Result<Vec<(Self, Self)>, CodecError> {
        let members = self.members().ok_or_else(|| must_be("an object"))?;
        Ok(last_of_each_name(members.collect()))
    }

    fn fields(self, _: usize, plan: &TypePlan, slots: &mut Vec<Option<Self>>) -> Result<(), CodecError> {
        let BodyPlan::Message(message) = &plan.body else {
            return Err(must_be("an object"));
        };
        let members = self.members().ok_or_else(|| must_be("an object"))?;
        let base = slots.len();
        slots.resize(base + message.fields.len(), None);
        let mut unexpected = Vec::new();
        let mut likely = 0;
        for (name, value) in members {
            let name = name.text()?;
            // Most texts have their members in declaration order, so the next field is tried before the lookup.
            let position = match message.fields.get(likely) {
                Some(field) if field.name == name => Some(likely),
                _ => message.by_name.get(name.as_ref()).copied(),
            };
            match position.and_then(|position| slots.get_mut(base + position)) {
                Some(slot) => {
                    *slot = Some(value);
                    likely = position.unwrap_or(likely) + 1;
                }
                None => unexpected.push(name),
            }
        }
        if unexpected.is_empty() {
            return Ok(());
        }
        let mut distinct = HashSet::new();
        unexpected.retain(|name| distinct.insert(name.clone()));
        Err(CodecError::Violation(Box::new(Violation::new(plan, message, &unexpected))))
    }

    fn label(self) -> String {
        self.text_or_none().unwrap_or_default().chars().take(80).collect()
    }
}

/// Removes repeated names: one member for each name, in the order of first occurrence, with its last value.
fn last_of_each_name<'d>(
    members: Vec<(JsonValue<'d>, JsonValue<'d>)>,
) -> Vec<(JsonValue<'d>, JsonValue<'d>)> {
    const FEW: usize = 8;
    let text = |name: &JsonValue<'d>| name.text_or_none().unwrap_or_default();
    if members.len() <= FEW {
        let repeats = |(index, (name, _)): (usize, &(JsonValue<'d>, _))| {
            members.iter().take(index).any(|(earlier, _)| text(earlier) == text(name))
        };
        if !members.iter().enumerate().any(repeats) {
            return members;
        }
    }
    let mut places = HashMap::with_capacity(members.len());
    let mut kept: Vec<(JsonValue<'d>, JsonValue<'d>)> = Vec::with_capacity(members.len());
    for (name, value) in members {
        let place = *places.entry(text(&name)).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(earlier) => earlier.1 = value,
            None => kept.push((name, value)),
        }
    }
    kept
}
