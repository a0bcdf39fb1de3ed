//! Accepts connections and passes each to the handler of its protocol.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use aster_wire::admission::{ConsumerRequest, ConsumerResponse, ProducerResponse, ServiceSummary};
use aster_wire::description::Question;
use aster_wire::ending::AdmissionEnd;
use aster_wire::limit::ADMISSION_BYTES;
use iroh::endpoint::{Connection, Incoming, SendStream};
use iroh::protocol::DynProtocolHandler;
use tokio::sync::Semaphore;

use super::Node;
use super::handshakes::{Handshake, Handshakes, Verdict};
use crate::admission::{self, Caller, Entered, MAX_PUSH_BYTES, Presence, Purpose};
use crate::call::ServiceDefinition;
use crate::connection::{
    Announcement, PeerBudget, ProcessBudget, ServedConnection, refuse_one_way, steady_epoch_ms,
};
use crate::{
    ALPN_CONSUMER_ADMISSION, ALPN_DESCRIBE, ALPN_PRODUCER_ADMISSION, ALPN_REVOCATION, ALPN_RPC, description,
};

/// How long a connection stays open after the admission of its peer has ended, so that the statuses of its calls arrive.
const FAREWELL: Duration = Duration::from_millis(250);

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

    /// The one place that every connection of every protocol passes.
    async fn route(self: Arc<Self>, connection: Connection) {
        let alpn = connection.alpn();
        let asks = [ALPN_CONSUMER_ADMISSION, ALPN_PRODUCER_ADMISSION, ALPN_REVOCATION].contains(&alpn);
        let purpose = match alpn {
            _ if asks => Purpose::Admission,
            ALPN_RPC | ALPN_DESCRIBE => Purpose::Use,
            _ => Purpose::Attached,
        };
        if purpose != Purpose::Attached {
            refuse_one_way(&connection);
        }
        let entered = match self.gates.enter(&connection, purpose) {
            Ok(entered) => entered,
            Err((code, reason)) => {
                let (peer, reason_text) = (connection.remote_id(), String::from_utf8_lossy(reason));
                tracing::info!(%peer, "connection refused: {reason_text}");
                return connection.close(code.into(), reason);
            }
        };
        if asks {
            let Some(_place) = self.gates.place() else {
                return connection.close(0u32.into(), b"too many peers ask for admission");
            };
            return Box::pin(self.ask(connection)).await;
        }
        let weak = connection.weak_handle();
        let kept = (purpose == Purpose::Use).then(|| connection.clone());
        Box::pin(Arc::clone(&self).serve_connection(connection, &entered)).await;
        let Some(ended) = entered.presence.cause() else { return };
        let Some(connection) = kept.or_else(|| weak.upgrade()) else { return };
        // The calls have got a status. It has to arrive before the connection is closed.
        tokio::select! {
            _ = connection.closed() => {}
            () = tokio::time::sleep(FAREWELL) => {}
        }
        connection.close(AdmissionEnd::CLOSE_CODE.into(), ended.word().as_bytes());
    }

    async fn serve_connection(self: Arc<Self>, connection: Connection, entered: &Entered) {
        if connection.alpn() == ALPN_RPC {
            let limits = self.limits();
            let budget = PeerBudget::new(limits.peer_bytes, limits.body_timeout, ProcessBudget::shared());
            let id = connection.remote_id();
            let presence = Arc::clone(&entered.presence);
            let connection = self.served(presence, connection, budget, self.peers.newest(&id));
            let connected = self.peers.enter(id, &connection);
            self.serve_streams(&connection).await;
            drop(connected);
            connection.budget().close();
            return;
        }
        tokio::select! {
            biased;
            _ = entered.presence.ended() => {}
            () = self.serve_protocol(connection) => {}
        }
    }

    /// Serves a connection of another protocol than that of calls.
    async fn serve_protocol(&self, connection: Connection) {
        if connection.alpn() == ALPN_DESCRIBE {
            let document =
                |question: &Question| self.calls.services.document(&question.service, question.version);
            return Box::pin(description::answer(connection, document)).await;
        }
        match self.protocol(connection.alpn()) {
            Some(handler) => {
                // A handler may give the connection away and return. Its place is taken until the connection is closed, and
                // nobody may keep it alive here: some protocols close it by letting it go.
                let closed = connection.weak_handle().closed();
                // The protocol handler logs its own failures.
                drop(handler.accept(connection).await);
                closed.await;
            }
            None => connection.close(0u32.into(), b"unexpected alpn"),
        }
    }

    /// A connection whose streams are served, with the next number.
    pub(super) fn served(
        &self,
        presence: Arc<Presence>,
        connection: Connection,
        budget: PeerBudget,
        announced: Arc<Announcement>,
    ) -> Arc<ServedConnection> {
        let number = self.next_connection.fetch_add(1, Ordering::Relaxed);
        let calls = self.calls_token.child_token();
        ServedConnection::new(number, presence, connection, budget, announced, self.limits(), calls)
    }

    /// Serves the streams of a connection until it is gone, or the admission of its peer has ended.
    pub(super) async fn serve_streams(&self, connection: &Arc<ServedConnection>) {
        while let Some(stream) = connection.next_stream().await {
            tokio::spawn(Arc::clone(&self.calls).serve(Arc::clone(connection), stream));
        }
    }

    /// The services of this node, as they are announced to peers. `address`: where they can be called; none for calls back.
    pub(super) fn summaries(&self, address: Option<&str>) -> Vec<ServiceSummary> {
        self.calls.services.definitions().iter().map(|definition| summary(definition, address)).collect()
    }

    fn protocol(&self, alpn: &[u8]) -> Option<Arc<dyn DynProtocolHandler>> {
        self.protocols.read().unwrap_or_else(PoisonError::into_inner).get(alpn).cloned()
    }

    /// One exchange of an admission protocol.
    async fn ask(&self, connection: Connection) {
        let alpn = connection.alpn();
        if alpn == ALPN_REVOCATION {
            return self.take_list(connection).await;
        }
        let Some((send, request)) = admission::request(&connection, ADMISSION_BYTES).await else { return };
        let request = request.and_then(|bytes| ConsumerRequest::from_bytes(&bytes).ok());
        if alpn == ALPN_CONSUMER_ADMISSION {
            self.admit(&connection, send, request).await;
        } else {
            self.admit_producer(&connection, send, request).await;
        }
    }

    async fn admit(&self, connection: &Connection, send: SendStream, request: Option<ConsumerRequest>) {
        let peer = connection.remote_id();
        let announced = request.as_ref().map(|request| ConsumerRequest {
            services: request.services.clone(),
            client_time_ms: request.client_time_ms,
            ..ConsumerRequest::default()
        });
        let answer = match self.gates.admit(connection, request).await {
            Ok(caller) => {
                self.peers.announced(peer, &announced.unwrap_or_default());
                self.admitted_answer(connection, &caller).await
            }
            Err(reason) => {
                tracing::info!(%peer, "admission refused: {reason}");
                self.gates.refusal()
            }
        };
        let bytes = answer.to_bytes().or_else(|error| {
            tracing::error!(%error, "the admission answer exceeds its limits, so the peer is refused");
            self.gates.refusal().to_bytes()
        });
        admission::answer(connection, send, &bytes.unwrap_or_default()).await;
    }

    async fn admit_producer(
        &self,
        connection: &Connection,
        send: SendStream,
        request: Option<ConsumerRequest>,
    ) {
        let peer = connection.remote_id();
        let answer = self.gates.admit_producer(connection, request).await.unwrap_or_else(|reason| {
            tracing::info!(%peer, "producer admission refused: {reason}");
            ProducerResponse::default()
        });
        let bytes = answer.to_bytes().or_else(|_| ProducerResponse::default().to_bytes());
        admission::answer(connection, send, &bytes.unwrap_or_default()).await;
    }

    /// A revocation list that somebody sends.
    async fn take_list(&self, connection: Connection) {
        let Some(_turn) = self.gates.may_push(&connection) else {
            return connection.close(0u32.into(), b"too many tries");
        };
        let Some((send, document)) = admission::request(&connection, MAX_PUSH_BYTES).await else { return };
        let outcome = self.gates.push(document.unwrap_or_default()).await;
        admission::answer(&connection, send, &outcome.to_answer()).await;
    }

    async fn admitted_answer(&self, connection: &Connection, caller: &Caller) -> ConsumerResponse {
        let address = self.address().await.to_base64();
        ConsumerResponse {
            admitted: true,
            attributes: caller.attributes.clone(),
            services: self.summaries(Some(&address)),
            registry_namespace: self.registry_namespace(),
            root_pubkey: self.gates.root().to_owned(),
            gossip_topic: self.gates.topic_for(&connection.remote_id()),
            server_time_ms: Some(steady_epoch_ms()),
            ..Default::default()
        }
    }
}

fn summary(definition: &ServiceDefinition, address: Option<&str>) -> ServiceSummary {
    ServiceSummary {
        name: definition.name.clone(),
        version: definition.version,
        contract_id: definition.contract_id.clone(),
        channels: address.map(|address| ("rpc".to_owned(), address.to_owned())).into_iter().collect(),
        pattern: definition.scope().to_owned(),
        serialization_modes: definition.announced_modes(),
        extensions: definition.extensions(),
    }
}
