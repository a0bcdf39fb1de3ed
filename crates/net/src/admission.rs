//! The admission exchange: one document each way on one stream, then the connection has done its work.

use std::time::Duration;

use aster_wire::admission::{ConsumerRequest, ConsumerResponse};
use aster_wire::limit::ADMISSION_BYTES;
use iroh::endpoint::Connection;

/// How long a peer may take to ask, and to take its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Client side: sends the credential, reads the answer.
pub(crate) async fn ask(connection: &Connection, credential: &str) -> Result<ConsumerResponse, String> {
    let request = ConsumerRequest { credential_json: credential.to_owned(), iid_token: String::new() };
    let request = request.to_bytes().map_err(|e| e.to_string())?;
    let (mut send, mut recv) = connection.open_bi().await.map_err(|e| e.to_string())?;
    send.write_all(&request).await.map_err(|e| e.to_string())?;
    // The peer may have answered already: a stopped stream is not a failure.
    let _ = send.finish();
    let answer = recv.read_to_end(ADMISSION_BYTES).await.map_err(|e| e.to_string())?;
    if answer.is_empty() {
        return Ok(ConsumerResponse::refusal(""));
    }
    ConsumerResponse::from_bytes(&answer).map_err(|e| e.to_string())
}

/// Server side: one exchange, then waits for the peer to close, so that the answer is not cut off.
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
                tracing::error!(%error, "the admission answer does not fit: refusing");
                ConsumerResponse::refusal("").to_bytes().ok()?
            }
        };
        send.write_all(&answer).await.ok()?;
        send.finish().ok()?;
        connection.closed().await;
        Some(())
    };
    if tokio::time::timeout(PATIENCE, exchange).await.is_err() {
        connection.close(0u32.into(), b"");
    }
}
