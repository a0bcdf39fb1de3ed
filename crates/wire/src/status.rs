//! Status codes. This is the only list in Rust; a test checks that the list in TypeScript is equal.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// The status code of a call (`docs/protocol.md#status-codes`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Code { $($(#[$doc])* $variant = $number,)* }

        impl Code {
            /// Every code, in order of its number.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The name in the protocol documents.
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
    /// The call succeeded.
    Ok = 0, "OK";
    /// The caller cancelled the call.
    Cancelled = 1, "CANCELLED";
    /// A failure that fits no other code.
    Unknown = 2, "UNKNOWN";
    /// The request is invalid, whatever the state of the server is.
    InvalidArgument = 3, "INVALID_ARGUMENT";
    /// The deadline passed before the call ended.
    DeadlineExceeded = 4, "DEADLINE_EXCEEDED";
    /// Something that the request names does not exist, such as a service.
    NotFound = 5, "NOT_FOUND";
    /// Something that the request creates exists already.
    AlreadyExists = 6, "ALREADY_EXISTS";
    /// The caller is known, but is not allowed to do this.
    PermissionDenied = 7, "PERMISSION_DENIED";
    /// A limit was exceeded.
    ResourceExhausted = 8, "RESOURCE_EXHAUSTED";
    /// The state of the server does not allow the request.
    FailedPrecondition = 9, "FAILED_PRECONDITION";
    /// A conflict with another operation, for example a concurrent change.
    Aborted = 10, "ABORTED";
    /// A position is past the end of the valid range.
    OutOfRange = 11, "OUT_OF_RANGE";
    /// The service does not have this method.
    Unimplemented = 12, "UNIMPLEMENTED";
    /// An internal error, or bytes that violate the protocol.
    Internal = 13, "INTERNAL";
    /// The peer cannot be reached, or the connection was lost.
    Unavailable = 14, "UNAVAILABLE";
    /// Data was lost or damaged.
    DataLoss = 15, "DATA_LOSS";
    /// The caller did not prove its identity.
    Unauthenticated = 16, "UNAUTHENTICATED";
    /// A message does not match the contract.
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
    fn every_code_is_found_by_its_number() {
        for &code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), Some(code));
        }
        assert_eq!(Code::ALL.len(), 18);
    }

    #[test]
    fn other_numbers_have_no_code() {
        for number in [-1, 17, 99, 100, 102, 256, 257, i64::MIN, i64::MAX] {
            assert_eq!(Code::from_number(number), None);
        }
    }
}
