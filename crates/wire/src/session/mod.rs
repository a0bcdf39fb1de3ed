//! Sessions as two state machines: frames, commands and the time go in, facts and frames come out.
//!
//! A session is one stream that carries calls one after another, one at a time (`docs/protocol.md#sessions`). This module
//! decides what a frame means in each state, which frames a side may write, how a call ends, and how long a side waits. It
//! has no sockets, queues or clocks. A *driver* (`aster-net`) decodes frames, passes them in with the time, writes the
//! frames that it gets back, and acts on the facts.
//!
//! # The driver
//!
//! - Act on [`Facts`] in their order. Write the frames in the order in which they were returned.
//! - Call `expire(now)` when the time that `timeout()` returns has passed.
//! - Payloads pass through the machine: it keeps none, so a stream inside a session is really streamed. Count unread bytes by
//!   `frame.payload.len()`, and stop reading the stream when a reader has too many.
//! - Keep reading while items wait to be written: the Python client reads the first response of a bidi call only after it
//!   has sent all of its input. Stop reading only while [`ServerFact::Write`] frames wait, which bounds their number.
//! - CANCEL travels behind the input in the same stream. A server that does not read does not see it. The client then stops
//!   waiting ([`ClientTimes::cancel_wait`]) and resets the stream, which the server sees at once.
//! - After the fact `Over` the machine writes nothing and returns no more facts.
//!
//! Both machines accept any frame in any state and do not panic. One input returns at most [`MAX_FACTS`] facts.
//!
//! # The server: [`ServerSession`]
//!
//! The driver reads the HEADER frame itself: it checks service, scope and mode as for every stream.
//!
//! | state | what may happen | next state |
//! |---|---|---|
//! | *boundary* | CALL: the fact [`Call`](ServerFact::Call) | judged |
//! | | a CALL that is not readable or exceeds a limit: a trailer | boundary, discarding |
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
//! When a call ends before all of its input has arrived, the boundary is *discarding*: frames are dropped up to the next
//! CALL. So a refused or failed call does not end the session.
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
//! **Acknowledgements.** The server acknowledges a CANCEL with a trailer that has code 1, message `cancelled` and no details.
//! CANCEL can cross with the end of the call. Then the client receives the end of the call first and the acknowledgement
//! second. Our server sends no other trailer of this form: [`ServerSession`] changes the message of such a status when it
//! comes from a handler. The Python server reads CANCEL during a bidi call as the end of the input. It then sends the end
//! of the call and no acknowledgement. So after the end of the call the client waits for
//! [`ClientTimes::acknowledge_wait`] only, then the session is usable again. An acknowledgement that arrives still later is
//! dropped; it arrives before all frames of the next call.
//!
//! **A server that ends the session.** Our server closes a session between two calls with a trailer that has the detail
//! [`SESSION_DETAIL`]. The Python server ends a session after some errors and does not finish its side. The client
//! recognizes this by the texts of its trailers; our server does not send these texts.
//!
//! # Example
//!
//! A unary call. Here the bytes go directly from one machine to the other; a driver sends them over a stream.
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

pub use crate::call::Pattern;

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
/// Names a call of one session: 1 for the first, then one more for each. Both sides count alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallNumber(u64);

impl CallNumber {
    /// The number, from 1.
    pub fn get(self) -> u64 {
        self.0
    }
}
