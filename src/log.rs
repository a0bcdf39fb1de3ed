//! Log lines of the core: `tracing` events with targets that start with `aster` become LOG events of the ports.
//!
//! Shape: each line is sent to every port that owns a node, because a line does not name its node. Peers can cause
//! many lines, so their number per second is limited; omitted lines are counted, and the count is logged. Warnings
//! and errors have a limit of their own, so that other lines cannot suppress them.

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

/// Largest number of lines per second.
const LINES_PER_SECOND: u32 = 100;
const SECOND: Duration = Duration::from_secs(1);
/// The level when `ASTER_LOG` is not set or not valid.
const DEFAULT_LEVEL: LevelFilter = LevelFilter::INFO;

/// Installs the tracing subscriber, once.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let configured = std::env::var("ASTER_LOG").ok().and_then(|text| text.parse().ok());
        let level = configured.unwrap_or(DEFAULT_LEVEL);
        let log = Log { level, serious: Mutex::new(LineLimit::new()), other: Mutex::new(LineLimit::new()) };
        // Nothing else in this library sets a subscriber. A second copy of the addon has a subscriber of its own.
        let _ = tracing::subscriber::set_global_default(log);
    });
}

struct Log {
    level: LevelFilter,
    /// Limit for warnings and errors.
    serious: Mutex<LineLimit>,
    other: Mutex<LineLimit>,
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
        let (limit, level) = if *metadata.level() <= Level::WARN {
            (&self.serious, Level::WARN)
        } else {
            (&self.other, *metadata.level())
        };
        let counted = limit.lock().unwrap_or_else(PoisonError::into_inner).count_line(Instant::now());
        let Some(omitted) = counted else { return };
        if omitted > 0 {
            let fields = Map::from_iter([("lines".to_owned(), omitted.into())]);
            send(level, module_path!(), "log lines were omitted: too many in one second", &fields);
        }
        let mut fields = EventFields::default();
        event.record(&mut fields);
        send(*metadata.level(), metadata.target(), &fields.message, &fields.fields);
    }

    // Spans are not used: every event contains all of its fields.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn send(level: Level, target: &str, message: &str, fields: &Map<String, Value>) {
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
struct EventFields {
    message: String,
    fields: Map<String, Value>,
}

impl EventFields {
    fn put(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }
}

impl Visit for EventFields {
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

    // As text, because a JavaScript number cannot hold every 64-bit integer.
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.to_string().into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.to_string().into());
    }
}

/// Limit for the lines of the current second.
struct LineLimit {
    began: Instant,
    lines: u32,
    omitted: u64,
}

impl LineLimit {
    fn new() -> Self {
        Self { began: Instant::now(), lines: 0, omitted: 0 }
    }

    /// Counts a line. `None`: the limit is reached. Otherwise the number of lines that were omitted before this one.
    fn count_line(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.began) >= SECOND {
            self.began = now;
            self.lines = 0;
        }
        if self.lines >= LINES_PER_SECOND {
            self.omitted += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.omitted))
    }
}
