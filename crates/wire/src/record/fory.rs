//! Records as Fory XLANG: a constant prefix for each record, then the fields in Fory's order.
//!
//! The bytes before the fields (flags, type, meta strings, schema hash) are always the same, so they are constants.
//! A test compares them with the prefix that the codec computes from an equal schema.

use aster_codec::buffer::{Reader, Writer};

use super::{CallHeader, LIST_CAP, Lists, RecordError, RpcStatus, StreamHeader};
use crate::limit::cut_status;

/// Flags of a list whose elements have the declared type, no nulls and no reference flags.
const DECLARED_ELEMENTS: u8 = 0x0c;

/// A record with a Fory encoding.
pub(super) trait Record: Sized {
    /// The bytes before the fields.
    const PREFIX: &'static [u8];
    /// Writes the fields in Fory's order.
    fn write_fields(&self, out: &mut Writer);
    /// Reads the fields.
    fn read_fields(input: &mut Fields<'_>) -> Result<Self, RecordError>;

    /// The whole record.
    fn write(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(Self::PREFIX.len() + 96);
        out.put_raw(Self::PREFIX);
        self.write_fields(&mut out);
        out.into_vec()
    }
}

pub(super) fn read<T: Record>(record: &'static str, payload: &[u8]) -> Result<T, RecordError> {
    let body = payload.strip_prefix(T::PREFIX).ok_or(RecordError::Type(record))?;
    let mut fields = Fields { record, input: Reader::new(body) };
    let value = T::read_fields(&mut fields)?;
    match fields.input.remaining() {
        0 => Ok(value),
        count => Err(RecordError::Trailing { record, count }),
    }
}

impl Record for StreamHeader {
    const PREFIX: &'static [u8] =
        b"\x02\xff\x1d\x08\x01\x6c\x12\x99\x22\x12\x04\x76\x53\x89\x00\xce\x9c\x80\x19\x22\xa4\x05\x18\xde";

    fn write_fields(&self, out: &mut Writer) {
        out.put_var_i64(self.deadline_epoch_ms);
        out.put_var_i64(self.serialization_mode);
        out.put_var_i64(self.version);
        out.put_str(&self.call_id);
        out.put_str(&self.method);
        out.put_str(&self.service);
        put_pairs(out, &self.metadata);
    }

    fn read_fields(input: &mut Fields<'_>) -> Result<Self, RecordError> {
        Ok(Self {
            deadline_epoch_ms: input.int()?,
            serialization_mode: input.int()?,
            version: input.int()?,
            call_id: input.text()?,
            method: input.text()?,
            service: input.text()?,
            metadata: input.lists()?.pairs(),
        })
    }
}

impl Record for CallHeader {
    const PREFIX: &'static [u8] =
        b"\x02\xff\x1d\x08\x01\x6c\x12\x99\x22\x10\x02\x38\x01\x65\xc2\x20\x01\x88\x88\x71\x25\x86\x79";

    fn write_fields(&self, out: &mut Writer) {
        out.put_var_i64(self.deadline_epoch_ms);
        out.put_str(&self.call_id);
        out.put_str(&self.method);
        put_pairs(out, &self.metadata);
    }

    fn read_fields(input: &mut Fields<'_>) -> Result<Self, RecordError> {
        Ok(Self {
            deadline_epoch_ms: input.int()?,
            call_id: input.text()?,
            method: input.text()?,
            metadata: input.lists()?.pairs(),
        })
    }
}

impl Record for RpcStatus {
    const PREFIX: &'static [u8] =
        b"\x02\xff\x1d\x08\x01\x6c\x12\x99\x22\x0e\x02\x56\x78\x56\x26\x02\x6a\x24\x53\x53\xca\x9f";

    fn write_fields(&self, out: &mut Writer) {
        out.put_var_i64(self.code);
        out.put_str(&self.message);
        put_pairs(out, &self.details);
    }

    fn read_fields(input: &mut Fields<'_>) -> Result<Self, RecordError> {
        let (code, message) = (input.int()?, input.text()?);
        let mut status = Self { code, message, details: input.lists()?.pairs() };
        cut_status(&mut status);
        Ok(status)
    }
}

fn put_pairs(out: &mut Writer, pairs: &[(String, String)]) {
    put_list(out, pairs.iter().map(|(key, _)| key));
    put_list(out, pairs.iter().map(|(_, value)| value));
}

fn put_list<'a>(out: &mut Writer, strings: impl ExactSizeIterator<Item = &'a String>) {
    out.put_var_u64(strings.len() as u64);
    if strings.len() > 0 {
        out.put_u8(DECLARED_ELEMENTS);
    }
    for string in strings {
        out.put_str(string);
    }
}

/// The fields of one record, read in order.
pub(super) struct Fields<'a> {
    record: &'static str,
    input: Reader<'a>,
}

impl Fields<'_> {
    fn malformed(&self) -> RecordError {
        RecordError::Malformed { record: self.record }
    }

    fn int(&mut self) -> Result<i64, RecordError> {
        self.input.var_i64().map_err(|_| self.malformed())
    }

    fn text(&mut self) -> Result<String, RecordError> {
        self.input.str().map(Into::into).map_err(|_| self.malformed())
    }

    fn lists(&mut self) -> Result<Lists, RecordError> {
        Ok(Lists { keys: self.list()?, values: self.list()? })
    }

    /// Reads a list of strings. Each string takes at least one byte, so a count above the remaining bytes is refused.
    /// Strings after the first [`LIST_CAP`] are read and dropped.
    fn list(&mut self) -> Result<Vec<String>, RecordError> {
        let count = self.input.length().map_err(|_| self.malformed())?;
        if count == 0 {
            return Ok(Vec::new());
        }
        if count > self.input.remaining() || self.input.u8().ok() != Some(DECLARED_ELEMENTS) {
            return Err(self.malformed());
        }
        let mut strings = Vec::new();
        for _ in 0..count {
            let string = self.input.str().map_err(|_| self.malformed())?;
            if strings.len() < LIST_CAP {
                strings.push(string.into_owned());
            }
        }
        Ok(strings)
    }
}
