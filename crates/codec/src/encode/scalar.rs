//! Encoding of scalars: numbers, strings, bytes, dates.

use super::Encoder;
use crate::CodecError;
use crate::error::CodecResult;
use crate::source::{Source, ValueKind};
use crate::types::{ArrayKind, Scalar};

impl<S: Source> Encoder<'_, S> {
    pub(super) fn scalar(&mut self, scalar: Scalar, value: S) -> CodecResult {
        match scalar {
            Scalar::Bool => self.writer.put_u8(u8::from(value.bool()?)),
            Scalar::Float => self.writer.put_f64(value.float()?),
            Scalar::Float32 => self.writer.put_f32(value.float()? as f32),
            Scalar::String => self.writer.put_str(&value.text()?),
            Scalar::Bytes => self.bytes(value.bytes()?)?,
            Scalar::Base64 => self.bytes(&value.base64()?)?,
            Scalar::Date => self.writer.put_i32(value.date()?),
            Scalar::Timestamp => {
                let (seconds, nanoseconds) = value.timestamp()?;
                self.writer.put_i64(seconds);
                self.writer.put_u32(nanoseconds);
            }
            integer => return self.integer(integer, value.int()?),
        }
        Ok(())
    }

    pub(super) fn array(&mut self, kind: ArrayKind, value: S) -> CodecResult {
        let items = value.array()?;
        if value.kind() != ValueKind::Array(kind) {
            return Err(CodecError::invalid(format!("must be an array of {}", kind.word())));
        }
        if let Some(problem) = kind.problem(items) {
            return Err(CodecError::invalid(problem));
        }
        self.bytes(items)
    }

    pub(super) fn extension(&mut self, value: S) -> CodecResult {
        self.bytes(value.extension()?)
    }

    fn bytes(&mut self, bytes: &[u8]) -> CodecResult {
        self.budget.binary(bytes.len())?;
        self.writer.put_bytes(bytes);
        Ok(())
    }

    fn integer(&mut self, scalar: Scalar, value: i128) -> CodecResult {
        if !scalar.range().is_some_and(|(low, high)| (low..=high).contains(&value)) {
            return Err(CodecError::invalid(format!("{value} is out of the range of {}", scalar.word())));
        }
        let writer = &mut self.writer;
        match scalar {
            Scalar::Int8 | Scalar::Uint8 => writer.put_u8(value as u8),
            Scalar::Int16 | Scalar::Uint16 => writer.put_u16(value as u16),
            Scalar::FixedInt32 | Scalar::FixedUint32 => writer.put_u32(value as u32),
            Scalar::FixedInt64 | Scalar::FixedUint64 => writer.put_u64(value as u64),
            Scalar::TaggedInt64 => writer.put_tagged_i64(value as i64),
            Scalar::TaggedUint64 => writer.put_tagged_u64(value as u64),
            Scalar::Uint32 | Scalar::Uint64 => writer.put_var_u64(value as u64),
            _ => writer.put_var_i64(value as i64),
        }
        Ok(())
    }
}
