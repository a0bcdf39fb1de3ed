//! The messages of `__test__/interop/languages/messages.ts`, and a sample of each.

#![allow(clippy::struct_field_names, reason = "names that the tests of all languages share")]

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use fory::{Fory, ForyObject};
use serde_json::{Value, json};

use crate::Answer;
use crate::view::{Show, Viewer};

/// The messages whose references are tracked.
pub const TRACKED: [&str; 3] = ["Twins", "Ring", "Crowd"];
/// The messages that may have other fields at the peer.
pub const COMPATIBLE: [&str; 3] = ["Meter", "Reading", "Evolved"];

#[derive(ForyObject, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    Red,
    DeepBlue,
    Green,
}

impl Show for Color {
    fn show(&self, _: &mut Viewer) -> Value {
        json!(match self {
            Self::Red => "RED",
            Self::DeepBlue => "DEEP_BLUE",
            Self::Green => "GREEN",
        })
    }
}

/// Declares the messages. For each one: its name on the wire, its fields, and its sample.
macro_rules! messages {
    ($($namespace:literal / $wire:literal $name:ident { $($(#[$meta:meta])* $field:ident: [$($type:tt)*],)* } = $sample:expr;)*) => {
        $(
            #[derive(ForyObject)]
            pub struct $name { $($(#[$meta])* pub $field: $($type)*,)* }

            impl Show for $name {
                fn show(&self, viewer: &mut Viewer) -> Value {
                    viewer.message(&[$((stringify!($field), &self.$field),)*])
                }
            }
        )*

        /// Registers all messages under their names.
        pub fn register(codec: &mut Fory) -> Result<(), fory_core::error::Error> {
            codec.register_by_namespace::<Color>("interop", "Color")?;
            $(codec.register_by_namespace::<$name>($namespace, $wire)?;)*
            Ok(())
        }

        /// Decodes bytes into the message of that name, or takes its sample; shows and encodes it.
        pub fn answer(codec: &Fory, name: &str, sent: Option<&[u8]>) -> Answer {
            match name {
                $(stringify!($name) => {
                    let value: $name = match sent {
                        Some(bytes) => codec.deserialize(bytes)?,
                        None => $sample,
                    };
                    Ok((value.show(&mut Viewer::default()), codec.serialize(&value)))
                })*
                _ => Err(fory_core::error::Error::unknown(format!("no type {name}"))),
            }
        }
    };
}

fn text(value: &str) -> String {
    value.to_owned()
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| text(value)).collect()
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

fn time(micros: i64) -> NaiveDateTime {
    DateTime::from_timestamp_micros(micros).unwrap_or_default().naive_utc()
}

fn items() -> Vec<Box<dyn Any>> {
    vec![Box::new(text("a")), Box::new(1_i64 << 60)]
}

fn point() -> Point {
    Point { x: 1, y: -1 }
}

messages! {
    "interop"/"Empty" Empty {} = Empty {};
    "interop"/"Bool" Bool { value: [bool], } = Bool { value: true };
    "interop"/"Int8" Int8 { value: [i8], } = Int8 { value: -128 };
    "interop"/"Int16" Int16 { value: [i16], } = Int16 { value: -32768 };
    "interop"/"Int32" Int32 { value: [i32], } = Int32 { value: i32::MIN };
    "interop"/"FixedInt32" FixedInt32 { #[fory(compress = false)] value: [i32], } = FixedInt32 { value: -2 };
    "interop"/"Int64" Int64 { value: [i64], } = Int64 { value: i64::MIN };
    "interop"/"FixedInt64" FixedInt64 { #[fory(encoding = "fixed")] value: [i64], } = FixedInt64 { value: -3 };
    "interop"/"TaggedInt64" TaggedInt64 { #[fory(encoding = "tagged")] value: [i64], } = TaggedInt64 { value: 1 << 30 };
    "interop"/"Uint8" Uint8 { value: [u8], } = Uint8 { value: 200 };
    "interop"/"Uint16" Uint16 { value: [u16], } = Uint16 { value: 60000 };
    "interop"/"Uint32" Uint32 { value: [u32], } = Uint32 { value: 4_000_000_000 };
    "interop"/"FixedUint32" FixedUint32 { #[fory(compress = false)] value: [u32], } = FixedUint32 { value: 4_000_000_000 };
    "interop"/"Uint64" Uint64 { value: [u64], } = Uint64 { value: u64::MAX };
    "interop"/"FixedUint64" FixedUint64 { #[fory(encoding = "fixed")] value: [u64], } = FixedUint64 { value: u64::MAX };
    "interop"/"TaggedUint64" TaggedUint64 { #[fory(encoding = "tagged")] value: [u64], } = TaggedUint64 { value: 1 << 31 };
    "interop"/"Float32" Float32 { value: [f32], } = Float32 { value: 0.1 };
    "interop"/"Float64" Float64 { value: [f64], } = Float64 { value: 0.1 };
    "interop"/"Text" Text { value: [String], } = Text { value: text("héllo €") };
    "interop"/"LongText" LongText { value: [String], } = LongText { value: "x".repeat(5000) };
    "interop"/"Bytes" Bytes { value: [Vec<u8>], } = Bytes { value: vec![0, 1, 255] };
    "interop"/"Day" Day { value: [NaiveDate], } = Day { value: day(1969, 12, 31) };
    "interop"/"Time" Time { value: [NaiveDateTime], } = Time { value: time(-500_000) };
    "interop"/"Paint" Paint { value: [Color], } = Paint { value: Color::Green };
    "interop"/"Optionals" Optionals {
        flag: [Option<bool>],
        medium: [Option<i32>],
        wide: [Option<i64>],
        ratio: [Option<f64>],
        text: [Option<String>],
        data: [Option<Vec<u8>>],
        day: [Option<NaiveDate>],
        time: [Option<NaiveDateTime>],
        color: [Option<Color>],
        texts: [Option<Vec<String>>],
    } = Optionals {
        flag: Some(true),
        medium: None,
        wide: Some(-5),
        ratio: Some(0.5),
        text: None,
        data: Some(vec![7]),
        day: None,
        time: Some(time(1_000_000)),
        color: Some(Color::DeepBlue),
        texts: None,
    };
    "interop"/"TextList" TextList { value: [Vec<String>], } = TextList { value: texts(&["a", "é", "€"]) };
    // A Vec of numbers or booleans is a typed array; a VecDeque is a list.
    "interop"/"Int64List" Int64List { value: [VecDeque<i64>], } = Int64List { value: VecDeque::from([1, -1, i64::MAX]) };
    "interop"/"Int32ItemList" Int32ItemList { value: [VecDeque<i32>], } = Int32ItemList { value: VecDeque::from([1, -1]) };
    "interop"/"FloatList" FloatList { value: [VecDeque<f64>], } = FloatList { value: VecDeque::from([0.5, f64::NAN]) };
    "interop"/"BoolList" BoolList { value: [VecDeque<bool>], } = BoolList { value: VecDeque::from([true, false]) };
    "interop"/"BytesList" BytesList { value: [Vec<Vec<u8>>], } = BytesList { value: vec![vec![1], vec![]] };
    "interop"/"DayList" DayList { value: [Vec<NaiveDate>], } = DayList { value: vec![day(1970, 1, 1)] };
    "interop"/"TimeList" TimeList { value: [Vec<NaiveDateTime>], } = TimeList { value: vec![time(0)] };
    "interop"/"Grid" Grid { value: [Vec<VecDeque<i64>>], }
        = Grid { value: vec![VecDeque::from([1]), VecDeque::new(), VecDeque::from([2, 3])] };
    "interop"/"Gaps" Gaps { value: [Vec<Option<String>>], } = Gaps { value: vec![Some(text("a")), None, Some(text("b"))] };
    "interop"/"Paints" Paints { value: [Vec<Color>], } = Paints { value: vec![Color::Green, Color::Red] };
    "interop"/"TextSet" TextSet { value: [BTreeSet<String>], } = TextSet { value: texts(&["a", "b"]).into_iter().collect() };
    "interop"/"Int64Set" Int64Set { value: [BTreeSet<i64>], } = Int64Set { value: BTreeSet::from([2, 3]) };
    "interop"/"TextToInt64" TextToInt64 { value: [BTreeMap<String, i64>], }
        = TextToInt64 { value: BTreeMap::from([(text("a"), 1)]) };
    "interop"/"LongMap" LongMap { value: [BTreeMap<String, i64>], }
        = LongMap { value: (0..300).map(|index| (format!("k{index}"), index)).collect() };
    "interop"/"TextToText" TextToText { value: [BTreeMap<String, String>], }
        = TextToText { value: BTreeMap::from([(text("a"), text("b"))]) };
    "interop"/"Int64ToText" Int64ToText { value: [BTreeMap<i64, String>], }
        = Int64ToText { value: BTreeMap::from([(-1, text("minus one"))]) };
    "interop"/"TextToFloat" TextToFloat { value: [BTreeMap<String, f64>], }
        = TextToFloat { value: BTreeMap::from([(text("a"), 0.5)]) };
    "interop"/"TextToBool" TextToBool { value: [BTreeMap<String, bool>], }
        = TextToBool { value: BTreeMap::from([(text("a"), true)]) };
    "interop"/"TextToList" TextToList { value: [BTreeMap<String, Vec<String>>], }
        = TextToList { value: BTreeMap::from([(text("a"), texts(&["b", "c"]))]) };
    "interop"/"TextToGap" TextToGap { value: [BTreeMap<String, Option<String>>], }
        = TextToGap { value: BTreeMap::from([(text("a"), None)]) };
    "interop"/"TextToPaint" TextToPaint { value: [BTreeMap<String, Color>], }
        = TextToPaint { value: BTreeMap::from([(text("a"), Color::DeepBlue)]) };
    "interop"/"Point" Point { x: [i64], y: [i64], } = point();
    // A message in a field has type info, which the crate writes only before a value of any type.
    "interop"/"Nested" Nested { value: [Box<dyn Any>], } = Nested { value: Box::new(point()) };
    "interop"/"MaybeNested" MaybeNested { value: [Option<Box<dyn Any>>], }
        = MaybeNested { value: Some(Box::new(point())) };
    "interop"/"Points" Points { value: [Vec<Point>], } = Points { value: vec![point(), point()] };
    "interop"/"TextToPoint" TextToPoint { value: [BTreeMap<String, Point>], }
        = TextToPoint { value: BTreeMap::from([(text("a"), point())]) };
    "interop"/"Tree" Tree { name: [String], children: [Vec<Tree>], first: [Option<Box<dyn Any>>], }
        = Tree { name: text("root"), children: Vec::new(), first: None };
    "interop"/"Invoice" Invoice {
        invoice_id: [String],
        amount_cents: [i64],
        tax_rate: [f64],
        is_paid: [bool],
        color: [Color],
        line_texts: [Vec<String>],
        units_by_meter: [BTreeMap<String, i64>],
        pages: [BTreeSet<i64>],
        scan: [Vec<u8>],
        due_on: [NaiveDate],
        sent_at: [NaiveDateTime],
        note: [Option<String>],
        origin: [Option<Box<dyn Any>>],
    } = Invoice {
        invoice_id: text("i-1"),
        amount_cents: 12550,
        tax_rate: 0.19,
        is_paid: true,
        color: Color::Red,
        line_texts: texts(&["tea", "お茶"]),
        units_by_meter: BTreeMap::from([(text("kitchen"), 108)]),
        pages: BTreeSet::from([1]),
        scan: vec![1, 2, 3],
        due_on: day(2024, 2, 29),
        sent_at: time(1_700_000_000_123_456),
        note: None,
        origin: Some(Box::new(point())),
    };
    "interop"/"Names" Names { line_number2: [i64], x1: [i64], a_b: [i64], } = Names { line_number2: 1, x1: 2, a_b: 3 };
    "interop"/"Acronym" Acronym { get_url: [String], } = Acronym { get_url: text("a") };
    "interop"/"Anything" Anything { value: [Box<dyn Any>], } = Anything { value: Box::new(text("text")) };
    "interop"/"AnyNull" AnyNull { value: [Option<Box<dyn Any>>], } = AnyNull { value: None };
    "interop"/"MaybeAnything" MaybeAnything { value: [Option<Box<dyn Any>>], }
        = MaybeAnything { value: Some(Box::new(text("text"))) };
    "interop"/"AnyInt64" AnyInt64 { value: [Option<Box<dyn Any>>], } = AnyInt64 { value: Some(Box::new(1_i64 << 60)) };
    "interop"/"AnyPoint" AnyPoint { value: [Box<dyn Any>], } = AnyPoint { value: Box::new(point()) };
    "interop"/"AnyItems" AnyItems { value: [Box<dyn Any>], } = AnyItems { value: Box::new(items()) };
    "interop"/"Label" Label { label: [String], } = Label { label: text("x") };
    "interop"/"Either" Either { value: [Option<Box<dyn Any>>], }
        = Either { value: Some(Box::new(Label { label: text("x") })) };
    "interop"/"BoolArray" BoolArray { value: [Vec<bool>], } = BoolArray { value: vec![true, false] };
    "interop"/"Int8Array" Int8Array { value: [Vec<i8>], } = Int8Array { value: vec![-1, 1] };
    "interop"/"Int16Array" Int16Array { value: [Vec<i16>], } = Int16Array { value: vec![-1, 1] };
    "interop"/"Int32Array" Int32Array { value: [Vec<i32>], } = Int32Array { value: vec![-1, 1] };
    "interop"/"Int64Array" Int64Array { value: [Vec<i64>], } = Int64Array { value: vec![-1, 1] };
    "interop"/"Uint8Array" Uint8Array { #[fory(type_id = "uint8_array")] value: [Vec<u8>], } = Uint8Array { value: vec![255, 1] };
    "interop"/"Uint16Array" Uint16Array { value: [Vec<u16>], } = Uint16Array { value: vec![65535, 1] };
    "interop"/"Uint32Array" Uint32Array { value: [Vec<u32>], } = Uint32Array { value: vec![u32::MAX, 1] };
    "interop"/"Uint64Array" Uint64Array { value: [Vec<u64>], } = Uint64Array { value: vec![u64::MAX, 1] };
    "interop"/"Float32Array" Float32Array { value: [Vec<f32>], } = Float32Array { value: vec![0.1, -0.0] };
    "interop"/"Float64Array" Float64Array { value: [Vec<f64>], } = Float64Array { value: vec![0.1, f64::NAN] };
    "interop"/"Twins" Twins { left: [Rc<dyn Any>], right: [Rc<dyn Any>], } = {
        let one: Rc<dyn Any> = Rc::new(point());
        Twins { left: Rc::clone(&one), right: one }
    };
    "interop"/"Ring" Ring { name: [String], next: [Option<Rc<RefCell<Ring>>>], } = Ring { name: text("end"), next: None };
    "interop"/"Crowd" Crowd { name: [String], origin: [Option<Box<dyn Any>>], value: [Vec<Rc<Point>>], } = {
        let one = Rc::new(point());
        Crowd { name: text("crowd"), origin: Some(Box::new(point())), value: vec![Rc::clone(&one), one, Rc::new(point())] }
    };
    "interop"/"Meter" Meter { label: [String], } = Meter { label: text("m") };
    "interop"/"Reading" Reading {
        name: [String], units: [i64], notes: [Vec<String>], ratio: [Option<f64>], meter: [Meter],
    } = Reading { name: text("kitchen"), units: 108, notes: texts(&["a"]), ratio: None, meter: Meter { label: text("m") } };
    "interop"/"Evolved" Evolved { name: [String], units: [i64], added: [Option<String>], }
        = Evolved { name: text("kitchen"), units: 108, added: None };
    "a"/"b" Tiny { value: [i64], } = Tiny { value: 1 };
    "org.example.billing_v1"/"invoice" Dotted { value: [i64], } = Dotted { value: 1 };
    "SHOP_9"/"HTTPRequestWithALongName42" Shouting { value: [i64], } = Shouting { value: 1 };
}
