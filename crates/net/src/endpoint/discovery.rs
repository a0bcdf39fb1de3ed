//! How other endpoints are found of which only the id is known (`docs/network.md#discovery`).

use iroh::Endpoint;
use iroh::address_lookup::{AddrFilter, DnsAddressLookup, PkarrPublisher, PkarrResolver};
use iroh::dns::DnsResolver;
use iroh::endpoint::Builder;
use iroh_mdns_address_lookup::MdnsAddressLookup;

use super::host::{self, Announced, HostLookup};
use super::options::Discovery;
use crate::error::BindError;

/// Adds the servers that are asked.
pub(super) fn with_servers(mut builder: Builder, discovery: &Discovery) -> Result<Builder, BindError> {
    if let Some(address) = discovery.nameserver {
        builder = builder.dns_resolver(DnsResolver::with_nameserver(address));
    }
    if let Some(text) = &discovery.pkarr {
        let parse = || text.parse::<url::Url>();
        let invalid = |reason: String| BindError::Pkarr { url: text.clone(), reason };
        let url = parse().map_err(|error| invalid(error.to_string()))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(invalid("it must begin with http:// or https://".to_owned()));
        }
        // The server is one that the user named, so it gets all addresses.
        let publisher = PkarrPublisher::builder(url.clone()).addr_filter(AddrFilter::unfiltered());
        builder = builder.address_lookup(publisher).address_lookup(PkarrResolver::builder(url));
    }
    if let Some(origin) = &discovery.dns {
        builder = builder.address_lookup(DnsAddressLookup::builder(origin.clone()));
    }
    Ok(builder)
}

/// Looks for endpoints on this machine and in the local network, and announces this one there, until the result is dropped.
pub(super) fn local(endpoint: &Endpoint) -> Option<Announced> {
    let id = endpoint.id();
    let Ok(services) = endpoint.address_lookup() else { return None };
    // Without a network there is no mDNS, but the endpoints of this machine are found.
    match MdnsAddressLookup::builder().advertise(true).build(id) {
        Ok(mdns) => services.add(mdns),
        Err(error) => tracing::info!("no discovery in the local network: {error}"),
    }
    let folder = host::folder()?;
    services.add(HostLookup(folder.clone()));
    let announced = host::announce(&folder, &id, endpoint.bound_sockets());
    announced
        .inspect_err(|error| tracing::warn!("other processes of this machine do not find this one: {error}"))
        .ok()
}
