//! Who may use a relay.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iroh_base::EndpointId;
use iroh_relay::server::{Access, AccessControl, ClientRequest, ConnectionId, DynAccessControl};
use subtle::ConstantTimeEq as _;

/// Connections at one time, where nothing else was said.
const MOST_CLIENTS: usize = 4096;
/// A longer token is not compared.
const MOST_TOKEN: usize = 4096;

/// Why the rules for access are not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A member of the list is not an endpoint id.
    #[error("{0:?} is not an endpoint id: 64 hexadecimal digits")]
    EndpointId(String),
    /// An empty token would let everybody in.
    #[error("the token must have 1 to {MOST_TOKEN} characters")]
    Token,
}

/// Who may use a relay. Each rule that is given must hold. Without any, everybody may.
#[derive(Debug, Clone)]
pub struct RelayAccess {
    endpoints: Option<HashSet<EndpointId>>,
    token: Option<String>,
    most_clients: usize,
}

impl Default for RelayAccess {
    fn default() -> Self {
        Self { endpoints: None, token: None, most_clients: MOST_CLIENTS }
    }
}

impl RelayAccess {
    /// `endpoints`: the endpoint ids that may use it, 64 hex digits each. `token`: the word that clients have to send.
    ///
    /// # Errors
    /// [`AccessError`] for a text that is no endpoint id, and for an empty or long token.
    pub fn new(
        endpoints: Option<&[String]>,
        token: Option<String>,
        most_clients: Option<usize>,
    ) -> Result<Self, AccessError> {
        let id = |text: &String| text.parse().map_err(|_| AccessError::EndpointId(text.clone()));
        let endpoints = endpoints.map(|list| list.iter().map(id).collect()).transpose()?;
        if token.as_ref().is_some_and(|token| token.is_empty() || token.len() > MOST_TOKEN) {
            return Err(AccessError::Token);
        }
        Ok(Self { endpoints, token, most_clients: most_clients.unwrap_or(MOST_CLIENTS) })
    }

    pub(crate) fn control(&self) -> Arc<dyn DynAccessControl> {
        Arc::new(Control { access: self.clone(), clients: AtomicUsize::new(0) })
    }

    /// The relay's handshake has proved the endpoint id.
    fn allows(&self, endpoint: &EndpointId, token: Option<&str>) -> bool {
        let known = self.endpoints.as_ref().is_none_or(|list| list.contains(endpoint));
        let told = self.token.as_ref().is_none_or(|own| {
            token.is_some_and(|token| {
                token.len() <= MOST_TOKEN && bool::from(token.as_bytes().ct_eq(own.as_bytes()))
            })
        });
        known && told
    }
}

#[derive(Debug)]
struct Control {
    access: RelayAccess,
    clients: AtomicUsize,
}

impl Control {
    fn enter(&self) -> bool {
        let most = self.access.most_clients;
        let entered = self
            .clients
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| (now < most).then_some(now + 1));
        entered.is_ok()
    }
}

impl AccessControl for Control {
    async fn on_connect(&self, request: &ClientRequest) -> Access {
        let endpoint = request.endpoint_id();
        if !self.access.allows(&endpoint, request.auth_token().as_deref()) {
            tracing::info!(peer = %endpoint, "the relay refused a client: it is not allowed");
            return Access::Deny { reason: Some("not allowed".to_owned()) };
        }
        if !self.enter() {
            tracing::warn!(peer = %endpoint, "the relay refused a client: it has as many as it may have");
            return Access::Deny { reason: Some("the relay is full".to_owned()) };
        }
        Access::Allow
    }

    fn on_disconnect(&self, _endpoint: EndpointId, _connection: ConnectionId) {
        self.clients.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use iroh_base::SecretKey;

    use super::*;

    fn endpoint(seed: u8) -> EndpointId {
        SecretKey::from_bytes(&[seed; 32]).public()
    }

    #[test]
    fn without_rules_everybody_may_use_the_relay() {
        assert!(RelayAccess::default().allows(&endpoint(1), None));
    }

    #[test]
    fn each_rule_that_is_given_must_hold() {
        let list = [endpoint(1).to_string()];
        let both = RelayAccess::new(Some(&list), Some("word".to_owned()), None).unwrap();
        assert!(both.allows(&endpoint(1), Some("word")));
        assert!(!both.allows(&endpoint(1), Some("sword")));
        assert!(!both.allows(&endpoint(1), None));
        assert!(!both.allows(&endpoint(2), Some("word")));
        let nobody = RelayAccess::new(Some(&[]), None, None).unwrap();
        assert!(!nobody.allows(&endpoint(1), None));
    }

    #[test]
    fn an_empty_token_and_a_text_that_is_no_id_are_refused() {
        assert_eq!(RelayAccess::new(None, Some(String::new()), None).unwrap_err(), AccessError::Token);
        let wrong = RelayAccess::new(Some(&["ada".to_owned()]), None, None).unwrap_err();
        assert_eq!(wrong, AccessError::EndpointId("ada".to_owned()));
    }

    #[test]
    fn the_number_of_clients_is_bounded_and_falls_when_they_leave() {
        let access = RelayAccess::new(None, None, Some(2)).unwrap();
        let control = Control { access, clients: AtomicUsize::new(0) };
        assert!(control.enter() && control.enter());
        assert!(!control.enter());
        control.clients.fetch_sub(1, Ordering::AcqRel);
        assert!(control.enter());
    }
}
