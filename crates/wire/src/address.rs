//! The text forms of a node's address: a ticket, an endpoint id, or base64 of the node address text.
//!
//! Owns the node address text, and how the three forms are told apart (`docs/protocol.md#tickets`). Tickets are in
//! [`crate::ticket`]; `aster-net` dials addresses.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::hex::{Hex, id_from_hex};
use crate::ticket::{PREFIX, Ticket, TicketError};

/// Longest text that is parsed.
pub const MAX_TEXT_BYTES: usize = 16_384;
/// Longest node address text: its base64 form must fit [`MAX_TEXT_BYTES`].
const MAX_NODE_BYTES: usize = MAX_TEXT_BYTES / 4 * 3;
/// Most direct addresses of one node address.
pub const MAX_DIRECT: usize = 64;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It starts like a ticket, but is not a valid ticket.
    #[error(transparent)]
    Ticket(#[from] TicketError),
    /// It has none of the three forms.
    #[error("an address is a ticket, 64 hexadecimal digits, or base64 of a node address")]
    Form,
    /// Longer than [`MAX_TEXT_BYTES`].
    #[error("an address has at most {MAX_TEXT_BYTES} bytes")]
    TooLong,
    /// The base64 text does not contain UTF-8.
    #[error("a node address must be UTF-8 text")]
    Utf8,
    /// The first line is not an endpoint id.
    #[error("a node address must start with an endpoint id of 64 hexadecimal digits")]
    EndpointId,
    /// A line is not an IP address with a port.
    #[error("line {line} of the node address is not an IP address with a port")]
    Direct {
        /// Line number, starting at 1.
        line: usize,
    },
    /// More than [`MAX_DIRECT`].
    #[error("a node address has at most {MAX_DIRECT} addresses")]
    TooManyAddresses,
}

/// The address of a node: its endpoint id, and where it may be reached.
///
/// `Display` and `FromStr` use the node address text, lines separated by LF: the endpoint id, the relay URL or an
/// empty line, then one direct address on each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAddr {
    /// The raw public key.
    pub endpoint_id: [u8; 32],
    /// The relay's URL, unchecked.
    pub relay_url: Option<String>,
    /// Direct addresses, in the order of preference.
    pub direct: Vec<SocketAddr>,
}

/// The result of [`parse`]: a node address, for every text form.
pub type Address = NodeAddr;

impl NodeAddr {
    /// Standard base64 of the text form. Admission responses contain addresses in this form.
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
        // Some addresses are longer in the text that `Display` writes than in the text that was parsed.
        if address.to_string().len() > MAX_NODE_BYTES { Err(AddressError::TooLong) } else { Ok(address) }
    }
}

/// Parses an address in any of its forms: a text that starts with `aster1` is a ticket, 64 hexadecimal digits are an
/// endpoint id, any other text is base64 of the node address text.
///
/// The result does not contain the relay address and the credential of a ticket. A relay is dialled by its URL, which
/// a ticket does not have, and the credential is not used to dial.
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
