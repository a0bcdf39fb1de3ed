//! Decodes the binary form of a ticket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Credential, MAX_BYTES, MIN_BYTES, Ticket, TicketError, VERSION};

/// The bytes that are not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], TicketError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(TicketError::Truncated(part))?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn byte(&mut self, part: &'static str) -> Result<u8, TicketError> {
        self.take::<1>(part).map(|[byte]| byte)
    }

    fn v4(&mut self, part: &'static str) -> Result<SocketAddr, TicketError> {
        let ip = Ipv4Addr::from(self.take::<4>(part)?);
        Ok(SocketAddr::new(IpAddr::V4(ip), u16::from_be_bytes(self.take(part)?)))
    }

    fn v6(&mut self, part: &'static str) -> Result<SocketAddr, TicketError> {
        let ip = Ipv6Addr::from(self.take::<16>(part)?);
        Ok(SocketAddr::new(IpAddr::V6(ip), u16::from_be_bytes(self.take(part)?)))
    }
}

/// Decodes a whole ticket. The low bits of header and count, and unused type bits, are ignored.
pub(super) fn ticket(bytes: &[u8]) -> Result<Ticket, TicketError> {
    if bytes.len() < MIN_BYTES {
        return Err(TicketError::TooShort);
    }
    if bytes.len() > MAX_BYTES {
        return Err(TicketError::TooLong);
    }
    let mut rest = Rest(bytes);
    let endpoint_id = rest.take("endpoint id")?;
    let header = rest.byte("header")?;
    if header >> 4 != VERSION {
        return Err(TicketError::Version(header >> 4));
    }
    let relay = match (header >> 2) & 3 {
        0 => None,
        1 => Some(rest.v4("relay address")?),
        2 => Some(rest.v6("relay address")?),
        _ => return Err(TicketError::RelayType),
    };
    let direct = direct(&mut rest)?;
    let credential = if rest.0.is_empty() { None } else { Some(credential(&mut rest)?) };
    if !rest.0.is_empty() {
        return Err(TicketError::Trailing(rest.0.len()));
    }
    Ok(Ticket { endpoint_id, relay, direct, credential })
}

fn direct(rest: &mut Rest<'_>) -> Result<Vec<SocketAddr>, TicketError> {
    let count = usize::from(rest.byte("address count")? >> 4);
    let (bits, after) =
        rest.0.split_at_checked(count.div_ceil(4)).ok_or(TicketError::Truncated("address types"))?;
    rest.0 = after;
    let types = bits.iter().flat_map(|byte| [6, 4, 2, 0].map(|shift| (byte >> shift) & 3));
    types
        .take(count)
        .map(|kind| match kind {
            0 => rest.v4("address"),
            1 => rest.v6("address"),
            other => Err(TicketError::AddressType(other)),
        })
        .collect()
}

fn credential(rest: &mut Rest<'_>) -> Result<Credential, TicketError> {
    let kind = rest.byte("credential")?;
    let length = usize::from(u16::from_be_bytes(rest.take("credential")?));
    if length > super::MAX_CREDENTIAL_BYTES {
        return Err(TicketError::CredentialSize(length));
    }
    let (payload, after) = rest.0.split_at_checked(length).ok_or(TicketError::Truncated("credential"))?;
    rest.0 = after;
    Credential::from_parts(kind, payload)
}
