//! The changes of messages, their fields, and enums.

use serde_json::Value;

use super::Change;
use super::side::{Enum, Field, Message, Side};
use super::verdict::{Effects, Reading, Verdict, Verdicts, stubs};

/// All changes of the messages and enums that both sides have.
pub(super) fn changes(old: &Side, new: &Side) -> Vec<Change> {
    let mut found = Vec::new();
    for (tag, before) in &old.messages {
        if let Some(after) = new.messages.get(tag).filter(|after| *after != before) {
            let type_use = TypeUse::of(tag, old, new);
            fields(&type_use, &before.fields, &after.fields, &mut found);
            if old.is_root(tag) || new.is_root(tag) {
                found.extend(options(&type_use, before, after));
            }
        }
    }
    for (tag, before) in &old.enums {
        if let Some(after) = new.enums.get(tag) {
            found.extend(members(&TypeUse::of(tag, old, new), before, after));
        }
    }
    found
}

/// A message or enum, and the methods whose messages contain it.
struct TypeUse<'a> {
    tag: &'a str,
    methods: Vec<String>,
    in_request: bool,
    in_response: bool,
}

impl<'a> TypeUse<'a> {
    fn of(tag: &'a str, old: &Side, new: &Side) -> Self {
        let mut type_use = Self { tag, methods: Vec::new(), in_request: false, in_response: false };
        for (name, request, response) in old.carriers(tag).into_iter().chain(new.carriers(tag)) {
            type_use.in_request |= request;
            type_use.in_response |= response;
            let parts = match (request, response) {
                (true, true) => "request and response",
                (true, false) => "request",
                _ => "response",
            };
            let words = format!("{name} ({parts})");
            if !type_use.methods.contains(&words) {
                type_use.methods.push(words);
            }
        }
        type_use
    }

    fn verdicts(&self, reading: Reading) -> Verdicts {
        reading.verdicts(self.in_request, self.in_response)
    }

    /// A change of the contract after which old and new peers refuse each other's XLANG payloads.
    fn change(&self, kind: &'static str, field: &str, what: String, json: Reading) -> Change {
        let effects =
            Effects { stubs: stubs(true), xlang: Verdicts::both(Verdict::Fails), json: self.verdicts(json) };
        Change::new(kind, format!("{}.{field}", self.tag), what, effects).of(self.methods.clone())
    }
}

/// Changes of root options. Neither the contract id nor the hash of a message contains them; exact schemas contain `refs`.
fn options(type_use: &TypeUse<'_>, old: &Message, new: &Message) -> Vec<Change> {
    let (Some(before), Some(after)) = (old.options, new.options) else { return Vec::new() };
    let works = Verdicts::both(Verdict::Works);
    let mut found = Vec::new();
    if before.refs != after.refs {
        let what = if after.refs { "tracks references now" } else { "does not track references any more" };
        let effects = Effects { stubs: works, xlang: Verdicts::both(Verdict::Depends), json: works };
        let change = Change::of_schemas("references_changed", type_use.tag, what, effects);
        found.push(change.of(type_use.methods.clone()));
    }
    if before.compatible != after.compatible {
        let what = if after.compatible { "is compatible now" } else { "is not compatible any more" };
        let effects = Effects { stubs: works, xlang: works, json: works };
        let change = Change::new("compatible_changed", type_use.tag, what, effects);
        found.push(change.of(type_use.methods.clone()));
    }
    found
}

fn fields(type_use: &TypeUse<'_>, old: &[Field], new: &[Field], found: &mut Vec<Change>) {
    let find = |fields: &[Field], name: &str| fields.iter().position(|field| field.name == name);
    let mut removed: Vec<&Field> = old.iter().filter(|field| find(new, &field.name).is_none()).collect();
    let mut added: Vec<&Field> = new.iter().filter(|field| find(old, &field.name).is_none()).collect();
    // A removed field and an added field with the same type and position are reported as one renamed field.
    removed.retain(|before| {
        let at = find(old, &before.name);
        let twin = added.iter().position(|after| find(new, &after.name) == at && same_type(before, after));
        let Some(after) = twin.map(|twin| added.remove(twin)) else { return true };
        let what = format!("field renamed to {:?}", after.name);
        let json = Reading::both(Verdict::Fails);
        found.push(type_use.change("field_renamed", &before.name, what, json));
        false
    });
    for field in removed {
        let what = format!("field removed ({})", type_of(field));
        let json = Reading::new(Verdict::Fails, missing(field));
        found.push(type_use.change("field_removed", &field.name, what, json));
    }
    for field in added {
        let what = format!("field added ({}{})", type_of(field), default_of(field));
        let json = Reading::new(missing(field), Verdict::Fails);
        found.push(type_use.change("field_added", &field.name, what, json));
    }
    for before in old {
        if let Some(after) = new.iter().find(|field| field.name == before.name) {
            found.extend(retyped(type_use, before, after));
            found.extend(defaulted(type_use, before, after));
        }
    }
    let order = |fields: &[Field], other: &[Field]| -> Vec<String> {
        let both = fields.iter().filter(|field| find(other, &field.name).is_some());
        both.map(|field| field.name.clone()).collect()
    };
    let (before, after) = (order(old, new), order(new, old));
    if before != after {
        let what = format!("fields reordered: {} were {}", after.join(", "), before.join(", "));
        let effects = Effects::calls(true, Verdicts::both(Verdict::Works));
        found.push(Change::new("fields_reordered", type_use.tag, what, effects).of(type_use.methods.clone()));
    }
}

/// Whether a JSON reader accepts a message without this field.
fn missing(field: &Field) -> Verdict {
    if field.default.is_some() || field.nullable { Verdict::Works } else { Verdict::Fails }
}

fn same_type(a: &Field, b: &Field) -> bool {
    match (&a.exact_type, &b.exact_type) {
        (Some(a), Some(b)) => a == b,
        _ => a.manifest_type == b.manifest_type,
    }
}

fn type_of(field: &Field) -> String {
    match (&field.exact_type, &field.manifest_type) {
        (Some(exact_type), _) => exact_type.to_string(),
        (None, Some(manifest_type)) => manifest_type.clone(),
        _ => "unknown type".to_owned(),
    }
}

fn default_of(field: &Field) -> String {
    field.default.as_ref().map(|value| format!(", default {value}")).unwrap_or_default()
}

fn retyped(type_use: &TypeUse<'_>, old: &Field, new: &Field) -> Option<Change> {
    if same_type(old, new) {
        return None;
    }
    let (Some(before), Some(after)) = (&old.exact_type, &new.exact_type) else {
        // One side has only the words of a manifest, and equal words can mean different types.
        if old.manifest_type.is_none() || new.manifest_type.is_none() {
            return None;
        }
        let what = format!("type changed from {} to {}", manifest_type(old), manifest_type(new));
        return Some(type_use.change("field_type_changed", &old.name, what, Reading::both(Verdict::Depends)));
    };
    let json = Reading::new(after.reads_json(before), before.reads_json(after));
    let (kind, what) = match (before.unwrapped(), after.unwrapped()) {
        ((a, false), (b, true)) if a == b => ("field_optional", format!("{a} became optional")),
        ((a, true), (b, false)) if a == b => ("field_required", format!("optional {a} became required")),
        _ => ("field_type_changed", format!("type changed from {before} to {after}")),
    };
    let mut change = type_use.change(kind, &old.name, what, json);
    if before.contract() == after.contract() {
        // The contract has the same word for both types. Only exact schemas distinguish them.
        change.in_contract = false;
    }
    Some(change)
}

fn manifest_type(field: &Field) -> &str {
    field.manifest_type.as_deref().unwrap_or_default()
}

/// Changes of defaults. A contract does not contain defaults. Every peer writes all fields, so a default is only used
/// for messages that are written by hand.
fn defaulted(type_use: &TypeUse<'_>, old: &Field, new: &Field) -> Option<Change> {
    let (kind, what, json) = match (&old.default, &new.default) {
        (None, Some(value)) => ("default_added", format!("default {value} added"), Verdict::Works),
        (Some(value), None) if new.nullable => {
            ("default_removed", format!("default {value} removed"), Verdict::Works)
        }
        (Some(value), None) => ("default_removed", format!("default {value} removed"), Verdict::Depends),
        (Some(before), Some(after)) if before != after => {
            ("default_changed", format!("default changed from {before} to {after}"), Verdict::Works)
        }
        _ => return None,
    };
    let works = Verdicts::both(Verdict::Works);
    let json = type_use.verdicts(Reading::new(json, Verdict::Works));
    let effects = Effects { stubs: works, xlang: works, json };
    let path = format!("{}.{}", type_use.tag, old.name);
    Some(Change::new(kind, path, what, effects).of(type_use.methods.clone()))
}

/// Changes of enums. A contract does not contain enums; exact schemas do. XLANG sends the position of a member in the
/// declaration.
fn members(type_use: &TypeUse<'_>, old: &Enum, new: &Enum) -> Option<Change> {
    let names = |side: &Enum| -> Vec<String> {
        if old.members.is_empty() || new.members.is_empty() {
            side.json.iter().map(Value::to_string).collect()
        } else {
            side.members.clone()
        }
    };
    let (before, after) = (names(old), names(new));
    let json_changed = old.json.iter().zip(&new.json).any(|(a, b)| a != b);
    if before == after && !json_changed {
        return None;
    }
    let common = before.iter().zip(&after).all(|(a, b)| a == b);
    let (kind, what, reading) = if common && before.len() < after.len() {
        let added = after.get(before.len()..).unwrap_or_default().join(", ");
        (
            "enum_member_added",
            format!("members added: {added}"),
            Reading::new(Verdict::Works, Verdict::Depends),
        )
    } else if common && before.len() > after.len() {
        let gone = before.get(after.len()..).unwrap_or_default().join(", ");
        (
            "enum_member_removed",
            format!("members removed: {gone}"),
            Reading::new(Verdict::Depends, Verdict::Works),
        )
    } else if before == after {
        ("enum_json_changed", "JSON values of members changed".to_owned(), Reading::both(Verdict::Works))
    } else {
        let what = format!("members changed from {} to {}", before.join(", "), after.join(", "));
        ("enum_members_changed", what, Reading::both(Verdict::Fails))
    };
    let json = if json_changed { Reading::both(Verdict::Fails) } else { reading };
    let effects =
        Effects { stubs: stubs(false), xlang: type_use.verdicts(reading), json: type_use.verdicts(json) };
    Some(Change::of_schemas(kind, type_use.tag, what, effects).of(type_use.methods.clone()))
}
