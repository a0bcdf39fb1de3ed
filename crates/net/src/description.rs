//! Descriptions of services: a client asks for the document of one service, and the server answers (`docs/protocol.md#descriptions`).
//!
//! Owns the exchange on a connection of its own, with its limits in size and time, and what a server keeps for it. Peers
//! that may not call do not get here: `endpoint` refuses their connections.

use std::sync::Arc;
use std::time::Duration;

use aster_contract::{ContractError, exact};
use aster_wire::description::{DESCRIPTION_BYTES, QUESTION_BYTES, Question};
use iroh::endpoint::Connection;

/// How long each side waits for the whole exchange.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a server tells about a service in addition to its contract.
#[derive(Debug, Clone)]
pub struct ServiceDescription {
    /// The fingerprint of the exact schemas. The admission answer contains it.
    pub exact: String,
    /// The service document, for clients that ask.
    pub document: Arc<str>,
}

impl ServiceDescription {
    /// The description with this service document.
    ///
    /// # Errors
    /// [`ContractError`] when the text is no JSON.
    pub fn new(document: &str) -> Result<Self, ContractError> {
        Ok(Self { exact: exact::fingerprint(document)?, document: document.into() })
    }
}

/// Client side: asks for the document of a service. `None`: the server has none or does not answer in form.
pub(crate) async fn ask(connection: &Connection, question: &Question) -> Option<String> {
    let exchange = async {
        let (mut send, mut recv) = connection.open_bi().await.ok()?;
        send.write_all(&question.to_bytes()).await.ok()?;
        send.finish().ok()?;
        let document = recv.read_to_end(DESCRIPTION_BYTES).await.ok()?;
        String::from_utf8(document).ok().filter(|text| !text.is_empty())
    };
    tokio::time::timeout(EXCHANGE_TIMEOUT, exchange).await.ok()?
}

/// Server side: answers one question, then waits until the peer closes the connection.
pub(crate) async fn answer(connection: Connection, document: impl FnOnce(&Question) -> Option<Arc<str>>) {
    let exchange = async {
        let (mut send, mut recv) = connection.accept_bi().await.ok()?;
        let question = recv.read_to_end(QUESTION_BYTES).await.ok()?;
        let found = Question::from_bytes(&question).and_then(|question| document(&question));
        let found = found.filter(|text| text.len() <= DESCRIPTION_BYTES);
        send.write_all(found.as_deref().unwrap_or_default().as_bytes()).await.ok()?;
        send.finish().ok()?;
        connection.closed().await;
        Some(())
    };
    if tokio::time::timeout(EXCHANGE_TIMEOUT, exchange).await.is_err() {
        connection.close(0u32.into(), b"");
    }
}
