//! Tickets: an endpoint id with addresses, in at most 256 bytes, as `aster1...` text.
//!
//! Owns the binary form and the text form (`docs/protocol.md#tickets`). [`crate::address`] has the other text forms of
//! an address.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

pub use crate::address::NodeAddr;

mod qr;
mod read;

pub use qr::qr;

/// The start of the text form; case-sensitive.
pub const PREFIX: &str = "aster1";
/// Largest binary ticket.
pub const MAX_BYTES: usize = 256;
/// Largest credential payload.
pub const MAX_CREDENTIAL_BYTES: usize = 220;
/// Most direct addresses of a ticket: the count has four bits.
pub const MAX_DIRECT: usize = 15;

const VERSION: u8 = 1;
/// Bytes of endpoint id, header and count.
const MIN_BYTES: usize = 34;
/// Longest base58 text that is decoded, which bounds the work for a hostile text. 256 bytes need 350 digits.
const MAX_TEXT_DIGITS: usize = 352;

/// Why a text or bytes are not a ticket, or why data does not fit into a ticket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// The text does not start with [`PREFIX`].
    #[error("a ticket must start with \"aster1\"")]
    Prefix,
    /// The text has a character that is not a base58 digit.
    #[error("a ticket must be base58 text without spaces")]
    Base58,
    /// Fewer bytes than the smallest ticket.
    #[error("the ticket is too short")]
    TooShort,
    /// More than [`MAX_BYTES`].
    #[error("a ticket has at most 256 bytes")]
    TooLong,
    /// A version other than 1.
    #[error("ticket version {0} is not known")]
    Version(u8),
    /// The reserved relay type.
    #[error("the ticket's relay type is reserved")]
    RelayType,
    /// A reserved address type.
    #[error("the ticket has an address of reserved type {0}")]
    AddressType(u8),
    /// The bytes end inside this part.
    #[error("the ticket ends inside its {0}")]
    Truncated(&'static str),
    /// An unknown credential type.
    #[error("the ticket's credential type {0:#04x} is not known")]
    CredentialType(u8),
    /// A credential payload above [`MAX_CREDENTIAL_BYTES`].
    #[error("a ticket's credential has at most 220 bytes, not {0}")]
    CredentialSize(usize),
    /// A registry credential whose payload is not a namespace id.
    #[error("a registry credential has exactly 32 bytes, not {0}")]
    Namespace(usize),
    /// Bytes after the last part.
    #[error("the ticket is followed by {0} more bytes")]
    Trailing(usize),
    /// More addresses than [`MAX_DIRECT`].
    #[error("a ticket has at most 15 addresses, not {0}")]
    TooManyAddresses(usize),
}

/// The credential of a ticket. Payloads are not interpreted here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// No credential is needed.
    Open,
    /// The grant of a consumer.
    ConsumerRcan(Vec<u8>),
    /// An enrollment token.
    Enrollment(Vec<u8>),
    /// The id of a registry document.
    RegistryRead([u8; 32]),
}

impl Credential {
    fn parts(&self) -> (u8, &[u8]) {
        match self {
            Self::Open => (0, &[]),
            Self::ConsumerRcan(payload) => (1, payload),
            Self::Enrollment(payload) => (2, payload),
            Self::RegistryRead(namespace) => (3, namespace),
        }
    }

    /// The name of this credential type in documents: `open`, `consumer_rcan`, `enrollment`, `registry_read`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::ConsumerRcan(_) => "consumer_rcan",
            Self::Enrollment(_) => "enrollment",
            Self::RegistryRead(_) => "registry_read",
        }
    }

    /// The opaque payload; empty for [`Credential::Open`].
    pub fn payload(&self) -> &[u8] {
        self.parts().1
    }

    /// Builds a credential from its name in documents and its payload.
    pub fn new(kind: &str, payload: &[u8]) -> Option<Result<Self, TicketError>> {
        let number = match kind {
            "open" => 0,
            "consumer_rcan" => 1,
            "enrollment" => 2,
            "registry_read" => 3,
            _ => return None,
        };
        Some(Self::from_parts(number, payload))
    }

    fn from_parts(kind: u8, payload: &[u8]) -> Result<Self, TicketError> {
        if payload.len() > MAX_CREDENTIAL_BYTES {
            return Err(TicketError::CredentialSize(payload.len()));
        }
        match kind {
            0 => Ok(Self::Open),
            1 => Ok(Self::ConsumerRcan(payload.to_vec())),
            2 => Ok(Self::Enrollment(payload.to_vec())),
            3 => {
                payload.try_into().map(Self::RegistryRead).map_err(|_| TicketError::Namespace(payload.len()))
            }
            other => Err(TicketError::CredentialType(other)),
        }
    }
}

/// An endpoint id with addresses at which it may be reached.
///
/// *Shape*: addresses keep their order. IPv6 scope and flow label are not stored. The relay of a ticket is an IP
/// address, but a relay is dialled by its URL, so it is decoded and encoded and never used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The raw public key. It is not checked that the key is a point on the curve.
    pub endpoint_id: [u8; 32],
    /// The relay's IP address and port.
    pub relay: Option<SocketAddr>,
    /// At most [`MAX_DIRECT`] addresses.
    pub direct: Vec<SocketAddr>,
    /// The credential, if there is one.
    pub credential: Option<Credential>,
}

impl Ticket {
    /// A ticket with an endpoint id and the first addresses that fit.
    pub fn with_addresses(endpoint_id: [u8; 32], addresses: &[SocketAddr]) -> Self {
        let mut direct = Vec::new();
        let mut room = MAX_BYTES - MIN_BYTES - MAX_DIRECT.div_ceil(4);
        for &address in addresses.iter().take(MAX_DIRECT) {
            let size = if address.is_ipv4() { 6 } else { 18 };
            if size <= room {
                room -= size;
                direct.push(address);
            }
        }
        Self { endpoint_id, relay: None, direct, credential: None }
    }

    /// The binary form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TicketError> {
        if self.direct.len() > MAX_DIRECT {
            return Err(TicketError::TooManyAddresses(self.direct.len()));
        }
        let mut bytes = Vec::with_capacity(MAX_BYTES);
        bytes.extend_from_slice(&self.endpoint_id);
        let relay_type = self.relay.map_or(0, |relay| 1 + address_type(relay));
        bytes.push((VERSION << 4) | (relay_type << 2));
        if let Some(relay) = self.relay {
            put_address(&mut bytes, relay);
        }
        bytes.push((self.direct.len() as u8) << 4);
        bytes.extend(self.direct.chunks(4).map(type_bits));
        for &address in &self.direct {
            put_address(&mut bytes, address);
        }
        if let Some(credential) = &self.credential {
            let (kind, payload) = credential.parts();
            if payload.len() > MAX_CREDENTIAL_BYTES {
                return Err(TicketError::CredentialSize(payload.len()));
            }
            bytes.push(kind);
            bytes.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            bytes.extend_from_slice(payload);
        }
        if bytes.len() > MAX_BYTES {
            return Err(TicketError::TooLong);
        }
        Ok(bytes)
    }

    /// Reads the binary form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TicketError> {
        read::ticket(bytes)
    }

    /// The text form.
    pub fn to_text(&self) -> Result<String, TicketError> {
        Ok(format!("{PREFIX}{}", bs58::encode(self.to_bytes()?).into_string()))
    }
}

/// The text form. A value that does not fit into a ticket is shown as `<no ticket: reason>`, which does not parse.
/// Use [`Ticket::to_text`] to get the error.
impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_text() {
            Ok(text) => f.write_str(&text),
            Err(error) => write!(f, "<no ticket: {error}>"),
        }
    }
}

impl FromStr for Ticket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, TicketError> {
        let digits = text.strip_prefix(PREFIX).ok_or(TicketError::Prefix)?;
        if digits.len() > MAX_TEXT_DIGITS {
            return Err(TicketError::TooLong);
        }
        let bytes = bs58::decode(digits).into_vec().map_err(|_| TicketError::Base58)?;
        Self::from_bytes(&bytes)
    }
}

fn address_type(address: SocketAddr) -> u8 {
    u8::from(address.is_ipv6())
}

/// One byte with the types of up to four addresses: two bits each, high bits first.
fn type_bits(addresses: &[SocketAddr]) -> u8 {
    addresses
        .iter()
        .zip([6, 4, 2, 0])
        .fold(0, |bits, (&address, shift)| bits | (address_type(address) << shift))
}

fn put_address(bytes: &mut Vec<u8>, address: SocketAddr) {
    match address.ip() {
        IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
    }
    bytes.extend_from_slice(&address.port().to_be_bytes());
}
