//! Relays of one's own (`docs/boundary.md#relays`).

use std::sync::Arc;

use aster_relay::{Relay, RelayAccess, RelayError, RelayOptions, TlsOptions};
use napi::{Env, Result};
use napi_derive::napi;
use tokio::sync::Mutex;

use crate::error::{Failure, Outcome, throwing};
use crate::options::bind_address;
use crate::registry::{PORTS, RELAYS, RelayEntry};
use crate::settle::{settle, take};

/// Options of a relay.
#[napi(object, use_nullable = true, object_to_js = false)]
pub struct RelaySettings {
    /// `ip:port` where clients connect.
    pub bind: String,
    /// The host name or IP address in the URL; null: that of `bind`.
    pub host: Option<String>,
    /// The certificate chain in PEM; null: plain HTTP.
    pub certificate: Option<String>,
    /// The secret key of the certificate in PEM.
    pub key: Option<String>,
    /// The UDP port on which clients learn their public address.
    pub quic_port: u16,
    /// The endpoint ids that may use the relay; null: all.
    #[napi(ts_type = "readonly string[] | null")]
    pub allow: Option<Vec<String>>,
    /// The word that clients have to send; null: none.
    pub token: Option<String>,
    /// Clients at one time; null: 4096.
    pub max_clients: Option<u32>,
}

/// A relay that was started.
#[napi(object, use_nullable = true, object_from_js = false)]
pub struct StartedRelay {
    /// Number of the relay.
    #[napi(readonly)]
    pub relay: u32,
    /// The URL for clients.
    #[napi(readonly)]
    pub url: String,
    /// `ip:port` where clients connect.
    #[napi(readonly)]
    pub address: String,
    /// The UDP port on which clients learn their public address; null without TLS.
    #[napi(readonly)]
    pub quic_port: Option<u16>,
}

/// A certificate that is signed by its own key.
#[napi(object, object_from_js = false)]
pub struct SelfSignedCertificate {
    /// In PEM.
    #[napi(readonly)]
    pub certificate: String,
    /// Its secret key in PEM.
    #[napi(readonly)]
    pub key: String,
}

impl RelaySettings {
    fn check(self) -> Outcome<RelayOptions> {
        let tls = match (self.certificate, self.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(TlsOptions {
                certificate: certificate.into_bytes(),
                key: key.into_bytes(),
                quic_port: self.quic_port,
            }),
            _ => return Err(Failure::option("options.tls", "must have a certificate and a key")),
        };
        let most = self.max_clients.map(|most| most as usize);
        let access = RelayAccess::new(self.allow.as_deref(), self.token, most)
            .map_err(|error| Failure::option("options.access", error))?;
        Ok(RelayOptions { bind: bind_address(&self.bind)?, host: self.host, tls, access })
    }
}

/// Starts a relay. The result is a `StartedRelay`.
#[napi(catch_unwind)]
pub fn relay_start(env: Env, port: u32, request: u32, options: RelaySettings) -> Result<()> {
    throwing(env, || {
        let options = options.check()?;
        settle(port, request, async move {
            let relay = Relay::start(options).await.map_err(|error| match error {
                RelayError::Certificate(_) => Failure::option("options.tls", error),
                RelayError::Bind { .. } => Failure::bind(error),
            })?;
            let (url, address) = (relay.url().to_owned(), relay.address().to_string());
            let quic_port = relay.quic_port();
            let entry = RelayEntry { relay: Arc::new(Mutex::new(Some(relay))), owner: port };
            let number = RELAYS.insert(entry);
            // The environment ended in the meantime, before this relay was in the list of relays to close.
            if let Err(gone) = PORTS.get(port) {
                RELAYS.remove(number);
                return Err(gone);
            }
            Ok(StartedRelay { relay: number, url, address, quic_port })
        })
    })
}

/// Takes the result of `relayStart`.
#[napi(catch_unwind)]
pub fn take_started_relay(env: Env, port: u32, request: u32) -> Result<StartedRelay> {
    throwing(env, || take(port, request))
}

/// Ends a relay. There is no result value. Can be called twice.
#[napi(catch_unwind)]
pub fn relay_close(env: Env, port: u32, request: u32, relay: u32) -> Result<()> {
    throwing(env, || {
        let entry = RELAYS.remove(relay);
        settle(port, request, async move {
            if let Some(entry) = entry
                && let Some(relay) = entry.relay.lock().await.take()
            {
                relay.close().await;
            }
            Ok(())
        })
    })
}

/// Makes a certificate for host names and IP addresses.
#[napi(catch_unwind)]
pub fn relay_certificate(env: Env, hosts: Vec<String>) -> Result<SelfSignedCertificate> {
    throwing(env, || {
        let made = aster_relay::self_signed(&hosts).map_err(|error| Failure::option("hosts", error))?;
        Ok(SelfSignedCertificate { certificate: made.certificate, key: made.key })
    })
}
