//! Changes of services and their methods.

use super::side::{Method, Side};
use super::verdict::{Effects, Verdict, Verdicts};
use super::{Change, ServiceComparison};

/// The changes of the service itself.
pub(super) fn service_changes(old: &Side, new: &Side) -> Vec<Change> {
    let mut found = Vec::new();
    let mut change = |kind, what: String, calls| {
        found.push(Change::new(kind, old.name.clone(), what, Effects::calls(true, calls)));
    };
    if old.version != new.version {
        let what = format!("version {} replaced by version {}", old.version, new.version);
        change("version_changed", what, Verdicts::both(Verdict::Fails));
    }
    if old.scope != new.scope {
        let what = format!("scope changed from {} to {}", old.scope, new.scope);
        change("scope_changed", what, Verdicts::both(Verdict::Fails));
    }
    if old.modes != new.modes {
        let what = format!("modes changed from [{}] to [{}]", old.modes.join(", "), new.modes.join(", "));
        change("modes_changed", what, Verdicts::both(Verdict::Depends));
    }
    found
}

/// The changes of its methods.
pub(super) fn changes(old: &Side, new: &Side) -> Vec<Change> {
    let mut found = Vec::new();
    let mut removed: Vec<&String> =
        old.methods.keys().filter(|name| !new.methods.contains_key(*name)).collect();
    let mut added: Vec<&String> =
        new.methods.keys().filter(|name| !old.methods.contains_key(*name)).collect();
    // One removed method and one added method with the same signature are reported as a renamed method.
    if let ([before], [after]) = (&removed[..], &added[..])
        && signature(old.methods.get(*before)) == signature(new.methods.get(*after))
    {
        let what = format!("method renamed to {after:?}");
        let effects = Effects::calls(true, Verdicts::both(Verdict::Fails));
        found.push(Change::new("method_renamed", (*before).clone(), what, effects));
        removed.clear();
        added.clear();
    }
    for name in removed {
        let effects = Effects::calls(true, Verdicts::new(Verdict::Fails, Verdict::Works));
        found.push(Change::new("method_removed", name.clone(), "method removed", effects));
    }
    for name in added {
        let effects = Effects::calls(true, Verdicts::new(Verdict::Works, Verdict::Fails));
        let what = format!("method added ({})", signature(new.methods.get(name)));
        found.push(Change::new("method_added", name.clone(), what, effects));
    }
    for (name, before) in &old.methods {
        if let Some(after) = new.methods.get(name) {
            found.extend(method(name, before, after));
        }
    }
    found
}

fn signature(method: Option<&Method>) -> String {
    method.map_or_else(String::new, |method| {
        format!("{}: {} -> {}", method.pattern, method.request, method.response)
    })
}

fn method(name: &str, old: &Method, new: &Method) -> Vec<Change> {
    let mut found = Vec::new();
    let mut change = |kind, what: String, calls: Verdicts, json: Verdict| {
        let effects = Effects { json: Verdicts::both(json), ..Effects::calls(true, calls) };
        found.push(Change::new(kind, name, what, effects));
    };
    let fails = Verdicts::both(Verdict::Fails);
    if old.pattern != new.pattern {
        let what = format!("pattern changed from {} to {}", old.pattern, new.pattern);
        change("pattern_changed", what, fails, Verdict::Fails);
    }
    if old.request != new.request {
        let what = format!("request changed from {} to {}", old.request, new.request);
        change("request_changed", what, fails, Verdict::Depends);
    }
    if old.response != new.response {
        let what = format!("response changed from {} to {}", old.response, new.response);
        change("response_changed", what, fails, Verdict::Depends);
    }
    let works = Verdicts::both(Verdict::Works);
    if old.idempotent != new.idempotent {
        let what = format!("idempotent changed from {} to {}", old.idempotent, new.idempotent);
        change("idempotent_changed", what, works, Verdict::Works);
    }
    if old.timeout != new.timeout {
        let what = format!("timeout changed from {} to {}", seconds(old.timeout), seconds(new.timeout));
        change("timeout_changed", what, works, Verdict::Works);
    }
    found
}

fn seconds(timeout: Option<f64>) -> String {
    timeout.map_or_else(|| "none".to_owned(), |seconds| format!("{seconds} s"))
}

/// The change that is reported if the ids differ and the documents do not contain the difference.
pub(super) fn undescribed(old: &Side, new: &Side) -> Change {
    let what = "the contracts differ in something that these documents do not describe: the types of nested \
                messages, or types for which manifests have no word of their own";
    let effects = Effects::calls(true, Verdicts::both(Verdict::Depends));
    Change::new("undescribed", old.name.clone(), what, effects).advise(format!(
        "compare documents made by `aster contract gen`, which describe all types, and then publish a change as \
         version {}",
        new.version.max(old.version).saturating_add(1)
    ))
}

/// A service that the new document does not have.
pub(super) fn service_removed(old: &Side) -> ServiceComparison {
    let effects = Effects::calls(true, Verdicts::new(Verdict::Fails, Verdict::Works));
    let mut change = Change::new("service_removed", old.name.clone(), "service removed", effects)
        .advise(format!("keep serving version {} until no client calls it any more", old.version));
    change.effects.stubs = Verdicts::new(Verdict::Fails, Verdict::Works);
    ServiceComparison {
        service: old.name.clone(),
        old: Some(old.identity()),
        new: None,
        breaking: true,
        changes: vec![change],
    }
}

/// A service that the old document does not have. It is not breaking, because no client calls it yet.
pub(super) fn service_added(new: &Side) -> ServiceComparison {
    let calls = Verdicts::new(Verdict::Works, Verdict::Fails);
    let effects = Effects { stubs: calls, xlang: calls, json: calls };
    let mut change = Change::new("service_added", new.name.clone(), "service added", effects)
        .advise("start servers that have it before clients that call it");
    change.breaking = false;
    ServiceComparison {
        service: new.name.clone(),
        old: None,
        new: Some(new.identity()),
        breaking: false,
        changes: vec![change],
    }
}
