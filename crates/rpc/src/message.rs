//! Messages as Rust structs: the conversion to and from [`Value`], and a macro that implements it.

use aster_codec::Value;
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

use crate::contract::Types;

/// A request, a response, or an item of a stream. [`Value`] can hold each of them.
pub trait Message: Sized + Send + 'static {
    /// Converts the message to a value.
    fn to_value(&self, types: &Types) -> Value;
    /// Converts a value to the message.
    ///
    /// # Errors
    /// `INTERNAL` when the value is another message.
    fn from_value(value: Value) -> Result<Self, RpcStatus>;
}

/// A type for fields of a struct that [`message!`](crate::message!) declares.
pub trait Field: Sized {
    /// Converts the field to a value.
    fn to_field(&self, types: &Types) -> Value;
    /// Converts a value to the field. `None` when the value has another type.
    fn from_field(value: Value) -> Option<Self>;
}

impl Message for Value {
    fn to_value(&self, _: &Types) -> Value {
        self.clone()
    }

    fn from_value(value: Value) -> Result<Self, RpcStatus> {
        Ok(value)
    }
}

/// A null response is `None`.
impl<M: Message> Message for Option<M> {
    fn to_value(&self, types: &Types) -> Value {
        self.as_ref().map_or(Value::Null, |message| message.to_value(types))
    }

    fn from_value(value: Value) -> Result<Self, RpcStatus> {
        if value == Value::Null { Ok(None) } else { M::from_value(value).map(Some) }
    }
}

macro_rules! plain_field {
    ($type:ty, $variant:ident) => {
        impl Field for $type {
            fn to_field(&self, _: &Types) -> Value {
                Value::$variant(self.clone().into())
            }
            fn from_field(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(value) => value.try_into().ok(),
                    _ => None,
                }
            }
        }
    };
}

plain_field!(bool, Bool);
plain_field!(i32, Int);
plain_field!(i64, Int);
plain_field!(u32, Int);
plain_field!(u64, Int);
plain_field!(f64, Float);
plain_field!(String, Text);

impl Field for Vec<u8> {
    fn to_field(&self, _: &Types) -> Value {
        Value::Bytes(self.clone())
    }

    fn from_field(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl<F: Field> Field for Option<F> {
    fn to_field(&self, types: &Types) -> Value {
        self.as_ref().map_or(Value::Null, |value| value.to_field(types))
    }

    fn from_field(value: Value) -> Option<Self> {
        if value == Value::Null { Some(None) } else { F::from_field(value).map(Some) }
    }
}

/// A list of messages.
impl<M: Message> Field for Vec<M> {
    fn to_field(&self, types: &Types) -> Value {
        Value::List(self.iter().map(|message| message.to_value(types)).collect())
    }

    fn from_field(value: Value) -> Option<Self> {
        match value {
            Value::List(items) => items.into_iter().map(|item| M::from_value(item).ok()).collect(),
            _ => None,
        }
    }
}

/// A map. The order of its entries is kept.
impl<K: Field, V: Field> Field for Vec<(K, V)> {
    fn to_field(&self, types: &Types) -> Value {
        Value::Map(self.iter().map(|(key, value)| (key.to_field(types), value.to_field(types))).collect())
    }

    fn from_field(value: Value) -> Option<Self> {
        let Value::Map(entries) = value else {
            return None;
        };
        entries.into_iter().map(|(key, value)| Some((K::from_field(key)?, V::from_field(value)?))).collect()
    }
}

/// The error of [`Message::from_value`].
#[doc(hidden)]
pub fn other_message(tag: &str) -> RpcStatus {
    RpcStatus::new(Code::Internal, format!("the value is not a {tag}"))
}

/// Declares a struct for the message with a tag. The fields must have the order of the contract.
///
/// ```
/// aster_rpc::message! {
///     /// One line of an invoice.
///     pub struct Line = "shop/Line" { pub article: String, pub quantity: i64 }
/// }
/// ```
#[macro_export]
macro_rules! message {
    ($(#[$doc:meta])* $vis:vis struct $name:ident = $tag:literal { $($fvis:vis $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        $vis struct $name {
            $($fvis $field: $type),*
        }

        impl $crate::Message for $name {
            fn to_value(&self, types: &$crate::Types) -> $crate::Value {
                let fields = vec![$($crate::Field::to_field(&self.$field, types)),*];
                $crate::Value::Message { index: types.index($tag), fields }
            }

            fn from_value(value: $crate::Value) -> Result<Self, $crate::Status> {
                #[allow(unused_mut, unused_variables, reason = "unused when the message has no fields")]
                fn read(mut fields: impl Iterator<Item = $crate::Value>) -> Option<$name> {
                    Some($name { $($field: $crate::Field::from_field(fields.next()?)?),* })
                }
                let fields = match value {
                    $crate::Value::Message { fields, .. } => fields,
                    _ => return Err($crate::other_message($tag)),
                };
                read(fields.into_iter()).ok_or_else(|| $crate::other_message($tag))
            }
        }

        impl $crate::Field for $name {
            fn to_field(&self, types: &$crate::Types) -> $crate::Value {
                $crate::Message::to_value(self, types)
            }

            fn from_field(value: $crate::Value) -> Option<Self> {
                $crate::Message::from_value(value).ok()
            }
        }
    };
}
