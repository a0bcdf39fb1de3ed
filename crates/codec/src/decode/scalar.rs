//! Decoding of scalars: numbers, strings, bytes, dates.

use super::Decoder;
use crate::CodecError;
use crate::error::CodecResult;
use crate::limits::cost;
use crate::sink::Sink;
use crate::types::Scalar;

/// Seconds since 1970 of the years 1 to 9999, the range of Python's `datetime`.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// Days since 1970 of the same years.
const DAYS: std::ops::RangeInclusive<i32> = -719_162..=2_932_896;

impl<S: Sink> Decoder<'_, S> {
    /// Reads a value of type `named` where the plan declares `declared`.
    pub(super) fn scalar(&mut self, named: Scalar, declared: Scalar) -> CodecResult {
        match named {
            Scalar::Bool => match self.reader.u8()? {
                0 => self.sink.bool(false),
                1 => self.sink.bool(true),
                byte => Err(CodecError::invalid(format!("a bool is {byte}, but only 0 and 1 are allowed"))),
            },
            Scalar::Float => {
                let value = self.reader.f64()?;
                self.sink.float(value)
            }
            Scalar::Float32 => {
                let value = self.reader.f32()?;
                self.sink.float(f64::from(value))
            }
            Scalar::String => {
                let value = self.reader.str()?;
                self.budget.charge(1, value.len() + cost::ALLOCATION)?;
                self.sink.text(&value)
            }
            Scalar::Bytes | Scalar::Base64 => {
                let length = self.reader.length()?;
                self.contents(length)?;
                let value = self.reader.take(length)?;
                if declared == Scalar::Base64 { self.sink.base64(value) } else { self.sink.bytes(value) }
            }
            Scalar::Date => match self.reader.i32()? {
                days if DAYS.contains(&days) => self.sink.date(days),
                days => {
                    Err(CodecError::invalid(format!("day {days} since 1970 is outside the years 1 to 9999")))
                }
            },
            Scalar::Timestamp => self.timestamp(),
            _ => self.integer(named, declared),
        }
    }

    fn timestamp(&mut self) -> CodecResult {
        let seconds = self.reader.i64()?;
        let nanoseconds = self.reader.u32()?;
        if !SECONDS.contains(&seconds) {
            return Err(CodecError::invalid("the timestamp is outside the years 1 to 9999"));
        }
        if nanoseconds >= 1_000_000_000 {
            return Err(CodecError::invalid("the timestamp has 1000000000 nanoseconds or more"));
        }
        self.sink.timestamp(seconds, nanoseconds)
    }

    fn integer(&mut self, named: Scalar, declared: Scalar) -> CodecResult {
        let value = self.integer_value(named)?;
        if declared.is_float() {
            return self.sink.float(value as f64);
        }
        if named != declared && !declared.range().is_some_and(|(low, high)| (low..=high).contains(&value)) {
            return Err(CodecError::invalid(format!("{value} is out of the range of {}", declared.word())));
        }
        self.sink.int(value)
    }

    fn integer_value(&mut self, named: Scalar) -> Result<i128, CodecError> {
        let reader = &mut self.reader;
        Ok(match named {
            Scalar::Int => reader.var_i64()?.into(),
            Scalar::Int8 => reader.i8()?.into(),
            Scalar::Int16 => reader.i16()?.into(),
            Scalar::FixedInt32 => reader.i32()?.into(),
            Scalar::Int32 => reader.var_i32()?.into(),
            Scalar::FixedInt64 => reader.i64()?.into(),
            Scalar::TaggedInt64 => reader.tagged_i64()?.into(),
            Scalar::Uint8 => reader.u8()?.into(),
            Scalar::Uint16 => reader.u16()?.into(),
            Scalar::FixedUint32 => reader.u32()?.into(),
            Scalar::Uint32 => reader.var_u32()?.into(),
            Scalar::FixedUint64 => reader.u64()?.into(),
            Scalar::Uint64 => reader.var_u64()?.into(),
            Scalar::TaggedUint64 => reader.tagged_u64()?.into(),
            other => {
                return Err(CodecError::invalid(format!("{} is not an integer type", other.word())));
            }
        })
    }
}
