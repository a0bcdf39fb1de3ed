//! A relay of one's own.
//!
//! Owns the options of a relay, who may use it, and its life cycle. Does not own the relay itself: that is iroh's
//! (`docs/adr/0031-the-relay-is-in-the-addon.md`). A relay passes on encrypted packets between its clients; it sees who talks
//! to whom, and how much, and never what.

mod access;
mod certificate;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use iroh_relay::server::{CertConfig, QuicConfig, RelayConfig, Server, ServerConfig, TlsConfig};

pub use access::{AccessError, RelayAccess};
pub use certificate::{CertificateError, SelfSigned, self_signed};

/// Options of [`Relay::start`].
#[derive(Debug, Clone)]
pub struct RelayOptions {
    /// Where clients connect. Port 0 takes a free port.
    pub bind: SocketAddr,
    /// The host name or IP address in the URL of the relay. `None`: that of `bind`.
    pub host: Option<String>,
    /// TLS; `None`: plain HTTP, and no discovery of addresses over QUIC.
    pub tls: Option<TlsOptions>,
    /// Who may use the relay.
    pub access: RelayAccess,
}

/// TLS of a relay.
#[derive(Debug, Clone)]
pub struct TlsOptions {
    /// The certificate chain, in PEM.
    pub certificate: Vec<u8>,
    /// The secret key of the certificate, in PEM.
    pub key: Vec<u8>,
    /// The UDP port on which clients learn their public address. Port 0 takes a free port.
    pub quic_port: u16,
}

/// Why a relay could not start.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The certificate or its key is not usable.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A socket could not be bound.
    #[error("the relay could not listen on {address}: {reason}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The message of the system.
        reason: String,
    },
}

/// A running relay. Dropping it ends it at once.
#[derive(Debug)]
pub struct Relay {
    server: Server,
    url: String,
    address: SocketAddr,
}

impl Relay {
    /// Starts a relay on the current tokio runtime.
    ///
    /// # Errors
    /// [`RelayError`] when the certificate is not usable or a socket cannot be bound.
    pub async fn start(options: RelayOptions) -> Result<Self, RelayError> {
        let with_tls = options.tls.is_some();
        let server = Server::spawn(config(&options)?)
            .await
            .map_err(|error| RelayError::Bind { address: options.bind, reason: with_sources(&error) })?;
        let address = if with_tls { server.https_addr() } else { server.http_addr() };
        let address = address.unwrap_or(options.bind);
        let host = options.host.unwrap_or_else(|| in_url(address.ip()));
        let scheme = if with_tls { "https" } else { "http" };
        let url = format!("{scheme}://{host}:{}", address.port());
        Ok(Self { server, url, address })
    }

    /// The URL for clients.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The UDP port on which clients learn their public address; `None` without TLS.
    pub fn quic_port(&self) -> Option<u16> {
        self.server.quic_addr().map(|address| address.port())
    }

    /// Ends the relay and waits until its sockets are closed.
    pub async fn close(self) {
        // It reports only that its tasks were cancelled, or how they failed before.
        if let Err(error) = self.server.shutdown().await {
            tracing::debug!(%error, "the relay has ended");
        }
    }
}

fn config(options: &RelayOptions) -> Result<ServerConfig, RelayError> {
    let mut server = ServerConfig::default();
    let Some(tls) = &options.tls else {
        let mut relay = RelayConfig::new(options.bind);
        relay.access = options.access.control();
        server.relay = Some(relay);
        return Ok(server);
    };
    let certificate = certificate::server_config(&tls.certificate, &tls.key)?;
    // With TLS, the other address answers only the question whether a network needs a login in a browser. Nobody outside needs it.
    let mut relay = RelayConfig::new((Ipv4Addr::LOCALHOST, 0));
    relay.tls = Some(TlsConfig::new(options.bind, CertConfig::Manual { server_config: certificate }));
    relay.access = options.access.control();
    server.relay = Some(relay);
    server.quic = Some(QuicConfig::new((options.bind.ip(), tls.quic_port)));
    Ok(server)
}

/// An IP address as the host of a URL. An address that stands for all of them cannot be dialled.
fn in_url(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) if ip.is_unspecified() => "[::1]".to_owned(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
