//! Serving calls of peers.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aster_net::{
    BindError, CallHandle, Caller, FIRST_WINDOW, Framed, Handler, Metadata, MethodDefinition, Node,
    NodeOptions, Registration, ServeError, ServerCall, ServerEvent, ServiceDefinition, Serving,
};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

use crate::contract::{Contract, Method, Types};
use crate::message::Message;
use crate::stream::{Call, Inbox, Receiver, Sender, framed, lock};

/// Time limit of calls without a deadline. It does not apply to calls that stream.
const MAX_CALL: Duration = Duration::from_mins(5);

type Outcome = Pin<Box<dyn Future<Output = Result<(), RpcStatus>> + Send>>;
type Answer = Arc<dyn Fn(Incoming) -> Outcome + Send + Sync>;

/// A contract and the handler of its calls.
struct Served {
    contract: Contract,
    answer: Answer,
}

/// A node that serves contracts. Dropping it does not close it, because its tasks hold the node; call `close`.
pub struct Server {
    node: Arc<Node>,
    registrations: Mutex<Vec<Registration>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Server {
    /// Binds a node on the current tokio runtime. It admits every peer.
    ///
    /// # Errors
    /// [`BindError`] when the socket cannot be bound or a relay URL is not valid.
    pub async fn bind(options: NodeOptions) -> Result<Self, BindError> {
        let node = Node::bind(options).await?;
        Ok(Self { node, registrations: Mutex::default() })
    }

    /// Serves a contract. The handler runs for every call, and its result ends the call. Calls are distributed in
    /// turn among several handlers of one contract.
    ///
    /// # Errors
    /// [`ServeError`] when another contract with the same name and version is already served.
    pub fn serve<F, R>(&self, contract: &Contract, handler: F) -> Result<(), ServeError>
    where
        F: Fn(Incoming) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), RpcStatus>> + Send + 'static,
    {
        let answer: Answer = Arc::new(move |call| Box::pin(handler(call)));
        let methods = contract.methods.iter().map(|method| MethodDefinition {
            name: method.name.clone(),
            pattern: method.pattern,
            request: method.request.clone(),
            response: method.response.clone(),
            requires: None,
        });
        let definition = ServiceDefinition {
            name: contract.name().to_owned(),
            version: contract.version(),
            contract_id: contract.id().to_owned(),
            modes: contract.service.modes.clone(),
            session: false,
            requires: None,
            max_call: MAX_CALL,
            methods: methods.collect(),
            description: Some(contract.description.clone()),
        };
        let served = Served { contract: contract.clone(), answer };
        let registration = self.node.serve(definition, Arc::new(served))?;
        lock(&self.registrations).push(registration);
        Ok(())
    }

    /// The ticket with which peers connect.
    pub async fn ticket(&self) -> String {
        self.node.ticket().await
    }

    /// Endpoint id, 64 hex digits.
    pub fn endpoint_id(&self) -> String {
        self.node.endpoint_id()
    }

    /// Waits for running calls until the time limit, then closes the node.
    pub async fn close(&self, drain: Duration) {
        self.node.drain(drain).await;
        self.node.close().await;
    }
}

/// A call of a peer.
#[derive(Debug)]
pub struct Incoming {
    method: Arc<Method>,
    call: Arc<Call>,
    caller: Arc<Caller>,
    metadata: Metadata,
    deadline_epoch_ms: i64,
    replied: Arc<Mutex<Option<Framed>>>,
}

impl Incoming {
    /// The name of the method.
    pub fn method(&self) -> &str {
        &self.method.name
    }

    /// Metadata of the call.
    pub fn metadata(&self) -> &[(String, String)] {
        &self.metadata
    }

    /// Time until the caller's deadline; `None` when the call has no deadline.
    pub fn remaining(&self) -> Option<Duration> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let deadline = Duration::from_millis(self.deadline_epoch_ms.unsigned_abs());
        (!deadline.is_zero()).then(|| deadline.saturating_sub(now))
    }

    /// The peer that makes the call, with the facts from its admission.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The request of a call that has a single one.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it cannot be converted to `Q`.
    pub async fn request<Q: Message>(&self) -> Result<Q, RpcStatus> {
        self.requests().only().await
    }

    /// The requests of a call with a request stream.
    pub fn requests<Q: Message>(&self) -> Receiver<Q> {
        Receiver::new(Arc::clone(&self.call), self.method.request.clone())
    }

    /// Sets the response of a call that has a single one. It is sent when the handler returns. The last call of
    /// `reply` counts; without one, the response is null.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the response does not match the contract.
    pub fn reply<A: Message>(&self, answer: &A) -> Result<(), RpcStatus> {
        let message = framed(&self.method.response, &answer.to_value(&self.call.types))?;
        *lock(&self.replied) = Some(message);
        Ok(())
    }

    /// The sender for the responses of a call with a response stream.
    pub fn answers<A: Message>(&self) -> Sender<A> {
        Sender::new(Arc::clone(&self.call), self.method.response.clone())
    }
}

impl Handler for Served {
    fn serve(&self, call: ServerCall) -> Serving {
        let Some(method) = self.contract.methods.get(call.method()).cloned() else {
            return Box::pin(std::future::ready(()));
        };
        Box::pin(run(method, self.contract.types().clone(), Arc::clone(&self.answer), call))
    }

    fn is_closed(&self) -> bool {
        false
    }
}

/// Runs the handler of a call on a separate task, which is aborted when the caller cancels.
async fn run(method: Arc<Method>, types: Types, answer: Answer, mut call: ServerCall) {
    let handle = call.handle().clone();
    let inbox = Arc::<Inbox>::default();
    if let Some(request) = call.take_request() {
        inbox.push([request.bytes]);
        inbox.end(Ok(()));
    }
    let replied = Arc::default();
    let incoming = Incoming {
        method: Arc::clone(&method),
        call: Arc::new(Call { handle: handle.clone(), inbox: Arc::clone(&inbox), types, client: false }),
        caller: Arc::clone(call.caller()),
        metadata: call.take_metadata(),
        deadline_epoch_ms: call.deadline_epoch_ms(),
        replied: Arc::clone(&replied),
    };
    let mut running = tokio::spawn(answer(incoming));
    let mut ended = false;
    loop {
        tokio::select! {
            event = call.next() => match event {
                Some(event) => feed(&inbox, event),
                None => return running.abort(),
            },
            outcome = &mut running, if !ended => {
                ended = true;
                // The text of a panic is not sent; the runtime has already logged it.
                let outcome = outcome.unwrap_or_else(|_| Err(RpcStatus::new(Code::Internal, "the handler failed")));
                end(&handle, &method, outcome, lock(&replied).take());
            }
        }
    }
}

fn feed(inbox: &Inbox, event: ServerEvent) {
    match event {
        ServerEvent::Items(block) => inbox.push(block.items),
        ServerEvent::InputEnd => inbox.end(Ok(())),
        ServerEvent::Aborted(code) => inbox.end(Err(RpcStatus::new(code, "the call was aborted"))),
        // Senders wait for room themselves, on the handle.
        ServerEvent::Credit(_) => {}
    }
}

fn end(handle: &CallHandle, method: &Method, outcome: Result<(), RpcStatus>, reply: Option<Framed>) {
    match outcome {
        Err(status) => handle.finish(status),
        Ok(()) if method.pattern.response_stream => handle.finish(RpcStatus::ok()),
        Ok(()) => match reply.map_or_else(|| framed(&method.response, &aster_codec::Value::Null), Ok) {
            Ok(message) => send_reply(handle.clone(), message),
            Err(status) => handle.finish(status),
        },
    }
}

/// A large response may have to wait until the peer has read others.
fn send_reply(handle: CallHandle, message: Framed) {
    if message.payload().len() < FIRST_WINDOW {
        return handle.reply(message);
    }
    tokio::spawn(async move {
        match handle.room_for(message.payload().len()).await {
            Ok(true) => handle.reply(message),
            Ok(false) => {}
            Err(status) => handle.finish(status),
        }
    });
}
