//! The files of a contract collection: what a server publishes about a service (`docs/registry.md#entries`).

use crate::error::ContractError;
use crate::id::{description, graph};
use crate::service::Service;

/// The files of a service, with its contract id.
#[derive(Debug, Clone)]
pub struct Files {
    /// 64 hexadecimal digits.
    pub contract_id: String,
    /// Names and contents, in the order of the collection.
    pub entries: Vec<(String, Vec<u8>)>,
    /// The manifest, which is also the last entry.
    pub manifest: Vec<u8>,
}

/// The files of a service document.
///
/// *Errors*: [`ContractError`] if the text is not a valid service document, or the service has no contract id.
pub fn files(service_json: &str) -> Result<Files, ContractError> {
    let manifest = crate::manifest(service_json)?.into_bytes();
    let service = Service::from_json(service_json)?;
    let described = description(&service);
    let contract_id =
        described.contract_id.ok_or_else(|| ContractError::NoId("no contract id".to_owned()))?;
    let mut entries = vec![("contract.bin".to_owned(), described.canonical)];
    for defined in graph(&service).types() {
        let name = format!("types/{}.bin", blake3::Hash::from_bytes(defined.hash).to_hex());
        entries.push((name, defined.canonical.clone()));
    }
    entries.push(("manifest.json".to_owned(), manifest.clone()));
    Ok(Files { contract_id, entries, manifest })
}
