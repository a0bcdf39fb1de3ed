//! A session as two state machines: frames, commands and the time go in, frames and facts come out.
//!
//! A session is one stream on which calls follow one another, strictly one at a time
//! (`docs/protocol.md#sessions`). This module owns what each frame means in each state, which frame a side may
//! write when, how a call ends, and when a side stops waiting. It does not own sockets, queues, clocks or the
//! bytes of payloads: a *driver* (`aster-net`) passes decoded frames and the time in, writes what it is given in
//! that order, and acts on the facts. Payloads pass through and are never kept, so a stream inside of a session is
//! really streamed; how much may be unread is the driver's to count, by `frame.payload.len()`.
//!
//! Both machines accept any frame in any state and never panic. They answer an input with at most
//! [`MAX_FACTS`] facts. After the fact `Over` they write nothing and report nothing.
//!
//! # The server: [`ServerSession`]
//!
//! The driver has read the HEADER frame itself (the service, the scope and the mode are judged as for any stream).
//!
//! | state | what may happen | next state |
//! |---|---|---|
//! | *boundary* | CALL: the fact [`Call`](ServerFact::Call) | judged |
//! | | CALL that cannot be read or is over a limit: a trailer | boundary, discarding |
//! | | CANCEL: the trailer CANCELLED | boundary |
//! | | any other frame: nothing when discarding, else the trailer `Expected CALL frame` | boundary, or over |
//! | *judged* | [`accept`](ServerSession::accept) | request, or running (patterns with a request stream) |
//! | | [`refuse`](ServerSession::refuse): a trailer | boundary, discarding |
//! | *request* | a data frame: the fact [`Message`](ServerFact::Message) | running |
//! | *running* | data frames and the end-of-input trailer of a request stream: facts | running |
//! | | [`item`](ServerSession::item): a frame of a response stream | running |
//! | | [`respond`](ServerSession::respond), [`finish`](ServerSession::finish): the last frame of the call | boundary |
//! | *any of the last three* | CANCEL, a deadline, a protocol error: a trailer, the fact [`Aborted`](ServerFact::Aborted) | boundary |
//! | *all* | end of the stream, [`broken`](ServerSession::broken), [`lost`](ServerSession::lost) | over |
//!
//! A call that ends before all of its input has arrived leaves the boundary *discarding*: the rest of that
//! input, up to the next CALL, is dropped. So no refused or failed call ends the session.
//!
//! # The client: [`ClientSession`]
//!
//! | state | what may happen | next state |
//! |---|---|---|
//! | *idle* | [`begin`](ClientSession::begin): a CALL frame | calling |
//! | *calling* | [`item`](ClientSession::item), [`end_input`](ClientSession::end_input): frames of the request | calling |
//! | | a data frame of a response stream: the fact [`Message`](ClientFact::Message) | calling |
//! | | the one response, or a trailer: the fact [`Ended`](ClientFact::Ended) | idle |
//! | | [`cancel`](ClientSession::cancel), a deadline: CANCEL, the fact [`Failed`](ClientFact::Failed) | cancelling |
//! | *cancelling* | frames of the cancelled call are dropped until CANCEL is acknowledged | idle |
//! | | no acknowledgement in time | over |
//! | *all* | [`close`](ClientSession::close) (waits until idle), end of the stream, [`lost`](ClientSession::lost) | over |
//!
//! **Acknowledgements.** A CANCEL is acknowledged by a trailer with code 1, the message `cancelled` and no details.
//! It crosses with the call's own end, so two frames may follow a CANCEL: the own end, then the acknowledgement. A
//! server of this project gives no other trailer that form ([`ServerSession`] rewords a handler's). The Python
//! server takes the CANCEL of a running bidi call for the end of its input: there only the call's own
//! trailer comes. So when the own end has arrived, the client waits [`ClientTimes::acknowledge_wait`] for the
//! acknowledgement and goes on without it. One that comes later still is dropped: it stands before any frame of the
//! next call.
//!
//! **Servers that end a session.** A server of this project that closes a session says so in a trailer between two calls,
//! marked by [`SESSION_DETAIL`]. The Python server ends a session after some errors and does not finish its side;
//! there the client goes by the texts of the trailers, which a server of this project never uses.
//!
//! # Example
//!
//! A unary call. Bytes go straight from one machine to the other here; a driver has a stream between them.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use aster_wire::frame::{self, Decoder, MAX_BODY};
//! use aster_wire::limit::RecordLimits;
//! use aster_wire::record::{CallHeader, Encoding, StreamHeader};
//! use aster_wire::session::{ClientFact, ClientSession, ClientTimes, Pattern, ServerFact, ServerSession};
//!
//! let (limits, now) = (RecordLimits::default(), Instant::now());
//! let unary = Pattern { request_stream: false, response_stream: false };
//! let header = StreamHeader { service: "Lobby".to_owned(), ..StreamHeader::default() };
//! let (mut client, opening) =
//!     ClientSession::open(header, Encoding::Fory, limits.clone(), ClientTimes::default())?;
//! let mut server = ServerSession::new(Encoding::Fory, limits, Duration::from_secs(60));
//!
//! // The client's side: CALL and the request.
//! let join = CallHeader { method: "join".to_owned(), ..CallHeader::default() };
//! let (call, call_frame) = client.begin(unary, &join, now, Some(Duration::from_secs(30)))?;
//! let request = client.item(call, frame::encode(0, b"Ada")?.into())?;
//!
//! // The server's side. The driver has read the HEADER frame and knows the service.
//! let mut to_server = Decoder::new(MAX_BODY);
//! [opening, call_frame, request].map(|bytes| to_server.push(bytes));
//! to_server.next()?.expect("the HEADER frame");
//! let mut to_client = Decoder::new(MAX_BODY);
//! while let Some(received) = to_server.next()? {
//!     for fact in server.frame(received, now) {
//!         match fact {
//!             ServerFact::Write(bytes) => to_client.push(bytes),
//!             ServerFact::Call { call, header } => {
//!                 assert_eq!(header.method, "join");
//!                 server.accept(call, unary, now, None);
//!             }
//!             ServerFact::Message { call, frame: request } => {
//!                 assert_eq!(request.payload, "Ada");
//!                 for fact in server.respond(call, frame::encode(0, b"seat 7")?.into())? {
//!                     if let ServerFact::Write(bytes) = fact {
//!                         to_client.push(bytes);
//!                     }
//!                 }
//!             }
//!             other => unreachable!("{other:?}"),
//!         }
//!     }
//! }
//!
//! // The client's side: the response, then the end of the call.
//! let response = to_client.next()?.expect("the response");
//! let facts: Vec<_> = client.frame(response, now).into_iter().collect();
//! assert!(matches!(&facts[0], ClientFact::Message { frame, .. } if frame.payload == "seat 7"));
//! assert!(matches!(&facts[1], ClientFact::Ended { status, .. } if status.is_ok()));
//! assert!(matches!(&facts[2], ClientFact::Ready));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client;
mod fact;
mod server;
mod trailer;

pub use client::{ClientSession, ClientTimes};
pub use fact::{AbortCause, BeginError, ClientEnd, ClientFact, Facts, SendError, ServerEnd, ServerFact};
pub use server::ServerSession;

/// The most facts that one input leads to.
pub const MAX_FACTS: usize = 4;

/// The text of the trailer that acknowledges a CANCEL.
pub const CANCELLED_TEXT: &str = "cancelled";
/// The text of the trailer (code 9) for a frame that is not a CALL between two calls. The session ends with it.
pub const EXPECTED_CALL_TEXT: &str = "Expected CALL frame";

/// The detail of a trailer with which a server of this project ends a session between two calls; its value is `closed`.
pub const SESSION_DETAIL: &str = "aster.session";

/// A call kind: does either side send a stream?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// The client sends any number of messages.
    pub request_stream: bool,
    /// The server sends any number of messages.
    pub response_stream: bool,
}

/// Names a call of one session: 1 for the first, then one more for each. Both sides count alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallNumber(u64);

impl CallNumber {
    /// The number, from 1.
    pub fn get(self) -> u64 {
        self.0
    }
}
