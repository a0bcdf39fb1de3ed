//! Leads an accepted stream to the handler of its call.

use std::sync::Arc;

use aster_trust::attributes::strip_reserved;
use aster_wire::call::ServerFact;
use aster_wire::record::{Encoding, StreamHeader};
use aster_wire::status::Code;
use tokio::time::Instant;

use super::calls::CallServer;
use super::handle::CallHandle;
use super::header::{Accepted, Target, judge, own_deadline};
use super::server::{Opening, ServerCall, Stream};
use super::session::server::{SessionServer, not_opened};
use crate::connection::{IncomingStream, ServedConnection};
use crate::error::status;

impl CallServer {
    /// Serves one stream of a connection.
    pub(crate) async fn serve(self: Arc<Self>, connection: Arc<ServedConnection>, stream: IncomingStream) {
        let mut stream = Stream::new(connection, stream, self.header_timeout);
        match stream.next_fact(false).await {
            ServerFact::Header(header, encoding) => self.serve_header(stream, *header, encoding).await,
            ServerFact::Ended(status) => Box::pin(stream.refuse(status)).await,
            _ => {
                stream.connection.note_reset();
                stream.channel.writer.finish();
            }
        }
    }

    async fn serve_header(&self, mut stream: Box<Stream>, mut header: StreamHeader, encoding: Encoding) {
        let admitted = stream.connection.admitted();
        let judged = judge(&self.services, admitted, self.running.is_closed(), &header, encoding);
        let Accepted { caller, service, mode, target } = match judged {
            Ok(accepted) => accepted,
            Err(refusal) => {
                stream.machine.refuse(refusal.encoding);
                let opens_session = header.method.is_empty();
                let status = if opens_session { not_opened(refusal.status) } else { refusal.status };
                return Box::pin(stream.refuse(status)).await;
            }
        };
        // What a peer says about itself must not look like what its credential says.
        strip_reserved(&mut header.metadata);
        let (method, remaining) = match target {
            Target::Call(method, remaining) => (method, remaining),
            Target::Session => {
                return Box::pin(SessionServer::serve(self, stream, header, service, mode)).await;
            }
        };
        header.deadline_epoch_ms = own_deadline(remaining, header.deadline_epoch_ms);
        // The header has been decoded, so its bytes no longer count in the budget.
        drop(stream.channel.reader.take_reserved());
        let (Some(handler), Some(definition)) =
            (service.handler().cloned(), service.definition().methods.get(method))
        else {
            stream.machine.refuse(mode.encoding());
            let gone = status(Code::Unavailable, "the service is no longer served");
            return Box::pin(stream.refuse(gone)).await;
        };
        let pattern = definition.pattern;
        let run_time = remaining.or((!pattern.response_stream).then_some(service.definition().max_call));
        stream.machine.accept(pattern, mode.encoding(), Instant::now().into_std(), run_time);
        let (codec, response) = (definition.request.in_mode(mode), definition.response.in_mode(mode));
        let handle = CallHandle::new(response, stream.connection.budget().clone());
        let mut request = None;
        if !pattern.request_stream {
            match stream.request(&codec).await {
                Ok((bytes, reserved)) => {
                    request = Some(bytes);
                    handle.hold(reserved);
                }
                Err(Some(status)) => return Box::pin(stream.refuse(status)).await,
                Err(None) => return stream.connection.note_reset(),
            }
        }
        let opening = Opening {
            connection: Arc::clone(&stream.connection),
            caller,
            service: Arc::clone(service.definition()),
            method,
            header,
            request,
            pattern,
            presence_flagged: codec.is_presence_flagged(),
            native: codec.is_native(),
            handle,
        };
        handler.serve(ServerCall::new(stream, opening, codec, self.running.token())).await;
    }
}
