//! The certificate of a relay: from files, or signed by itself.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The text of the certificate chain is not PEM, or has no certificate.
    #[error("the certificate of the relay is not a chain of certificates in PEM")]
    Chain,
    /// The text of the key is not PEM, or has no secret key.
    #[error("the key of the relay is not a secret key in PEM")]
    Key,
    /// They do not fit each other, or are of an unknown kind.
    #[error("the certificate of the relay cannot be used: {0}")]
    Unusable(String),
    /// A name cannot be in a certificate.
    #[error("a certificate for {hosts:?} cannot be made: {reason}")]
    Names {
        /// The names.
        hosts: Vec<String>,
        /// The reason.
        reason: String,
    },
}

/// A certificate that is signed by its own key.
#[derive(Clone)]
pub struct SelfSigned {
    /// The certificate in PEM, which clients have to trust.
    pub certificate: String,
    /// The secret key in PEM.
    pub key: String,
}

impl std::fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SelfSigned").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Makes a certificate for host names and IP addresses.
///
/// # Errors
/// [`CertificateError::Names`] for a name that cannot be in a certificate.
pub fn self_signed(hosts: &[String]) -> Result<SelfSigned, CertificateError> {
    let made = rcgen::generate_simple_self_signed(hosts.to_vec())
        .map_err(|error| CertificateError::Names { hosts: hosts.to_vec(), reason: error.to_string() })?;
    Ok(SelfSigned { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
}

pub(crate) fn server_config(certificate: &[u8], key: &[u8]) -> Result<ServerConfig, CertificateError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(|_| CertificateError::Chain)?;
    if chain.is_empty() {
        return Err(CertificateError::Chain);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::Key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |error: rustls::Error| CertificateError::Unusable(error.to_string());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_signed_certificate_can_be_used_and_its_key_is_not_shown() {
        let made = self_signed(&["relay.example.net".to_owned(), "10.0.0.1".to_owned()]).unwrap();
        server_config(made.certificate.as_bytes(), made.key.as_bytes()).unwrap();
        assert!(!format!("{made:?}").contains("PRIVATE KEY"));
    }

    #[test]
    fn texts_that_are_no_pem_and_keys_that_do_not_fit_are_refused() {
        let (one, other) = (self_signed(&["a".to_owned()]).unwrap(), self_signed(&["b".to_owned()]).unwrap());
        let used = |certificate: &str, key: &str| server_config(certificate.as_bytes(), key.as_bytes());
        assert!(matches!(used("", &one.key), Err(CertificateError::Chain)));
        assert!(matches!(used(&one.certificate, "none"), Err(CertificateError::Key)));
        assert!(matches!(used(&one.certificate, &other.key), Err(CertificateError::Unusable(_))));
    }
}
