//! Values as JSON that is equal in every language of these tests; `__test__/interop/languages/view.ts` has the rules.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write as _;
use std::rc::Rc;

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Map, Value, json};

use crate::messages::{Label, Point};

/// Shows values, and numbers the messages in the order in which they are met.
#[derive(Default)]
pub struct Viewer {
    seen: HashMap<*const (), usize>,
    messages: usize,
}

/// A value that can be shown.
pub trait Show {
    fn show(&self, viewer: &mut Viewer) -> Value;
}

impl Viewer {
    /// Shows the members of a message, sorted by their names.
    pub fn message(&mut self, members: &[(&str, &dyn Show)]) -> Value {
        self.messages += 1;
        let mut shown: Vec<_> =
            members.iter().map(|(name, value)| (camel_case(name), value.show(self))).collect();
        shown.sort_by(|(one, _), (other, _)| one.cmp(other));
        Value::Object(shown.into_iter().collect::<Map<_, _>>())
    }

    /// Shows what shared pointers point to: the first time the value, then its number.
    fn shared<T: Show + ?Sized>(&mut self, address: *const (), value: &T) -> Value {
        if let Some(number) = self.seen.get(&address) {
            return json!({ "seen": number });
        }
        self.seen.insert(address, self.messages);
        value.show(self)
    }
}

/// The name of a member in TypeScript.
fn camel_case(name: &str) -> String {
    if name == "get_url" {
        return "getURL".to_owned();
    }
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let mut letters = word.chars();
        let upper = letters.next().map(|letter| letter.to_ascii_uppercase());
        text + &upper.into_iter().chain(letters).collect::<String>()
    })
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Show for $type {
            fn show(&self, _: &mut Viewer) -> Value {
                json!(self)
            }
        }
    )*};
}

macro_rules! wide {
    ($($type:ty),*) => {$(
        impl Show for $type {
            fn show(&self, _: &mut Viewer) -> Value {
                json!({ "int": self.to_string() })
            }
        }
    )*};
}

macro_rules! items {
    ($($type:ty),*) => {$(
        impl Show for $type {
            fn show(&self, viewer: &mut Viewer) -> Value {
                self.iter().map(|item| item.show(viewer)).collect()
            }
        }
    )*};
}

plain!(bool, i8, i16, i32, u8, u16, u32, String);
wide!(i64, u64);
items!(Vec<i8>, Vec<i16>, Vec<i32>, Vec<i64>, Vec<u16>, Vec<u32>, Vec<u64>, Vec<f32>, Vec<f64>);
items!(
    Vec<String>,
    Vec<Option<String>>,
    Vec<Vec<u8>>,
    Vec<NaiveDate>,
    Vec<NaiveDateTime>,
    Vec<VecDeque<i64>>
);
items!(
    Vec<crate::messages::Color>,
    Vec<Point>,
    Vec<Rc<Point>>,
    Vec<crate::messages::Tree>,
    Vec<Box<dyn Any>>
);

impl Show for f64 {
    fn show(&self, _: &mut Viewer) -> Value {
        match self {
            number if number.is_nan() => json!({ "float": "NaN" }),
            number if number.is_infinite() && *number > 0.0 => json!({ "float": "Infinity" }),
            number if number.is_infinite() => json!({ "float": "-Infinity" }),
            number => json!(number),
        }
    }
}

impl Show for f32 {
    fn show(&self, viewer: &mut Viewer) -> Value {
        f64::from(*self).show(viewer)
    }
}

impl Show for Vec<u8> {
    fn show(&self, _: &mut Viewer) -> Value {
        json!({ "bytes": hex_of(self) })
    }
}

impl Show for Vec<bool> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        self.iter().map(|&flag| u8::from(flag)).collect::<Vec<u8>>().show(viewer)
    }
}

impl Show for NaiveDate {
    fn show(&self, _: &mut Viewer) -> Value {
        json!(self.to_string())
    }
}

impl Show for NaiveDateTime {
    fn show(&self, viewer: &mut Viewer) -> Value {
        self.and_utc().timestamp_micros().show(viewer)
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        self.as_ref().map_or(Value::Null, |value| value.show(viewer))
    }
}

impl<T: Show> Show for Box<T> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        self.as_ref().show(viewer)
    }
}

impl<T: Show> Show for RefCell<T> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        self.borrow().show(viewer)
    }
}

impl<T: Show> Show for Rc<T> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        viewer.shared(Rc::as_ptr(self).cast(), self.as_ref())
    }
}

impl<T: Show> Show for VecDeque<T> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        self.iter().map(|item| item.show(viewer)).collect()
    }
}

impl<T: Show> Show for BTreeSet<T> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        json!({ "set": self.iter().map(|item| item.show(viewer)).collect::<Vec<_>>() })
    }
}

impl<K: Show, V: Show> Show for BTreeMap<K, V> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        let entries = self.iter().map(|(key, value)| json!([key.show(viewer), value.show(viewer)]));
        let entries: Vec<_> = entries.collect();
        json!({ "map": entries })
    }
}

impl Show for Box<dyn Any> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        macro_rules! first_of {
            ($($type:ty),*) => {
                $(if let Some(value) = self.downcast_ref::<$type>() { return value.show(viewer); })*
            };
        }
        first_of!(
            String,
            bool,
            f64,
            i64,
            Vec<u8>,
            Vec<String>,
            Vec<Box<dyn Any>>,
            Point,
            Label,
            crate::messages::Tree
        );
        json!({ "unknown": true })
    }
}

impl Show for Rc<dyn Any> {
    fn show(&self, viewer: &mut Viewer) -> Value {
        self.downcast_ref::<Point>()
            .map_or(json!({ "unknown": true }), |point| viewer.shared(Rc::as_ptr(self).cast(), point))
    }
}

/// Bytes as hexadecimal digits.
pub fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of hexadecimal digits, which are made by the tests.
pub fn bytes_of(text: &str) -> Vec<u8> {
    let digits = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len() / 2).filter_map(|at| digits(at * 2)).collect()
}
