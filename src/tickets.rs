//! Reading and writing tickets (`docs/boundary.md#control-plane`).

use std::net::SocketAddr;

use aster_wire::hex::{Hex, id_from_hex};
use aster_wire::status::Code;
use aster_wire::ticket::{self, Credential, Ticket};
use napi::bindgen_prelude::Uint8Array;
use napi::{Env, Result};
use napi_derive::napi;

use crate::error::{Failure, Outcome, throwing};

/// The parts of a ticket.
///
/// @example
/// ```ts
/// const parts: TicketParts = Ticket.parse(ticket);
/// console.log(parts.endpointId.length); // 64
/// ```
#[napi(object, use_nullable = true)]
pub struct TicketParts {
    /// The public key of the endpoint to dial: 64 hexadecimal digits.
    #[napi(readonly)]
    pub endpoint_id: String,
    /// The direct addresses as `ip:port`. At most 15.
    #[napi(readonly, ts_type = "readonly string[]")]
    pub direct_addresses: Vec<String>,
    /// The address of the relay as `ip:port`, or null.
    #[napi(readonly)]
    pub relay_address: Option<String>,
    /// The credential, or null.
    #[napi(readonly)]
    pub credential: Option<TicketCredential>,
}

/// A credential inside a ticket.
///
/// @example
/// ```ts
/// const credential: TicketCredential | null = Ticket.parse(ticket).credential;
/// console.log(credential); // null: the ticket of an open server contains no credential
/// ```
#[napi(object)]
pub struct TicketCredential {
    /// The payload of `registry_read` has exactly 32 bytes, the others have at most 220.
    #[napi(readonly, ts_type = "'open' | 'consumer_rcan' | 'enrollment' | 'registry_read'")]
    pub r#type: String,
    /// Empty for `open`.
    #[napi(readonly)]
    pub payload: Uint8Array,
}

impl TicketParts {
    fn to_ticket(&self) -> Outcome<Ticket> {
        let endpoint_id = id_from_hex(&self.endpoint_id)
            .ok_or_else(|| Failure::option("parts.endpointId", "must be 64 hexadecimal digits"))?;
        let direct = self.direct_addresses.iter().enumerate();
        let direct = direct.map(|(i, text)| socket_address(&format!("parts.directAddresses[{i}]"), text));
        let relay = self.relay_address.as_deref();
        let relay = relay.map(|text| socket_address("parts.relayAddress", text)).transpose()?;
        let credential = self.credential.as_ref().map(TicketCredential::to_credential).transpose()?;
        Ok(Ticket { endpoint_id, relay, direct: direct.collect::<Outcome<_>>()?, credential })
    }
}

impl TicketCredential {
    fn to_credential(&self) -> Outcome<Credential> {
        Credential::new(&self.r#type, &self.payload)
            .ok_or_else(|| {
                let known = "must be \"open\", \"consumer_rcan\", \"enrollment\" or \"registry_read\"";
                Failure::option("parts.credential.type", known)
            })?
            .map_err(|e| Failure::option("parts.credential", e))
    }
}

fn socket_address(path: &str, text: &str) -> Outcome<SocketAddr> {
    text.parse().map_err(|_| Failure::option(path, "must be an IP address with a port"))
}

/// Reads an `aster1` ticket.
#[napi(catch_unwind)]
pub fn ticket_parse(env: Env, text: String) -> Result<TicketParts> {
    throwing(env, || {
        let ticket: Ticket = text.parse().map_err(|e| Failure::new(Code::InvalidArgument, e))?;
        let credential = ticket.credential.as_ref().map(|credential| TicketCredential {
            r#type: credential.kind().to_owned(),
            payload: credential.payload().to_vec().into(),
        });
        Ok(TicketParts {
            endpoint_id: Hex(&ticket.endpoint_id).to_string(),
            direct_addresses: ticket.direct.iter().map(ToString::to_string).collect(),
            relay_address: ticket.relay.map(|relay| relay.to_string()),
            credential,
        })
    })
}

/// The QR code of a ticket, for a terminal.
#[napi(catch_unwind)]
pub fn ticket_qr(env: Env, text: String) -> Result<String> {
    throwing(env, || ticket::qr(&text).map_err(|e| Failure::new(Code::InvalidArgument, e)))
}

/// Writes an `aster1` ticket.
#[napi(catch_unwind)]
pub fn ticket_format(env: Env, parts: TicketParts) -> Result<String> {
    throwing(env, || parts.to_ticket()?.to_text().map_err(|e| Failure::option("parts", e)))
}
