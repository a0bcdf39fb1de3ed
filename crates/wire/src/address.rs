//! The forms in which a node can be named: a ticket, an endpoint id, base64 of the node address text.
//!
//! Owns the order in which a string is tried and the node address text. Tickets themselves are
//! [`crate::ticket`]; how an address is dialled is `aster-net`'s (`docs/protocol.md#tickets`).

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::hex::{Hex, id_from_hex};
use crate::ticket::{PREFIX, Ticket, TicketError};

/// Longest text that is looked at.
pub const MAX_TEXT_BYTES: usize = 16_384;
/// Longest node address text: what fits [`MAX_TEXT_BYTES`] as base64.
const MAX_NODE_BYTES: usize = MAX_TEXT_BYTES / 4 * 3;
/// Most direct addresses of one node address.
pub const MAX_DIRECT: usize = 64;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text names no node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It starts like a ticket and is none.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// It is none of the three forms.
    #[error("an address is a ticket, 64 hexadecimal digits, or base64 of a node address")]
    Form,
    /// Longer than [`MAX_TEXT_BYTES`].
    #[error("an address has at most {MAX_TEXT_BYTES} bytes")]
    TooLong,
    /// The base64 text does not hold UTF-8.
    #[error("a node address is UTF-8 text")]
    Utf8,
    /// The first line is not an endpoint id.
    #[error("a node address starts with an endpoint id of 64 hexadecimal digits")]
    EndpointId,
    /// A line is not an IP address with a port.
    #[error("line {line} of the node address is no IP address with a port")]
    Direct {
        /// Counted from 1.
        line: usize,
    },
    /// More than [`MAX_DIRECT`].
    #[error("a node address has at most {MAX_DIRECT} addresses")]
    TooManyAddresses,
}

/// Where a node is: its endpoint id and any hints.
///
/// `Display` and `FromStr` are the node address text: lines separated by LF, the endpoint id, the relay URL or
/// nothing, then one address each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAddr {
    /// The raw public key.
    pub endpoint_id: [u8; 32],
    /// The relay's URL, unchecked.
    pub relay_url: Option<String>,
    /// In order of preference as written.
    pub direct: Vec<SocketAddr>,
}

/// What [`parse`] gives: the same as a node address, whatever form it was written in.
pub type Address = NodeAddr;

impl NodeAddr {
    /// Standard base64 of the text form, as admission answers carry it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.to_string())
    }

    /// Reads standard base64 of the text form, padded or not.
    pub fn from_base64(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(AddressError::TooLong);
        }
        let bytes = LENIENT.decode(text).map_err(|_| AddressError::Form)?;
        std::str::from_utf8(&bytes).map_err(|_| AddressError::Utf8)?.parse()
    }

    /// The endpoint id as 64 lower-case hexadecimal digits.
    pub fn endpoint_id_text(&self) -> String {
        Hex(&self.endpoint_id).to_string()
    }
}

impl fmt::Display for NodeAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n", Hex(&self.endpoint_id), self.relay_url.as_deref().unwrap_or_default())?;
        for (index, address) in self.direct.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{address}")?;
        }
        Ok(())
    }
}

impl FromStr for NodeAddr {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_NODE_BYTES {
            return Err(AddressError::TooLong);
        }
        let mut lines = text.split('\n');
        let endpoint_id = lines.next().and_then(id_from_hex).ok_or(AddressError::EndpointId)?;
        let relay_url = lines.next().filter(|url| !url.is_empty()).map(str::to_owned);
        let mut direct = Vec::new();
        for (index, line) in lines.enumerate() {
            if line.is_empty() {
                continue;
            }
            if direct.len() == MAX_DIRECT {
                return Err(AddressError::TooManyAddresses);
            }
            direct.push(line.parse().map_err(|_| AddressError::Direct { line: index + 3 })?);
        }
        let address = Self { endpoint_id, relay_url, direct };
        // Some addresses are longer as we write them.
        if address.to_string().len() > MAX_NODE_BYTES { Err(AddressError::TooLong) } else { Ok(address) }
    }
}

/// Reads an address in any of its forms: what starts with `aster1` is a ticket, 64 hexadecimal digits are a bare
/// endpoint id, anything else is base64 of the node address text.
///
/// A ticket's relay address and credential are not part of the result: the first names no relay that could be
/// dialled, the second is not used to connect.
pub fn parse(text: &str) -> Result<Address, AddressError> {
    if text.starts_with(PREFIX) {
        let ticket: Ticket = text.parse()?;
        return Ok(Address { endpoint_id: ticket.endpoint_id, relay_url: None, direct: ticket.direct });
    }
    if let Some(endpoint_id) = id_from_hex(text) {
        return Ok(Address { endpoint_id, relay_url: None, direct: Vec::new() });
    }
    NodeAddr::from_base64(text)
}

/// Reads an endpoint id: 64 hexadecimal digits of either case.
pub fn parse_endpoint_id(text: &str) -> Option<[u8; 32]> {
    id_from_hex(text)
}

/// Writes an endpoint id: 64 lower-case hexadecimal digits.
pub fn endpoint_id_text(endpoint_id: &[u8; 32]) -> String {
    Hex(endpoint_id).to_string()
}
