//! A round trip through the call layer of a peer: a call of a service that nobody serves, whose status is the answer. So every
//! peer that can be called answers, also one of another language, and no handler runs.

use std::sync::Arc;
use std::time::Duration;

use aster_wire::frame::flag;
use aster_wire::record::{Encoding, RpcStatus, StreamHeader};
use aster_wire::status::Code;
use tokio::time::Instant;

use super::framed::Framed;
use super::method::header_frame;
use crate::connection::{OutgoingConnection, Route};
use crate::error::status;

/// The name of no service. Names of users have no such prefix.
const NOBODY: &str = "aster.ping";
/// The number of JSON in a header.
const JSON: i64 = 3;

impl OutgoingConnection {
    /// The time from sending a call to its status. Dials again when the connection is gone, which does not count.
    ///
    /// # Errors
    /// The status of a call that could not be made, or whose answer did not arrive.
    pub async fn ping(self: &Arc<Self>) -> Result<Duration, RpcStatus> {
        let header = StreamHeader {
            service: NOBODY.to_owned(),
            method: "ping".to_owned(),
            version: 1,
            serialization_mode: JSON,
            ..StreamHeader::default()
        };
        let header = header_frame(&header, Encoding::Json)?;
        let request = Framed::from_payload(0, b"{}").map(Framed::into_wire).unwrap_or_default();
        let route = Route::Dialled(Arc::clone(self));
        let _watched = route.watched();
        let (mut writer, mut reader) = route.open_stream().await.map_err(|error| error.status())?;
        let begun = Instant::now();
        writer.push(header);
        writer.push(request);
        writer.flush().await.map_err(|error| status(Code::Unavailable, error.to_string()))?;
        writer.finish();
        loop {
            let frame = std::future::poll_fn(|cx| reader.poll_next(cx, true)).await;
            match frame {
                Ok(Some(frame)) if frame.has(flag::TRAILER) => return Ok(begun.elapsed()),
                Ok(Some(_)) => {}
                Ok(None) => return Err(status(Code::Unavailable, "the stream ended without a status")),
                Err(failure) => return Err(status(Code::Unavailable, failure.to_string())),
            }
        }
    }
}
