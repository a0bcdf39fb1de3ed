//! Keys, tickets and addresses (`docs/boundary.md#control-plane`).

use std::net::SocketAddr;

use aster_wire::address::{self, Address};
use aster_wire::hex::{Hex, bytes_from_hex, id_from_hex};
use aster_wire::status::Code;
use aster_wire::ticket::{Credential, Ticket};
use napi::bindgen_prelude::{Result, Uint8Array};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;

use crate::error::Failure;

/// Reads 64 hex digits, the value of the argument `path`.
pub(crate) fn seed_from_hex(path: &str, text: &str) -> std::result::Result<[u8; 32], Failure> {
    id_from_hex(text).ok_or_else(|| Failure::option(path, "must be 32 bytes"))
}

/// A new ed25519 seed.
#[napi(catch_unwind)]
pub fn secret_key_generate() -> Uint8Array {
    aster_net::generate_secret_key().to_vec().into()
}

/// The endpoint id of a seed: 64 hex digits.
#[napi(catch_unwind)]
pub fn public_key_of(secret_key: String) -> Result<String> {
    Ok(aster_net::endpoint_id_of(&seed_from_hex("secretKey", &secret_key)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TicketParts {
    endpoint_id: String,
    #[serde(default)]
    direct_addresses: Vec<String>,
    #[serde(default)]
    relay_address: Option<String>,
    #[serde(default)]
    credential: Option<CredentialParts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CredentialParts {
    r#type: String,
    #[serde(default)]
    data_hex: String,
}

impl TicketParts {
    fn to_ticket(&self) -> std::result::Result<Ticket, Failure> {
        let endpoint_id = id_from_hex(&self.endpoint_id)
            .ok_or_else(|| Failure::option("parts.endpointId", "must be 64 hexadecimal digits"))?;
        let direct = self.direct_addresses.iter().enumerate();
        let direct = direct.map(|(i, text)| socket_address(&format!("parts.directAddresses[{i}]"), text));
        let relay = self
            .relay_address
            .as_deref()
            .map(|text| socket_address("parts.relayAddress", text))
            .transpose()?;
        let credential = self.credential.as_ref().map(CredentialParts::to_credential).transpose()?;
        Ok(Ticket { endpoint_id, relay, direct: direct.collect::<std::result::Result<_, _>>()?, credential })
    }
}

impl CredentialParts {
    fn to_credential(&self) -> std::result::Result<Credential, Failure> {
        let payload = bytes_from_hex(&self.data_hex)
            .ok_or_else(|| Failure::option("parts.credential.data", "must be bytes"))?;
        Credential::new(&self.r#type, &payload)
            .ok_or_else(|| {
                let known = "must be \"open\", \"consumer_rcan\", \"enrollment\" or \"registry_read\"";
                Failure::option("parts.credential.type", known)
            })?
            .map_err(|e| Failure::option("parts.credential", e))
    }
}

fn socket_address(path: &str, text: &str) -> std::result::Result<SocketAddr, Failure> {
    text.parse().map_err(|_| Failure::option(path, "must be an IP address with a port"))
}

/// Reads an `aster1` ticket.
#[napi(catch_unwind)]
pub fn ticket_parse(text: String) -> Result<String> {
    let ticket: Ticket = text.parse().map_err(|e| Failure::new(Code::InvalidArgument, e))?;
    let direct: Vec<_> = ticket.direct.iter().map(ToString::to_string).collect();
    let credential = ticket.credential.as_ref().map(
        |credential| json!({ "type": credential.kind(), "dataHex": Hex(credential.payload()).to_string() }),
    );
    Ok(json!({
        "endpointId": Hex(&ticket.endpoint_id).to_string(), "directAddresses": direct,
        "relayAddress": ticket.relay.map(|relay| relay.to_string()), "credential": credential,
    })
    .to_string())
}

/// Writes an `aster1` ticket.
#[napi(catch_unwind)]
pub fn ticket_format(parts: String) -> Result<String> {
    let parts: TicketParts = serde_json::from_str(&parts).map_err(|e| Failure::option("parts", e))?;
    Ok(parts.to_ticket()?.to_text().map_err(|e| Failure::option("parts", e))?)
}

/// Reads an address in any form: ticket, endpoint id, or base64 of a node address.
#[napi(catch_unwind)]
pub fn address_parse(text: String) -> Result<String> {
    let address: Address = address::parse(&text).map_err(|e| Failure::new(Code::InvalidArgument, e))?;
    let direct: Vec<_> = address.direct.iter().map(ToString::to_string).collect();
    Ok(json!({
        "endpointId": address.endpoint_id_text(), "directAddresses": direct, "relayUrl": address.relay_url,
    })
    .to_string())
}
