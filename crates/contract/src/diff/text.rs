//! Prints a comparison for people: breaking changes first, each with its effects and advice.

use std::fmt::Write as _;

use super::side::Side;
use super::verdict::{Verdict, Verdicts};
use super::{Change, Identity, ServiceComparison};

/// The whole comparison.
pub(super) fn comparison(services: &[ServiceComparison]) -> String {
    let mut text = String::new();
    for service in services {
        let verdict = match (service.breaking, service.changes.is_empty()) {
            (true, _) => "breaking",
            (false, true) => "the same contract",
            (false, false) => "not breaking",
        };
        line(&mut text, 0, &format!("{} {}: {verdict}", service.service, versions(service)));
        if let (Some(old), Some(new)) = (&service.old, &service.new)
            && old.contract_id != new.contract_id
        {
            line(&mut text, 1, &format!("contract {} -> {}", short(old), short(new)));
        }
        for change in &service.changes {
            describe(&mut text, change);
        }
    }
    text
}

fn versions(service: &ServiceComparison) -> String {
    match (&service.old, &service.new) {
        (Some(old), Some(new)) if old.version != new.version => {
            format!("v{} -> v{}", old.version, new.version)
        }
        (Some(side), _) | (None, Some(side)) => format!("v{}", side.version),
        (None, None) => String::new(),
    }
}

fn short(identity: &Identity) -> &str {
    identity.contract_id.get(..16).unwrap_or(&identity.contract_id)
}

fn describe(text: &mut String, change: &Change) {
    let mark = if change.breaking { "breaking" } else { "fine    " };
    line(text, 1, &format!("{mark}  {}: {}", change.path, change.what));
    if !change.methods.is_empty() {
        line(text, 3, &format!("in {}", change.methods.join(", ")));
    }
    line(text, 3, &format!("stubs: {}", stubs(change)));
    let (xlang, json) = (change.effects.xlang, change.effects.json);
    if xlang == json {
        line(text, 3, &format!("unchecked calls: {}", calls(xlang)));
    } else {
        line(text, 3, &format!("unchecked XLANG calls: {}", calls(xlang)));
        line(text, 3, &format!("unchecked JSON calls: {}", calls(json)));
    }
    line(text, 3, &format!("do: {}", change.advice));
}

fn stubs(change: &Change) -> &'static str {
    let verdicts = change.effects.stubs;
    match (verdicts.old_clients, verdicts.new_clients) {
        (Verdict::Fails, Verdict::Fails) if !change.in_contract => {
            "old and new peers refuse each other (the exact schemas differ); Python, which compares only contract ids, does not notice the change"
        }
        (Verdict::Fails, Verdict::Fails) => "old and new peers refuse each other (the contract id changes)",
        (Verdict::Fails, _) => "old clients are refused",
        (_, Verdict::Fails) => "new clients are refused by old servers",
        _ if change.breaking => "accept each other (the contract id stays), but calls fail",
        _ => "accept each other (the contract id stays)",
    }
}

fn calls(verdicts: Verdicts) -> String {
    let word = |verdict| match verdict {
        Verdict::Works => "work",
        Verdict::Depends => "depend on the value",
        Verdict::Fails => "fail",
    };
    if verdicts.old_clients == verdicts.new_clients {
        return format!("{} in both directions", word(verdicts.old_clients));
    }
    let (old, new) = (word(verdicts.old_clients), word(verdicts.new_clients));
    format!("old clients with new servers {old}, new clients with old servers {new}")
}

/// The advice for a change.
pub(super) fn advice(change: &Change, old: &Side, new: &Side) -> String {
    let (version, next) = (old.version, old.version.saturating_add(1));
    let beside =
        format!("serve it as version {next} beside version {version} until no client calls the old one");
    let both = format!(
        "serve versions {version} and {} side by side until no client calls the old one",
        new.version
    );
    match change.kind {
        "version_changed" => both,
        _ if change.in_contract && old.version != new.version => "covered by the new version".to_owned(),
        "fields_reordered" => format!("restore the declared order; if it must change, {beside}"),
        "field_renamed" => {
            format!("keep the wire name, in TypeScript with .name({:?}); or {beside}", tail(&change.path))
        }
        "method_renamed" => format!("keep the wire name with {{ name: {:?} }}; or {beside}", change.path),
        "compatible_changed" => {
            "nothing to do while both sides have the same fields; other versions need compatible on both sides".to_owned()
        }
        "enum_members_changed" | "enum_json_changed" => {
            format!("keep the positions and JSON values of the members; or {beside}")
        }
        "default_added" | "default_changed" | "default_removed" => {
            "nothing to do: each peer uses its own default, and only if a member is missing".to_owned()
        }
        _ => beside,
    }
}

fn tail(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, name)| name)
}

/// Appends a line. Names come from foreign documents and the text is printed on terminals, so characters that could
/// control a terminal are escaped.
fn line(text: &mut String, depth: usize, words: &str) {
    for _ in 0..depth {
        text.push_str("  ");
    }
    for character in words.chars() {
        if character.is_control()
            || matches!(character, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}", character.escape_unicode());
        } else {
            text.push(character);
        }
    }
    text.push('\n');
}
