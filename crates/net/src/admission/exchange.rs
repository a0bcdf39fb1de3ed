//! The admission exchange: each side sends one document on one stream. Then the connection is closed.

use std::time::Duration;

use aster_wire::call::InputFailure;
use aster_wire::limit::ADMISSION_BYTES;
use iroh::endpoint::{Connection, ConnectionError, ReadError, ReadToEndError, SendStream, WriteError};

use crate::connection::connection_failure;

/// How long the server waits for the request of a peer, and for the peer to read the answer.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum AskFailure {
    /// The peer closed the connection with the code of a refusal.
    NotAdmitted,
    /// The connection or the stream broke before the answer was complete.
    Lost(String),
    /// The answer is no document of its form.
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

/// Client side: sends a document and reads the answer, which is empty when the peer sent none.
pub(crate) async fn ask(connection: &Connection, request: &[u8]) -> Result<Vec<u8>, AskFailure> {
    let (mut send, mut recv) = connection.open_bi().await?;
    match send.write_all(request).await {
        // The peer can answer without reading the whole request, so a write error is not a failure yet.
        Ok(()) | Err(WriteError::Stopped(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let _ = send.finish();
    Ok(recv.read_to_end(ADMISSION_BYTES).await?)
}

/// Server side: the request of the peer, and the stream for the answer. The request is `None` when it could not be read
/// or has more than `limit` bytes. `None`: the peer opened no stream in time.
pub(crate) async fn request(connection: &Connection, limit: usize) -> Option<(SendStream, Option<Vec<u8>>)> {
    let reading = async {
        let (send, mut recv) = connection.accept_bi().await.ok()?;
        Some((send, recv.read_to_end(limit).await.ok()))
    };
    let Ok(request) = tokio::time::timeout(EXCHANGE_TIMEOUT, reading).await else {
        connection.close(0u32.into(), b"");
        return None;
    };
    request
}

/// Server side: sends the answer. Then it waits until the peer closes the connection, so that the answer is not lost.
pub(crate) async fn answer(connection: &Connection, mut send: SendStream, answer: &[u8]) {
    let answering = async {
        send.write_all(answer).await.ok()?;
        send.finish().ok()?;
        connection.closed().await;
        Some(())
    };
    if tokio::time::timeout(EXCHANGE_TIMEOUT, answering).await.is_err() {
        connection.close(0u32.into(), b"");
    }
}
