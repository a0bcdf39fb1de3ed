//! Accepts connections and passes each to the handler of its protocol.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use aster_wire::admission::{ConsumerResponse, ServiceSummary};
use aster_wire::description::Question;
use iroh::endpoint::{Connection, Incoming};
use iroh::protocol::DynProtocolHandler;
use tokio::sync::Semaphore;

use super::Node;
use super::handshakes::{Handshake, Handshakes, Verdict};
use crate::call::{Mode, ServiceDefinition};
use crate::connection::{IncomingConnection, epoch_ms};
use crate::{ALPN_CONSUMER_ADMISSION, ALPN_DESCRIBE, ALPN_RPC, admission, description};

/// Application code for closing the connection of a peer that is not admitted; the reference uses the same.
const NOT_ADMITTED: u32 = 403;

impl Node {
    /// Accepts connections until the endpoint is closed.
    pub(super) async fn accept(self: Arc<Self>) {
        let slots = Arc::new(Semaphore::new(self.options.limits.max_connections as usize));
        let handshakes = Handshakes::default();
        while let Some(incoming) = self.endpoint.accept().await {
            if self.is_draining() || slots.available_permits() == 0 {
                incoming.refuse();
                continue;
            }
            match handshakes.judge(&incoming) {
                // An address that is validated already cannot be asked again. Then there is nothing to do.
                Verdict::Retry => drop(incoming.retry()),
                Verdict::Refuse => incoming.refuse(),
                Verdict::Accept(handshake) => {
                    tokio::spawn(Arc::clone(&self).shake_hands(incoming, handshake, Arc::clone(&slots)));
                }
            }
        }
    }

    /// Finishes a handshake. The connection has a slot from then on.
    async fn shake_hands(self: Arc<Self>, incoming: Incoming, handshake: Handshake, slots: Arc<Semaphore>) {
        let Ok(accepting) = incoming.accept() else { return };
        let Ok(Ok(connection)) = tokio::time::timeout(self.options.limits.header_timeout, accepting).await
        else {
            return;
        };
        drop(handshake);
        let Ok(_slot) = slots.try_acquire_owned() else {
            return connection.close(0u32.into(), b"too many connections");
        };
        self.route(connection).await;
    }

    /// Gate 0: for all protocols except admission, the peer must be admitted.
    async fn route(self: Arc<Self>, connection: Connection) {
        if connection.alpn() == ALPN_CONSUMER_ADMISSION {
            return Box::pin(self.admit(connection)).await;
        }
        let peer = connection.remote_id().to_string();
        let Some(caller) = self.admission.caller(&peer) else {
            tracing::info!(%peer, "connection refused: the peer is not admitted");
            return connection.close(NOT_ADMITTED.into(), b"not admitted");
        };
        if connection.alpn() == ALPN_RPC {
            let number = self.next_connection.fetch_add(1, Ordering::Relaxed);
            let calls = self.calls_token.child_token();
            let connection = IncomingConnection::new(number, caller, connection, self.limits(), calls);
            while let Some(stream) = connection.next_stream().await {
                tokio::spawn(Arc::clone(&self.calls).serve(Arc::clone(&connection), stream));
            }
            return;
        }
        if connection.alpn() == ALPN_DESCRIBE {
            let services = Arc::clone(&self.calls);
            let document =
                move |question: &Question| services.services.document(&question.service, question.version);
            return Box::pin(description::answer(connection, document)).await;
        }
        match self.protocol(connection.alpn()) {
            // The protocol handler logs its own failures.
            Some(handler) => drop(handler.accept(connection).await),
            None => connection.close(0u32.into(), b"unexpected alpn"),
        }
    }

    fn protocol(&self, alpn: &[u8]) -> Option<Arc<dyn DynProtocolHandler>> {
        self.protocols.read().unwrap_or_else(PoisonError::into_inner).get(alpn).cloned()
    }

    async fn admit(&self, connection: Connection) {
        let address = self.address().await.to_base64();
        let peer = connection.remote_id().to_string();
        admission::answer(connection, |request| match self.admission.admit(&peer, request.as_ref()) {
            Ok(caller) => self.admitted_answer(&address, caller.attributes),
            Err(refusal) => {
                tracing::info!(%peer, "admission refused: {refusal}");
                ConsumerResponse::refusal(self.admission.root_public_key())
            }
        })
        .await;
    }

    fn admitted_answer(&self, address: &str, attributes: Vec<(String, String)>) -> ConsumerResponse {
        let definitions = self.calls.services.definitions();
        let services = definitions.iter().map(|definition| summary(definition, address)).collect();
        let root_pubkey = self.admission.root_public_key().to_owned();
        let server_time_ms = Some(epoch_ms());
        ConsumerResponse {
            admitted: true,
            attributes,
            services,
            root_pubkey,
            server_time_ms,
            ..Default::default()
        }
    }
}

fn summary(definition: &ServiceDefinition, address: &str) -> ServiceSummary {
    ServiceSummary {
        name: definition.name.clone(),
        version: definition.version,
        contract_id: definition.contract_id.clone(),
        channels: vec![("rpc".to_owned(), address.to_owned())],
        pattern: definition.scope().to_owned(),
        // The reference always sends an empty list here, and it treats a list without `xlang` as JSON only.
        serialization_modes: if definition.takes(Mode::Xlang) { Vec::new() } else { vec!["json".to_owned()] },
        extensions: definition.extensions(),
    }
}
