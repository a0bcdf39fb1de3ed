//! Status codes: the one home in Rust. TypeScript's table is pinned to this one by a test.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// What a call ended with (`docs/protocol.md#status-codes`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Code { $($(#[$doc])* $variant = $number,)* }

        impl Code {
            /// Every code, in order of its number.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The name as written in the protocol's documents.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The code with this number, if there is one.
            pub fn from_number(number: i64) -> Option<Code> {
                match number { $($number => Some(Code::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// The call did what it was asked.
    Ok = 0, "OK";
    /// The caller left.
    Cancelled = 1, "CANCELLED";
    /// A failure that names no better code.
    Unknown = 2, "UNKNOWN";
    /// The request can never be right.
    InvalidArgument = 3, "INVALID_ARGUMENT";
    /// Time ran out.
    DeadlineExceeded = 4, "DEADLINE_EXCEEDED";
    /// There is no such thing (a service, for example).
    NotFound = 5, "NOT_FOUND";
    /// There is such a thing already.
    AlreadyExists = 6, "ALREADY_EXISTS";
    /// The caller is known and may not.
    PermissionDenied = 7, "PERMISSION_DENIED";
    /// A limit was hit.
    ResourceExhausted = 8, "RESOURCE_EXHAUSTED";
    /// The state forbids it.
    FailedPrecondition = 9, "FAILED_PRECONDITION";
    /// Somebody else was faster.
    Aborted = 10, "ABORTED";
    /// Past the end.
    OutOfRange = 11, "OUT_OF_RANGE";
    /// There is no such method.
    Unimplemented = 12, "UNIMPLEMENTED";
    /// A broken invariant, or bytes that break the protocol.
    Internal = 13, "INTERNAL";
    /// The peer cannot be reached, or the connection was lost.
    Unavailable = 14, "UNAVAILABLE";
    /// Data is gone or damaged.
    DataLoss = 15, "DATA_LOSS";
    /// The caller is not known.
    Unauthenticated = 16, "UNAUTHENTICATED";
    /// A message does not fit the contract.
    ContractViolation = 101, "CONTRACT_VIOLATION";
}

impl Code {
    /// The number on the wire.
    pub fn number(self) -> i64 {
        i64::from(self as u8)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_comes_back_from_its_number() {
        for &code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), Some(code));
        }
        assert_eq!(Code::ALL.len(), 18);
    }

    #[test]
    fn numbers_without_a_meaning_are_no_code() {
        for number in [-1, 17, 99, 100, 102, 256, 257, i64::MIN, i64::MAX] {
            assert_eq!(Code::from_number(number), None);
        }
    }
}
