//! A second opinion: Apache Fory's own crate writes and reads the same messages. `docs/interop.md#limits` lists what it does
//! otherwise, and `__test__/interop/rust-payloads.test.ts` has one test for each difference.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a panic is a failed test")]
#![allow(clippy::used_underscore_binding, reason = "in the code of the derive macro")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aster_codec::{Plan, Schema, Value};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use fory::{Fory, ForyObject};
use fory_core::error::Error;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// Where the two sides write the encoding of the namespace: `LOWER_SPECIAL` here and in Python, another one of the same
/// letters in the crate. Both read both.
const NAMESPACE_ENCODING: usize = 4;

#[derive(ForyObject, Debug, Clone, PartialEq)]
struct Numbers {
    flag: bool,
    tiny: i8,
    short: i16,
    int: i32,
    #[fory(compress = false)]
    fixed_int: i32,
    long: i64,
    byte: u8,
    word: u16,
    unsigned: u32,
    #[fory(compress = false)]
    fixed_unsigned: u32,
    wide: u64,
    #[fory(encoding = "fixed")]
    fixed_wide: u64,
    #[fory(encoding = "tagged")]
    tagged_wide: u64,
    single: f32,
    double: f64,
}

#[derive(ForyObject, Debug, Clone, PartialEq)]
struct Parts {
    data: Vec<u8>,
    day: NaiveDate,
    time: NaiveDateTime,
    // A Vec of numbers is a typed array; a VecDeque is a list.
    list: VecDeque<i64>,
    grid: Vec<VecDeque<i32>>,
    set: BTreeSet<i64>,
    map: BTreeMap<i64, bool>,
    maybe_flag: Option<bool>,
    maybe_long: Option<i64>,
    maybe_data: Option<Vec<u8>>,
    maybe_day: Option<NaiveDate>,
}

#[derive(ForyObject, Debug, Clone, PartialEq)]
struct Texts {
    text: String,
    list: Vec<String>,
    map: BTreeMap<String, Option<String>>,
    maybe: Option<String>,
}

/// A plan whose root 0 is a message `ns/M` with these fields.
fn message_plan(fields: &[(&str, Json)]) -> Plan {
    let fields: Vec<_> =
        fields.iter().map(|(name, r#type)| json!({ "name": name, "type": r#type })).collect();
    let descriptor = json!({
        "types": [{ "kind": "message", "tag": "ns/M", "namespace": "ns", "name": "M", "fields": fields }],
        "roots": [{ "message": 0 }],
    });
    let schema = Schema::from_json(&descriptor.to_string()).expect("a schema");
    Plan::compile(&schema).expect("a plan")
}

fn numbers_plan() -> Plan {
    let kinds = [
        ("flag", "bool"),
        ("tiny", "int8"),
        ("short", "int16"),
        ("int", "int32"),
        ("fixed_int", "fixedInt32"),
        ("long", "int"),
        ("byte", "uint8"),
        ("word", "uint16"),
        ("unsigned", "uint32"),
        ("fixed_unsigned", "fixedUint32"),
        ("wide", "uint64"),
        ("fixed_wide", "fixedUint64"),
        ("tagged_wide", "taggedUint64"),
        ("single", "float32"),
        ("double", "float"),
    ];
    message_plan(&kinds.map(|(name, kind)| (name, json!(kind))))
}

fn parts_plan() -> Plan {
    let optional = |kind: &str| json!({ "optional": kind });
    message_plan(&[
        ("data", json!("bytes")),
        ("day", json!("date")),
        ("time", json!("timestamp")),
        ("list", json!({ "list": "int" })),
        ("grid", json!({ "list": { "list": "int32" } })),
        ("set", json!({ "set": "int" })),
        ("map", json!({ "map": ["int", "bool"] })),
        ("maybe_flag", optional("bool")),
        ("maybe_long", optional("int")),
        ("maybe_data", optional("bytes")),
        ("maybe_day", optional("date")),
    ])
}

fn texts_plan() -> Plan {
    let maybe = || -> Json { json!({ "optional": "string" }) };
    message_plan(&[
        ("text", json!("string")),
        ("list", json!({ "list": "string" })),
        ("map", json!({ "map": ["string", maybe()] })),
        ("maybe", maybe()),
    ])
}

fn message(fields: Vec<Value>) -> Value {
    Value::Message { index: 0, fields }
}

fn int(value: impl Into<i128>) -> Value {
    Value::Int(value.into())
}

fn days(day: NaiveDate) -> Value {
    Value::Date(day.signed_duration_since(NaiveDate::default()).num_days() as i32)
}

fn list<T>(items: impl IntoIterator<Item = T>, value: impl Fn(T) -> Value) -> Value {
    Value::List(items.into_iter().map(value).collect())
}

fn maybe<T>(value: Option<T>, shown: impl Fn(T) -> Value) -> Value {
    value.map_or(Value::Null, shown)
}

impl Numbers {
    fn value(&self) -> Value {
        message(vec![
            Value::Bool(self.flag),
            int(self.tiny),
            int(self.short),
            int(self.int),
            int(self.fixed_int),
            int(self.long),
            int(self.byte),
            int(self.word),
            int(self.unsigned),
            int(self.fixed_unsigned),
            int(self.wide),
            int(self.fixed_wide),
            int(self.tagged_wide),
            Value::Float(self.single.into()),
            Value::Float(self.double),
        ])
    }
}

impl Parts {
    fn value(&self) -> Value {
        let time = self.time.and_utc();
        let one = self.clone();
        message(vec![
            Value::Bytes(one.data),
            days(one.day),
            Value::Timestamp { seconds: time.timestamp(), nanoseconds: time.timestamp_subsec_nanos() },
            list(one.list, int),
            list(one.grid, |row| list(row, int)),
            Value::Set(one.set.into_iter().map(int).collect()),
            Value::Map(one.map.into_iter().map(|(key, flag)| (int(key), Value::Bool(flag))).collect()),
            maybe(one.maybe_flag, Value::Bool),
            maybe(one.maybe_long, int),
            maybe(one.maybe_data, Value::Bytes),
            maybe(one.maybe_day, days),
        ])
    }
}

impl Texts {
    fn value(&self) -> Value {
        let one = self.clone();
        let entry = |(key, text)| (Value::Text(key), maybe(text, Value::Text));
        message(vec![
            Value::Text(one.text),
            list(one.list, Value::Text),
            Value::Map(one.map.into_iter().map(entry).collect()),
            maybe(one.maybe, Value::Text),
        ])
    }
}

fn codec<T: fory::Serializer + fory_core::serializer::StructSerializer + fory::ForyDefault + 'static>() -> Fory
{
    let mut codec = Fory::default().xlang(true).check_struct_version(true).track_ref(false);
    codec.register_by_namespace::<T>("ns", "M").expect("a type that is registered once");
    codec
}

/// Bytes whose only difference may be the encoding of the namespace.
fn same_encoding(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[NAMESPACE_ENCODING] = 0;
    bytes
}

prop_compose! {
    fn numbers()(
        (flag, tiny, short, int, fixed_int) in any::<(bool, i8, i16, i32, i32)>(),
        (long, byte, word, unsigned, fixed_unsigned) in any::<(i64, u8, u16, u32, u32)>(),
        (wide, fixed_wide, tagged_wide, single, double) in any::<(u64, u64, u64, f32, f64)>(),
    ) -> Numbers {
        Numbers {
            flag, tiny, short, int, fixed_int, long, byte, word, unsigned, fixed_unsigned, wide, fixed_wide,
            tagged_wide, single, double,
        }
    }
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (1..=9999_i32, 1..=366_u32)
        .prop_filter_map("a day of the year", |(year, day)| NaiveDate::from_yo_opt(year, day))
}

fn time() -> impl Strategy<Value = NaiveDateTime> {
    (-62_135_596_800..253_402_300_800_i64, 0..1_000_000_000_u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap().naive_utc())
}

prop_compose! {
    fn parts()(
        data in prop::collection::vec(any::<u8>(), 0..300),
        day in day(),
        time in time(),
        list in prop::collection::vec_deque(any::<i64>(), 0..20),
        grid in prop::collection::vec(prop::collection::vec_deque(any::<i32>(), 0..4), 0..4),
        set in prop::collection::btree_set(any::<i64>(), 0..10),
        map in prop::collection::btree_map(any::<i64>(), any::<bool>(), 0..10),
        (maybe_flag, maybe_long) in any::<(Option<bool>, Option<i64>)>(),
        maybe_data in prop::option::of(prop::collection::vec(any::<u8>(), 0..9)),
        maybe_day in prop::option::of(day()),
    ) -> Parts {
        Parts { data, day, time, list, grid, set, map, maybe_flag, maybe_long, maybe_data, maybe_day }
    }
}

prop_compose! {
    fn texts()(
        text in ".{0,200}",
        list in prop::collection::vec(".{0,9}", 0..5),
        map in prop::collection::btree_map(".{0,9}", prop::option::of(".{0,9}"), 0..5),
        maybe in prop::option::of(".{0,9}"),
    ) -> Texts {
        Texts { text, list, map, maybe }
    }
}

proptest! {
    #[test]
    fn numbers_have_the_same_bytes(numbers in numbers()) {
        let plan = numbers_plan();
        let ours = numbers.value().encode(&plan, 0).unwrap();
        let theirs = codec::<Numbers>().serialize(&numbers).unwrap();
        prop_assert_eq!(same_encoding(ours), same_encoding(theirs));
    }

    #[test]
    fn bytes_dates_and_collections_have_the_same_bytes(parts in parts()) {
        let plan = parts_plan();
        let ours = parts.value().encode(&plan, 0).unwrap();
        let codec = codec::<Parts>();
        let theirs = codec.serialize(&parts).unwrap();
        prop_assert_eq!(same_encoding(ours.clone()), same_encoding(theirs));
        let read: Result<Parts, Error> = codec.deserialize(&ours);
        prop_assert_eq!(read.unwrap(), parts);
    }

    /// The crate writes all texts as UTF-8, so only the values are the same.
    #[test]
    fn texts_of_each_side_are_read_by_the_other(texts in texts()) {
        let plan = texts_plan();
        let codec = codec::<Texts>();
        let read: Texts = codec.deserialize(&texts.value().encode(&plan, 0).unwrap()).unwrap();
        prop_assert_eq!(&read, &texts);
        let theirs = codec.serialize(&texts).unwrap();
        let value = Value::decode(&plan, 0, &theirs).unwrap();
        prop_assert_eq!(format!("{value:?}"), format!("{:?}", texts.value()));
    }
}
