//! Binds iroh's endpoint according to the options.

use std::net::SocketAddr;
use std::time::Duration;

use iroh::endpoint::{Builder, QuicTransportConfig, VarInt, presets};
use iroh::tls::CaTlsConfig;
use iroh::{Endpoint, RelayConfig, RelayMap, RelayMode, RelayUrl, RelayUrlParseError, SecretKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::discovery;
use super::options::{NodeOptions, OwnRelays, RelayChoice};
use crate::admission::Gates;
use crate::connection::chain;
use crate::error::BindError;
use crate::{ALPN_CONSUMER_ADMISSION, ALPN_DESCRIBE, ALPN_PRODUCER_ADMISSION, ALPN_REVOCATION, ALPN_RPC};

/// Bytes that all streams of one connection may have received but not read: half of the byte budget of a connection, within
/// these limits. A node that gives its peers little memory gives them a small window, too.
const MOST_WINDOW: u32 = 32 << 20;
const LEAST_WINDOW: u32 = 1 << 20;
/// Send buffer of one connection for a peer that does not read. Together with the budget of a stream it is below 8
/// MiB.
const SEND_WINDOW: u64 = 6 << 20;

/// How often a silent connection sends a packet. A client behind a NAT that gave it another port is silent while it waits
/// for a response, and the server sends to the old port until a packet comes from the new one.
const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// How long a node waits for the chosen port, and how often it looks.
const PORT_RELEASE: Duration = Duration::from_secs(1);
const PORT_CHECK: Duration = Duration::from_millis(5);

/// The stream limit of the transport for a limit of `max_streams` served at once. The transport renews credit only after
/// an eighth of its limit has ended. With as few as `max_streams` a peer would run out of credit while slots are free;
/// the limit itself holds where streams are accepted.
fn transport_streams(max_streams: u32) -> u32 {
    max_streams.saturating_add(max_streams / 4).saturating_add(16)
}

fn connection_window(peer_bytes: u32) -> u32 {
    (peer_bytes / 2).clamp(LEAST_WINDOW, MOST_WINDOW)
}

/// The protocols that a node accepts by itself.
pub(super) fn own_protocols(gates: &Gates) -> Vec<Vec<u8>> {
    let mut protocols = vec![ALPN_RPC, ALPN_CONSUMER_ADMISSION, ALPN_DESCRIBE];
    if gates.takes_producers() {
        protocols.push(ALPN_PRODUCER_ADMISSION);
    }
    if gates.takes_lists() {
        protocols.push(ALPN_REVOCATION);
    }
    protocols.into_iter().map(<[u8]>::to_vec).collect()
}

pub(super) async fn bind(options: &NodeOptions, gates: &Gates) -> Result<Endpoint, BindError> {
    let failed = |error: &dyn std::error::Error| BindError::Bind {
        address: options.bind.map_or_else(|| "any address".to_owned(), |address| address.to_string()),
        reason: chain(error),
    };
    let mut builder = match &options.relay {
        RelayChoice::Default => Endpoint::builder(presets::N0),
        RelayChoice::Disabled => Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled),
        RelayChoice::Own(own) => with_relays(own)?,
    };
    builder = discovery::with_servers(builder, &options.discovery)?;
    if options.relay_only {
        builder = builder.clear_ip_transports();
    }
    let secret = options.secret_key.map_or_else(SecretKey::generate, |seed| SecretKey::from_bytes(&seed));
    let transport = QuicTransportConfig::builder()
        .max_concurrent_bidi_streams(VarInt::from_u32(transport_streams(
            options.limits.max_streams.saturating_add(options.limits.max_sessions),
        )))
        .max_concurrent_uni_streams(VarInt::from_u32(options.one_way_streams))
        .receive_window(VarInt::from_u32(connection_window(options.limits.peer_bytes)))
        .send_window(SEND_WINDOW)
        .keep_alive_interval(KEEP_ALIVE)
        .default_path_keep_alive_interval(KEEP_ALIVE)
        .build();
    builder = builder.secret_key(secret).alpns(own_protocols(gates)).transport_config(transport);
    if let Some(address) = options.bind {
        wait_until_free(address).await;
        builder = builder.clear_ip_transports().bind_addr(address).map_err(|e| failed(&e))?;
    }
    builder.bind().await.map_err(|e| failed(&e))
}

/// An endpoint with relays that somebody runs for it.
fn with_relays(own: &OwnRelays) -> Result<Builder, BindError> {
    let mut relays = Vec::new();
    for url in &own.urls {
        let invalid = |reason: String| BindError::RelayUrl { url: url.clone(), reason };
        let parsed: RelayUrl = url.parse().map_err(|error: RelayUrlParseError| invalid(error.to_string()))?;
        let has_tls = match parsed.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(invalid("it must begin with http:// or https://".to_owned())),
        };
        let mut config = RelayConfig::from(parsed);
        config.quic = config.quic.filter(|_| has_tls);
        if let (Some(quic), Some(port)) = (&mut config.quic, own.quic_port) {
            quic.port = port;
        }
        relays.push(match &own.token {
            Some(token) => config.with_auth_token(token),
            None => config,
        });
    }
    let builder = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Custom(relays.into_iter().collect::<RelayMap>()));
    let Some(pem) = &own.certificates else { return Ok(builder) };
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let roots = roots.ok().filter(|roots| !roots.is_empty()).ok_or(BindError::Certificates)?;
    Ok(builder.ca_tls_config(CaTlsConfig::embedded().with_extra_roots(roots)))
}

/// Waits a moment while the chosen port is taken. A node that was closed gives its socket back shortly afterwards, from another
/// thread, and the next node at its address must not fail for that. Binding reports a port that stays taken.
async fn wait_until_free(address: SocketAddr) {
    let taken = || {
        std::net::UdpSocket::bind(address).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
    };
    let waiting = async {
        while address.port() != 0 && taken() {
            tokio::time::sleep(PORT_CHECK).await;
        }
    };
    let _ = tokio::time::timeout(PORT_RELEASE, waiting).await;
}

/// A new ed25519 seed.
pub fn generate_secret_key() -> [u8; 32] {
    SecretKey::generate().to_bytes()
}

/// The endpoint id of a seed, 64 hex digits.
pub fn endpoint_id_of(seed: &[u8; 32]) -> String {
    SecretKey::from_bytes(seed).public().to_string()
}
