//! The admission exchange: each side sends one document on one stream. Then the connection is closed.

use std::time::Duration;

use aster_wire::admission::{ConsumerRequest, ConsumerResponse};
use aster_wire::call::InputFailure;
use aster_wire::limit::ADMISSION_BYTES;
use iroh::endpoint::{Connection, ConnectionError, ReadError, ReadToEndError, WriteError};

use crate::connection::connection_failure;

/// How long the server waits for the request of a peer, and for the peer to read the answer.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no admission answer.
#[derive(Debug)]
pub(crate) enum AskFailure {
    /// The peer closed the connection with the code of a refusal.
    NotAdmitted,
    /// The connection or the stream broke before the answer was complete.
    Lost(String),
    /// The answer is no admission document.
    Unusable(String),
}

impl From<ConnectionError> for AskFailure {
    fn from(error: ConnectionError) -> Self {
        match connection_failure(&error) {
            InputFailure::NotAdmitted => Self::NotAdmitted,
            failure => Self::Lost(failure.to_string()),
        }
    }
}

impl From<WriteError> for AskFailure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::ConnectionLost(error) => error.into(),
            error => Self::Lost(error.to_string()),
        }
    }
}

impl From<ReadToEndError> for AskFailure {
    fn from(error: ReadToEndError) -> Self {
        match error {
            ReadToEndError::Read(ReadError::ConnectionLost(error)) => error.into(),
            ReadToEndError::Read(error) => Self::Lost(error.to_string()),
            ReadToEndError::TooLong => Self::Unusable(format!("it has more than {ADMISSION_BYTES} bytes")),
        }
    }
}

/// Client side: sends the credential and reads the answer.
pub(crate) async fn ask(connection: &Connection, credential: &str) -> Result<ConsumerResponse, AskFailure> {
    let request = ConsumerRequest { credential_json: credential.to_owned(), iid_token: String::new() };
    let request = request.to_bytes().map_err(|e| AskFailure::Unusable(e.to_string()))?;
    let (mut send, mut recv) = connection.open_bi().await?;
    match send.write_all(&request).await {
        // The peer can answer without reading the whole request, so a write error is not a failure yet.
        Ok(()) | Err(WriteError::Stopped(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let _ = send.finish();
    let answer = recv.read_to_end(ADMISSION_BYTES).await?;
    if answer.is_empty() {
        return Ok(ConsumerResponse::refusal(""));
    }
    ConsumerResponse::from_bytes(&answer).map_err(|e| AskFailure::Unusable(e.to_string()))
}

/// Server side: one exchange. Then it waits until the peer closes the connection, so that the answer is not lost.
/// `decide` gets `None` when the request cannot be decoded.
pub(crate) async fn answer(
    connection: Connection,
    decide: impl FnOnce(Option<ConsumerRequest>) -> ConsumerResponse,
) {
    let exchange = async {
        let (mut send, mut recv) = connection.accept_bi().await.ok()?;
        let request = recv.read_to_end(ADMISSION_BYTES).await.ok();
        let request = request.and_then(|bytes| ConsumerRequest::from_bytes(&bytes).ok());
        let answer = match decide(request).to_bytes() {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "the admission answer exceeds its limits, so the peer is refused");
                ConsumerResponse::refusal("").to_bytes().ok()?
            }
        };
        send.write_all(&answer).await.ok()?;
        send.finish().ok()?;
        connection.closed().await;
        Some(())
    };
    if tokio::time::timeout(EXCHANGE_TIMEOUT, exchange).await.is_err() {
        connection.close(0u32.into(), b"");
    }
}
