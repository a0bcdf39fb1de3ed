//! The core's own words (`tracing` events of targets that start with `aster`), as LOG events of the ports.
//!
//! Shape: a line goes to each port that owns a node, because no line says which node it is about. Peers cause
//! many of them, so a second has room for so many; what was left out is counted and told. Warnings and errors have
//! room of their own: what peers cause must not hide them.

use std::fmt;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use aster_port::Event;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing::{Level, Metadata, Subscriber};

use crate::registry::{NODES, PORTS};

/// Lines that a second has room for.
const LINES: u32 = 100;
const SECOND: Duration = Duration::from_secs(1);
/// What `ASTER_LOG` says when it says nothing.
const DEFAULT_LEVEL: LevelFilter = LevelFilter::INFO;

/// Makes the core's words heard, once for the process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let asked = std::env::var("ASTER_LOG").ok().and_then(|text| text.parse().ok());
        let level = asked.unwrap_or(DEFAULT_LEVEL);
        let log = Log { level, grave: Mutex::new(Budget::new()), other: Mutex::new(Budget::new()) };
        // Nobody else in this library sets one; a second copy of the addon has a dispatcher of its own.
        let _ = tracing::subscriber::set_global_default(log);
    });
}

struct Log {
    level: LevelFilter,
    /// For warnings and errors.
    grave: Mutex<Budget>,
    other: Mutex<Budget>,
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level && metadata.target().starts_with("aster")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let metadata = event.metadata();
        let (budget, level) = if *metadata.level() <= Level::WARN {
            (&self.grave, Level::WARN)
        } else {
            (&self.other, *metadata.level())
        };
        let verdict = budget.lock().unwrap_or_else(PoisonError::into_inner).spend(Instant::now());
        let Some(missing) = verdict else { return };
        if missing > 0 {
            let fields = Map::from_iter([("lines".to_owned(), missing.into())]);
            tell(level, module_path!(), "log lines were left out: too many in a second", &fields);
        }
        let mut words = Words::default();
        event.record(&mut words);
        tell(*metadata.level(), metadata.target(), &words.message, &words.fields);
    }

    // Spans are not used: an event says all it has to say.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn tell(level: Level, target: &str, message: &str, fields: &Map<String, Value>) {
    let level = level.as_str().to_ascii_lowercase();
    let line = json!({ "level": level, "target": target, "message": message, "fields": fields }).to_string();
    let mut owners: Vec<_> = NODES.all().iter().map(|entry| entry.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    for port in owners.into_iter().filter_map(|owner| PORTS.get(owner).ok()) {
        port.port.push(Event::Log { json: line.clone() });
    }
}

/// The message and the fields of an event.
#[derive(Default)]
struct Words {
    message: String,
    fields: Map<String, Value>,
}

impl Words {
    fn put(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.message = text;
        } else {
            self.put(field, text.into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    // As text: a 64-bit integer is no number of JavaScript.
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.to_string().into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.to_string().into());
    }
}

/// What is left of a second's room for lines.
struct Budget {
    began: Instant,
    lines: u32,
    missing: u64,
}

impl Budget {
    fn new() -> Self {
        Self { began: Instant::now(), lines: 0, missing: 0 }
    }

    /// Takes room for a line: `None` when there is none, else how many were left out before it.
    fn spend(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.began) >= SECOND {
            self.began = now;
            self.lines = 0;
        }
        if self.lines >= LINES {
            self.missing += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.missing))
    }
}
