//! Shared by the tests of this crate: reads the notation of types and values in the vector files.
#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::expect_used, clippy::panic, reason = "a panic is a failed test")]

pub(crate) mod targets;

use std::cell::RefCell;
use std::collections::HashMap;

use aster_codec::{Graph, Plan, Schema, Value};
use aster_testkit::hex;
use serde_json::{Value as Json, json};

/// A schema from a vector file: its plan, and the type tags that values use.
pub(crate) struct Types {
    pub(crate) plan: Plan,
    pub(crate) descriptor: Json,
    list: Vec<Json>,
    /// Shared values: the `$id` of the notation to the index in the graph, and the values.
    shared: RefCell<(HashMap<u64, usize>, Vec<Value>)>,
}

impl Types {
    /// Compiles the types of a case. `root` is the tag of the root message.
    pub(crate) fn compile(types: &Json, root: &str) -> Self {
        Self::compile_as(types, root, false, false)
    }

    /// Compiles the types of a case with these root options.
    pub(crate) fn compile_as(types: &Json, root: &str, refs: bool, compatible: bool) -> Self {
        let list = types.as_array().expect("types").clone();
        let index = |tag: &Json| {
            let found = list.iter().position(|declared| declared["tag"] == *tag);
            found.unwrap_or_else(|| panic!("no type {tag}"))
        };
        let mut declared: Vec<Json> = list.iter().map(|declared| declaration(declared, &index)).collect();
        let root = index(&json!(root));
        declared[root]["refs"] = json!(refs);
        declared[root]["compatible"] = json!(compatible);
        let root = json!({ "message": root });
        let descriptor = json!({ "types": declared, "roots": [root] });
        let plan = plan(&descriptor);
        Self { plan, descriptor, list, shared: RefCell::default() }
    }

    fn index(&self, tag: &Json) -> usize {
        self.list.iter().position(|declared| declared["tag"] == *tag).expect("a type of the case")
    }

    /// Reads a value in the notation of the vectors, with its shared values.
    pub(crate) fn graph(&self, json: &Json) -> Graph {
        let root = self.value(json);
        Graph { root, objects: self.shared.take().1 }
    }

    /// A shared value: it is built at its first occurrence, and each occurrence gives its index.
    fn identified(&self, number: u64, value: impl FnOnce() -> Value) -> Value {
        let at = {
            let mut shared = self.shared.borrow_mut();
            let at = shared.1.len();
            shared.0.insert(number, at);
            shared.1.push(Value::Null);
            at
        };
        let value = value();
        self.shared.borrow_mut().1[at] = value;
        Value::Shared(at)
    }

    /// Reads a value in the notation of the vectors.
    pub(crate) fn value(&self, json: &Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match number.as_i64() {
                Some(integer) => Value::Int(integer.into()),
                None => Value::Float(number.as_f64().expect("a number")),
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(|item| self.value(item)).collect()),
            Json::Object(members) => {
                let (word, inner) = members.iter().next().expect("a notation");
                match json["$id"].as_u64() {
                    Some(number) => self.identified(number, || self.special(word, inner, json)),
                    None => self.special(word, inner, json),
                }
            }
        }
    }

    fn special(&self, word: &str, inner: &Json, whole: &Json) -> Value {
        let text = || inner.as_str().expect("text");
        let items = || inner.as_array().expect("a list");
        match word {
            "$int" => Value::Int(text().parse().expect("an integer")),
            "$float" => Value::Float(text().parse().expect("a float")),
            "$bytes" => Value::Bytes(hex::decode(text())),
            "$list" => Value::List(items().iter().map(|item| self.value(item)).collect()),
            "$ref" => {
                let number = inner.as_u64().expect("a number");
                Value::Shared(self.shared.borrow().0[&number])
            }
            "$set" => Value::Set(items().iter().map(|item| self.value(item)).collect()),
            "$map" => Value::Map(
                items().iter().map(|entry| (self.value(&entry[0]), self.value(&entry[1]))).collect(),
            ),
            "$enum" => Value::Enum {
                index: self.index(inner),
                ordinal: whole["ordinal"].as_u64().expect("an ordinal") as usize,
            },
            "$struct" => self.message(self.index(inner), &whole["fields"]),
            "$date" => Value::Date(days(text())),
            "$datetime" => timestamp(text()),
            _ => panic!("unknown notation {word}"),
        }
    }

    /// A message whose fields are given by name.
    pub(crate) fn message(&self, index: usize, fields: &Json) -> Value {
        let declared = self.list[index]["fields"].as_array().expect("fields");
        let field = |field: &Json| {
            let name = field["name"].as_str().expect("a name");
            self.value(fields.get(name).unwrap_or_else(|| panic!("no value of {name}")))
        };
        Value::Message { index, fields: declared.iter().map(field).collect() }
    }
}

/// Compiles a descriptor and panics if it is refused.
pub(crate) fn plan(descriptor: &Json) -> Plan {
    let schema = Schema::from_json(&descriptor.to_string()).unwrap_or_else(|error| panic!("{error}"));
    Plan::compile(&schema).unwrap_or_else(|error| panic!("{error}"))
}

/// A plan whose root 0 is a message `ns/M` with these fields.
pub(crate) fn message_plan(fields: &[(&str, Json)]) -> Plan {
    let fields: Vec<Json> =
        fields.iter().map(|(name, r#type)| json!({ "name": name, "type": r#type })).collect();
    plan(&json!({
        "types": [{ "kind": "message", "tag": "ns/M", "namespace": "ns", "name": "M", "fields": fields }],
        "roots": [{ "message": 0 }],
    }))
}

fn declaration(declared: &Json, index: &dyn Fn(&Json) -> usize) -> Json {
    let tag = declared["tag"].as_str().expect("a tag");
    let (namespace, name) = tag.rsplit_once('/').unwrap_or(("", tag));
    if declared["kind"] == "enum" {
        return json!({
            "kind": "enum", "tag": tag, "namespace": namespace, "name": name,
            "members": declared["members"], "json": declared["values"],
        });
    }
    let field = |field: &Json| json!({ "name": field["name"], "type": r#type(&field["type"], index) });
    let fields: Vec<Json> = declared["fields"].as_array().expect("fields").iter().map(field).collect();
    json!({
        "kind": "message", "tag": tag, "namespace": namespace, "name": name, "fields": fields,
    })
}

fn r#type(notation: &Json, index: &dyn Fn(&Json) -> usize) -> Json {
    if let Some(word) = notation.as_str() {
        return json!(match word {
            "str" => "string",
            "datetime" => "timestamp",
            "list" => "anyList",
            "dict" => "anyMap",
            other => other,
        });
    }
    let (word, inner) = notation.as_object().expect("a type").iter().next().expect("a type");
    match word.as_str() {
        "struct" => json!({ "message": index(inner) }),
        "enum" => json!({ "enum": index(inner) }),
        "ref" => json!({ "shared": r#type(inner, index) }),
        "map" => json!({ "map": [r#type(&inner[0], index), r#type(&inner[1], index)] }),
        _ => json!({ word.as_str(): r#type(inner, index) }),
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
fn days(text: &str) -> i32 {
    let parts: Vec<i64> = text.split('-').map(|part| part.parse().expect("a date")).collect();
    let (year, month, day) = (parts[0], parts[1], parts[2]);
    let leap = |year: i64| i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let lengths = [31, 28 + leap(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: i64 = if year >= 1970 {
        (1970..year).map(|year| 365 + leap(year)).sum()
    } else {
        -(year..1970).map(|year| 365 + leap(year)).sum::<i64>()
    };
    let months: i64 = lengths.iter().take(month as usize - 1).sum();
    (years + months + day - 1) as i32
}

/// A point in time from `YYYY-MM-DDTHH:MM:SS[.ffffff]+00:00`.
fn timestamp(text: &str) -> Value {
    let (date, time) = text.split_once('T').expect("a timestamp");
    let time = time.strip_suffix("+00:00").expect("UTC");
    let (clock, micros) = time.split_once('.').unwrap_or((time, "0"));
    let clock: Vec<i64> = clock.split(':').map(|part| part.parse().expect("a time")).collect();
    Value::Timestamp {
        seconds: i64::from(days(date)) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2],
        nanoseconds: micros.parse::<u32>().expect("microseconds") * 1000,
    }
}
