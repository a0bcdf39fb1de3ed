//! Server calls of a port: each is awaited by a task that turns what happens into events.

use std::sync::Arc;

use aster_net::{Handler, Message, ServerCall, ServerEvent, Serving};

use crate::connections::Connections;
use crate::event::{Event, IncomingCall};
use crate::port::Port;

/// A service that JavaScript answers. Methods have consecutive handles.
pub(crate) struct PortService {
    pub(crate) port: Arc<Port>,
    pub(crate) first_handle: u32,
}

impl Handler for PortService {
    fn serve(&self, call: ServerCall) -> Serving {
        Box::pin(run(Arc::clone(&self.port), self.first_handle, call))
    }

    fn is_closed(&self) -> bool {
        self.port.is_closed()
    }
}

async fn run(port: Arc<Port>, first_handle: u32, mut call: ServerCall) {
    let number = port.admit(call.handle());
    let presence_flagged = call.is_presence_flagged();
    let message: Option<Message> = call.take_request();
    let opening = IncomingCall {
        call: number,
        handle: first_handle + call.method() as u32,
        connection: Connections::number(&port, call.connection()),
        message,
        input_ended: !call.pattern().request_stream,
        presence_flagged,
        deadline_epoch_ms: call.deadline_epoch_ms() as f64,
        call_id: call.take_call_id(),
        metadata: call.take_metadata(),
    };
    port.push(Event::Call(Box::new(opening)));
    while let Some(event) = call.next().await {
        port.push(match event {
            ServerEvent::Items(block) => {
                Event::Items { call: number, bytes: block.bytes as u32, items: block.items, presence_flagged }
            }
            ServerEvent::InputEnd => Event::InputEnd { call: number },
            ServerEvent::Credit(bytes) => Event::Credit { call: number, bytes: bytes as u32 },
            ServerEvent::Aborted(code) => Event::Aborted { call: number, code: code as u16 },
        });
    }
    port.forget(number);
}
