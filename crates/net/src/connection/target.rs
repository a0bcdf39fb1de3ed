//! A peer that is dialled, and what dialling it needs: the endpoint, its address, the credential for it.

use std::pin::pin;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use aster_trust::credential::{Credential, CredentialKind};
use aster_wire::address;
use aster_wire::admission::{
    AdmissionError, ConsumerRequest, ConsumerResponse, ProducerResponse, ServiceSummary,
};
use aster_wire::call::InputFailure;
use iroh::endpoint::{Connection, ConnectionError};
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayUrl, TransportAddr};

use super::clock::{PeerClock, steady_epoch_ms};
use super::{PeerBudget, connection_failure};
use crate::admission::{self, AskFailure, Pushed};
use crate::{ALPN_CONSUMER_ADMISSION, ALPN_PRODUCER_ADMISSION, ALPN_REVOCATION, ALPN_RPC, ConnectError};

/// Without this limit, a dial that gets no response would wait for the transport's idle timeout.
const DIAL_TIMEOUT: Duration = Duration::from_secs(8);

/// When a dial without an answer is tried a second time, beside the first attempt. The transport repeats the packets of a
/// handshake only after 1, 3 and 7 seconds, so a few lost packets would end a single attempt.
const SECOND_ATTEMPT: Duration = Duration::from_millis(2500);

/// What the server of an outgoing connection may call on this node, over that connection.
pub(crate) trait CallsBack: std::fmt::Debug + Send + Sync {
    /// The services to announce to the server.
    fn announcement(&self, server: &EndpointId) -> Vec<ServiceSummary>;

    /// Answers the streams that the server opens on a connection, until it is gone. Returns at once.
    fn serve(&self, connection: Connection, budget: PeerBudget);
}

/// Everything that dialling needs except the connection itself.
#[derive(Debug)]
pub(crate) struct Target {
    endpoint: Endpoint,
    address: EndpointAddr,
    credential: RwLock<String>,
    clock: PeerClock,
    calls_back: Box<dyn CallsBack>,
}

impl Target {
    /// The peer with this address, in any of its forms. `relays`: where it may be found if the address names none.
    pub(crate) fn new(
        endpoint: Endpoint,
        address: &str,
        relays: &[String],
        credential: String,
        calls_back: Box<dyn CallsBack>,
    ) -> Result<Self, ConnectError> {
        let mut parsed = address::parse(address)?;
        let named = parsed.relay_url.take();
        let address = endpoint_addr(&parsed, named.as_ref().map_or(relays, std::slice::from_ref))?;
        if address.id == endpoint.id() {
            return Err(ConnectError::Itself { endpoint_id: address.id.to_string() });
        }
        let (credential, clock) = (RwLock::new(credential), PeerClock::default());
        Ok(Self { endpoint, address, credential, clock, calls_back })
    }

    pub(super) fn calls_back(&self) -> &dyn CallsBack {
        &*self.calls_back
    }

    /// Limits the time of a step.
    pub(crate) async fn within<T>(
        &self,
        limit: Duration,
        step: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        let endpoint_id = self.endpoint_id();
        let timeout = || ConnectError::Timeout { endpoint_id, limit_ms: limit.as_millis() };
        tokio::time::timeout(limit, step).await.unwrap_or_else(|_| Err(timeout()))
    }

    /// 64 hex digits.
    pub(super) fn endpoint_id(&self) -> String {
        self.address.id.to_string()
    }

    /// The failure of a connection that is gone.
    pub(super) fn lost(&self, error: &ConnectionError) -> ConnectError {
        let endpoint_id = self.endpoint_id();
        match connection_failure(error) {
            InputFailure::AdmissionEnded(end) => ConnectError::AdmissionEnded { endpoint_id, end },
            InputFailure::NotAdmitted => ConnectError::Refused { endpoint_id, hint: "" },
            failure => ConnectError::Dial { endpoint_id, reason: failure.to_string() },
        }
    }

    /// The time of the peer after `left`, in milliseconds since 1970.
    pub(super) fn at_peer(&self, left: Duration) -> i64 {
        self.clock.at_peer(left)
    }

    fn failed(&self, reason: String) -> ConnectError {
        ConnectError::Dial { endpoint_id: self.endpoint_id(), reason }
    }

    fn credential(&self) -> String {
        self.credential.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for admission, then opens the RPC connection.
    pub(super) async fn connect(&self) -> Result<(Connection, ConsumerResponse), ConnectError> {
        let answer = self.admit(&self.credential()).await?;
        Ok((self.dial(ALPN_RPC).await?, answer))
    }

    /// Connects again. A one-time credential is used up, so the admission that it gave has to be enough: then there is no
    /// answer.
    pub(super) async fn redial(&self) -> Result<(Connection, Option<ConsumerResponse>), ConnectError> {
        let credential = self.credential();
        let answer = if is_one_time(&credential) { None } else { Some(self.admit(&credential).await?) };
        Ok((self.dial(ALPN_RPC).await?, answer))
    }

    /// Asks for admission with another credential, and keeps it when it is accepted.
    pub(super) async fn readmit(&self, credential: String) -> Result<ConsumerResponse, ConnectError> {
        let answer = self.admit(&credential).await?;
        *self.credential.write().unwrap_or_else(PoisonError::into_inner) = credential;
        Ok(answer)
    }

    /// Asks for admission with the same credential, if that can make it longer.
    pub(super) async fn renew(&self) -> Result<Option<ConsumerResponse>, ConnectError> {
        let credential = self.credential();
        if credential.is_empty() || is_one_time(&credential) {
            return Ok(None);
        }
        self.admit(&credential).await.map(Some)
    }

    async fn admit(&self, credential: &str) -> Result<ConsumerResponse, ConnectError> {
        let services = self.calls_back.announcement(&self.address.id);
        // A server that calls nothing back gets the same request as from a client that serves nothing.
        let client_time_ms = (!services.is_empty()).then(steady_epoch_ms);
        let request =
            ConsumerRequest { services, client_time_ms, ..ConsumerRequest::new(credential.to_owned()) };
        let request = request.to_bytes().map_err(|error| self.unsendable(&error))?;
        let connection = self.dial(ALPN_CONSUMER_ADMISSION).await?;
        let asked_at = steady_epoch_ms();
        let answer = self.ask_on(&connection, &request).await?;
        if answer.is_empty() {
            return Err(self.refused(credential));
        }
        let answer =
            ConsumerResponse::from_bytes(&answer).map_err(|error| self.unusable(error.to_string()))?;
        self.clock.learn(answer.server_time_ms, asked_at);
        if answer.admitted { Ok(answer) } else { Err(self.refused(credential)) }
    }

    /// Asks for admission, and for nothing else.
    pub(crate) async fn ask_admission(&self) -> Result<ConsumerResponse, ConnectError> {
        self.admit(&self.credential()).await
    }

    /// Asks for admission as a producer.
    pub(crate) async fn admit_as_producer(&self) -> Result<ProducerResponse, ConnectError> {
        let credential = self.credential();
        let request = ConsumerRequest::new(credential.clone());
        let request = request.to_bytes().map_err(|error| self.unsendable(&error))?;
        let answer = self.ask(ALPN_PRODUCER_ADMISSION, &request).await?;
        // No document is a refusal.
        let answer = ProducerResponse::from_bytes(&answer).unwrap_or_default();
        if answer.accepted { Ok(answer) } else { Err(self.refused(&credential)) }
    }

    /// Sends a revocation list.
    pub(crate) async fn push(&self, document: &[u8]) -> Result<Pushed, ConnectError> {
        let answer = self.ask(ALPN_REVOCATION, document).await?;
        Pushed::from_answer(&answer).ok_or_else(|| self.unusable("it is no outcome".to_owned()))
    }

    fn unsendable(&self, error: &AdmissionError) -> ConnectError {
        ConnectError::Request { endpoint_id: self.endpoint_id(), reason: error.to_string() }
    }

    fn refused(&self, credential: &str) -> ConnectError {
        let hint = if credential.is_empty() {
            ": it requires a credential"
        } else {
            ": the credential was not accepted (it has expired, is for another node, was used or revoked, or is signed by another root key)"
        };
        ConnectError::Refused { endpoint_id: self.endpoint_id(), hint }
    }

    fn unusable(&self, reason: String) -> ConnectError {
        ConnectError::Answer { endpoint_id: self.endpoint_id(), reason }
    }

    /// Sends a document on a connection of its own, and reads the answer.
    async fn ask(&self, alpn: &[u8], request: &[u8]) -> Result<Vec<u8>, ConnectError> {
        self.ask_on(&self.dial(alpn).await?, request).await
    }

    async fn ask_on(&self, connection: &Connection, request: &[u8]) -> Result<Vec<u8>, ConnectError> {
        let endpoint_id = self.endpoint_id();
        match tokio::time::timeout(DIAL_TIMEOUT, admission::ask(connection, request)).await {
            // The exchange is complete. Dropping the connection closes it.
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(AskFailure::NotAdmitted)) => {
                Err(ConnectError::Refused { endpoint_id, hint: ": it closed the connection" })
            }
            Ok(Err(AskFailure::Lost(reason))) => Err(ConnectError::NoAnswer { endpoint_id, reason }),
            Ok(Err(AskFailure::Unusable(reason))) => Err(ConnectError::Answer { endpoint_id, reason }),
            Err(_) => {
                let reason = format!("no answer within {} s", DIAL_TIMEOUT.as_secs());
                Err(ConnectError::NoAnswer { endpoint_id, reason })
            }
        }
    }

    pub(super) async fn dial(&self, alpn: &[u8]) -> Result<Connection, ConnectError> {
        match tokio::time::timeout(DIAL_TIMEOUT, self.first_of_two(alpn)).await {
            Ok(Ok(connection)) => {
                refuse_one_way(&connection);
                Ok(connection)
            }
            Ok(Err(error)) => Err(self.failed(chain(&error))),
            Err(_) => Err(self.failed("no answer".to_owned())),
        }
    }

    /// The connection of the attempt that succeeds first. Fails as the first attempt if that fails early, else when both
    /// have failed.
    async fn first_of_two(&self, alpn: &[u8]) -> Result<Connection, iroh::endpoint::ConnectError> {
        let attempt = || self.endpoint.connect(self.address.clone(), alpn);
        let mut first = pin!(attempt());
        if let Ok(early) = tokio::time::timeout(SECOND_ATTEMPT, &mut first).await {
            return early;
        }
        let mut second = pin!(attempt());
        tokio::select! {
            dialled = &mut first => match dialled {
                Ok(connection) => Ok(connection),
                Err(_) => second.await,
            },
            dialled = &mut second => match dialled {
                Ok(connection) => Ok(connection),
                Err(_) => first.await,
            },
        }
    }
}

/// The protocols of a node use no streams in one direction, so a peer gets no credit for more of them.
pub(crate) fn refuse_one_way(connection: &Connection) {
    connection.set_max_concurrent_uni_streams(0u32.into());
}

/// Whether a credential can be used once only.
fn is_one_time(credential: &str) -> bool {
    Credential::from_consumer_json(credential).is_ok_and(|it| it.kind == CredentialKind::OneTime)
}

/// The text of an error and of all its sources.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Converts an address to the type of the transport.
fn endpoint_addr(address: &address::Address, relays: &[String]) -> Result<EndpointAddr, ConnectError> {
    let invalid = |reason: String| ConnectError::Dial { endpoint_id: address.endpoint_id_text(), reason };
    let id = EndpointId::from_bytes(&address.endpoint_id).map_err(|e| invalid(e.to_string()))?;
    let mut addrs: Vec<TransportAddr> = address.direct.iter().copied().map(TransportAddr::Ip).collect();
    for url in relays {
        let url: RelayUrl = url.parse().map_err(|e| invalid(format!("relay URL {url:?}: {e}")))?;
        addrs.push(TransportAddr::Relay(url));
    }
    Ok(EndpointAddr::from_parts(id, addrs))
}
