//! Reads the canonical encoding. The bytes come from peers: every length is checked before memory is taken for it.

use super::bytes::{ABSENT, ELEMENTS, PRESENT, UTF8};
use super::{
    CapabilityRequirement, Container, EnumValueDef, FieldDef, FieldKind, Hash, MethodDef, MethodPattern,
    RequirementKind, Scoped, ServiceContract, TypeDef, TypeKind, UnionVariantDef,
};

/// Why bytes are no canonical encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not the canonical encoding of a {0}")]
pub struct NotCanonical(pub &'static str);

/// Reads from the start of what is left. `None`: the bytes are wrong.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            // The tenth byte has one bit.
            if shift == 63 && low > 1 {
                return None;
            }
            value |= low << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn int(&mut self) -> Option<i32> {
        let value = u32::try_from(self.number()?).ok()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn text(&mut self) -> Option<String> {
        let head = self.number()?;
        if head & 3 != UTF8 {
            return None;
        }
        let bytes = self.take(usize::try_from(head >> 2).ok()?)?;
        String::from_utf8(bytes.to_vec()).ok()
    }

    fn hash(&mut self) -> Option<Hash> {
        let length = usize::try_from(self.number()?).ok()?;
        Some(self.take(length)?.to_vec())
    }

    fn bool(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn float(&mut self) -> Option<f64> {
        Some(f64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        if self.byte()? != ELEMENTS || count > self.0.len() as u64 {
            return None;
        }
        (0..count).map(|_| item(self)).collect()
    }

    #[expect(clippy::option_option, reason = "the outer one is the failure, as everywhere here")]
    fn optional<T>(&mut self, value: impl Fn(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            ABSENT => Some(None),
            PRESENT => value(self).map(Some),
            _ => None,
        }
    }

    /// One of several words, by its number.
    fn word<T: Copy>(&mut self, words: &[T]) -> Option<T> {
        words.get(usize::try_from(self.number()?).ok()?).copied()
    }

    fn field(&mut self) -> Option<FieldDef> {
        const KINDS: [FieldKind; 4] =
            [FieldKind::Primitive, FieldKind::Ref, FieldKind::SelfRef, FieldKind::Any];
        const CONTAINERS: [Container; 4] = [Container::None, Container::List, Container::Set, Container::Map];
        Some(FieldDef {
            id: self.int()?,
            name: self.text()?,
            type_kind: self.word(&KINDS)?,
            type_primitive: self.text()?,
            type_ref: self.hash()?,
            self_ref_name: self.text()?,
            optional: self.bool()?,
            ref_tracked: self.bool()?,
            container: self.word(&CONTAINERS)?,
            container_key_kind: self.word(&KINDS)?,
            container_key_primitive: self.text()?,
            container_key_ref: self.hash()?,
        })
    }

    fn definition(&mut self) -> Option<TypeDef> {
        Some(TypeDef {
            kind: self.word(&[TypeKind::Message, TypeKind::Enum, TypeKind::Union])?,
            package: self.text()?,
            name: self.text()?,
            fields: self.list(Self::field)?,
            enum_values: self
                .list(|reader| Some(EnumValueDef { name: reader.text()?, value: reader.int()? }))?,
            union_variants: self.list(|reader| {
                Some(UnionVariantDef { name: reader.text()?, id: reader.int()?, type_ref: reader.hash()? })
            })?,
        })
    }

    fn requirement(&mut self) -> Option<CapabilityRequirement> {
        Some(CapabilityRequirement {
            kind: self.word(&[RequirementKind::Role, RequirementKind::AnyOf, RequirementKind::AllOf])?,
            roles: self.list(Self::text)?,
        })
    }

    fn method(&mut self) -> Option<MethodDef> {
        const PATTERNS: [MethodPattern; 4] = [
            MethodPattern::Unary,
            MethodPattern::ServerStream,
            MethodPattern::ClientStream,
            MethodPattern::BidiStream,
        ];
        Some(MethodDef {
            name: self.text()?,
            pattern: self.word(&PATTERNS)?,
            request_type: self.hash()?,
            response_type: self.hash()?,
            idempotent: self.bool()?,
            default_timeout: self.float()?,
            requires: self.optional(Self::requirement)?,
        })
    }

    fn contract(&mut self) -> Option<ServiceContract> {
        Some(ServiceContract {
            name: self.text()?,
            version: self.int()?,
            methods: self.list(Self::method)?,
            serialization_modes: self.list(Self::text)?,
            scoped: self.word(&[Scoped::Shared, Scoped::Session])?,
            requires: self.optional(Self::requirement)?,
        })
    }
}

/// Reads all bytes, which must be those that the value is written as.
fn whole<'a, T>(
    bytes: &'a [u8],
    what: &'static str,
    read: impl Fn(&mut Reader<'a>) -> Option<T>,
    write: impl Fn(&T) -> Vec<u8>,
) -> Result<T, NotCanonical> {
    let value = read(&mut Reader(bytes)).ok_or(NotCanonical(what))?;
    if write(&value) == bytes { Ok(value) } else { Err(NotCanonical(what)) }
}

impl TypeDef {
    /// Reads the canonical bytes.
    ///
    /// *Errors*: [`NotCanonical`] for any other bytes, also for those of an equal definition in another order.
    pub fn decode(bytes: &[u8]) -> Result<Self, NotCanonical> {
        whole(bytes, "type", Reader::definition, Self::encode)
    }
}

impl ServiceContract {
    /// Reads the canonical bytes.
    ///
    /// *Errors*: [`NotCanonical`] for any other bytes, also for those of an equal contract in another order.
    pub fn decode(bytes: &[u8]) -> Result<Self, NotCanonical> {
        whole(bytes, "contract", Reader::contract, Self::encode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_end_within_ten_bytes() {
        assert_eq!(Reader(&[0xff; 11]).number(), None);
        let largest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(Reader(&largest).number(), Some(u64::MAX));
        assert_eq!(Reader(&[0x80]).number(), None);
        for value in [0, 1, -1, 63, -64, i32::MAX, i32::MIN] {
            let mut out = super::super::bytes::Out::default();
            out.int(value);
            assert_eq!(Reader(&out.into_vec()).int(), Some(value));
        }
    }

    #[test]
    fn a_count_beyond_the_bytes_takes_no_memory() {
        let claimed = [0x80, 0x80, 0x80, 0x80, 0x10, ELEMENTS, 1];
        assert_eq!(Reader(&claimed).list(Reader::bool), None);
        assert_eq!(Reader(&[0xff, 0xff, 0xff, 0xff, 0x0f]).hash(), None);
    }
}
