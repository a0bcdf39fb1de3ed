//! Calls to services of a peer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aster_net::{
    CallOptions as NetOptions, ClientCall, ClientEvent, ClientMethod, Mode, Node, NodeOptions,
    OutgoingConnection, Verdict,
};
use aster_wire::admission::ServiceSummary;
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

use crate::contract::{Contract, Method};
use crate::message::Message;
use crate::stream::{Call, Inbox, Receiver, Sender, framed, lock};

/// Time limit for connecting.
const CONNECT: Duration = Duration::from_secs(20);

/// A connection to a peer. When it is gone, the next call dials again.
#[derive(Debug)]
pub struct Client {
    node: Arc<Node>,
    connection: Arc<OutgoingConnection>,
    services: Vec<ServiceSummary>,
}

impl Client {
    /// Starts a node for this client and connects to `address`: a ticket, a node address, or an endpoint id.
    ///
    /// # Errors
    /// The status code of the failure: `UNAVAILABLE` when the peer cannot be reached, `PERMISSION_DENIED` when it
    /// refuses admission.
    pub async fn connect(address: &str, options: NodeOptions) -> Result<Self, RpcStatus> {
        let node = Node::bind(options).await.map_err(|e| RpcStatus::new(Code::Unavailable, e.to_string()))?;
        let connected = node.connect(address, String::new(), CONNECT).await;
        let (connection, answer) = connected.map_err(|e| RpcStatus::new(e.code(), e.to_string()))?;
        Ok(Self { node, connection, services: answer.services })
    }

    /// The peer's id, 64 hex digits.
    pub fn endpoint_id(&self) -> String {
        self.connection.endpoint_id()
    }

    /// The contract id of a service in the peer's admission answer.
    pub fn contract_id(&self, service: &str, version: i64) -> Option<&str> {
        self.services
            .iter()
            .find(|s| s.name == service && s.version == version)
            .map(|s| s.contract_id.as_str())
    }

    /// The methods of a service, in XLANG or JSON mode.
    ///
    /// # Errors
    /// `NOT_FOUND` when the peer does not serve it, `FAILED_PRECONDITION` when it serves another contract or other exact
    /// schemas. Calls fail in the same way after the connection was replaced by one to such a peer.
    pub fn stub(&self, contract: &Contract, mode: Mode) -> Result<Stub, RpcStatus> {
        let (name, version) = (contract.name(), contract.version());
        let announced = self.connection.announced();
        let Some(theirs) = contract.agreement.find(&announced) else {
            return Err(RpcStatus::new(Code::NotFound, format!("the peer does not serve {name} v{version}")));
        };
        let problem = match contract.agreement.compare(theirs) {
            Verdict::Same | Verdict::Open | Verdict::Compatible => None,
            Verdict::OtherContract => {
                let (ours, theirs) = (contract.id(), &theirs.contract_id);
                Some(format!("has contract id {theirs:?} at the peer, but {ours} in this program"))
            }
            Verdict::OtherSchemas => {
                Some("has other schemas at the peer, with the same contract id".to_owned())
            }
        };
        if let Some(problem) = problem {
            return Err(RpcStatus::new(Code::FailedPrecondition, format!("{name} v{version} {problem}")));
        }
        Ok(Stub {
            contract: contract.clone(),
            mode,
            connection: Arc::clone(&self.connection),
            methods: Mutex::default(),
        })
    }

    /// Cancels running calls and closes the node. Can be called twice.
    pub async fn close(&self) {
        self.connection.close();
        self.node.close().await;
    }
}

/// Options of one call.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// The deadline, which the header contains. `None`: no deadline.
    pub timeout: Option<Duration>,
    /// Metadata for the handler.
    pub metadata: Vec<(String, String)>,
}

/// The methods of a service of a peer, by name.
#[derive(Debug)]
pub struct Stub {
    contract: Contract,
    mode: Mode,
    connection: Arc<OutgoingConnection>,
    methods: Mutex<HashMap<String, Arc<ClientMethod>>>,
}

impl Stub {
    /// Calls a unary method: one request, one response.
    ///
    /// # Errors
    /// The status that the peer sent or this side created.
    pub async fn unary<Q: Message, A: Message>(
        &self,
        method: &str,
        request: &Q,
        options: CallOptions,
    ) -> Result<A, RpcStatus> {
        let (call, method) = self.open(method, (false, false), Some(request), options)?;
        Receiver::new(call, method.response.clone()).only().await
    }

    /// Calls a method with one request and a stream of responses.
    ///
    /// # Errors
    /// Errors that are found before the call begins; later errors come from the receiver.
    pub fn server_stream<Q: Message, A: Message>(
        &self,
        method: &str,
        request: &Q,
        options: CallOptions,
    ) -> Result<Receiver<A>, RpcStatus> {
        let (call, method) = self.open(method, (false, true), Some(request), options)?;
        Ok(Receiver::new(call, method.response.clone()))
    }

    /// Calls a method with a stream of requests and one response.
    ///
    /// # Errors
    /// Errors that are found before the call begins.
    pub fn client_stream<Q: Message, A: Message>(
        &self,
        method: &str,
        options: CallOptions,
    ) -> Result<Upload<Q, A>, RpcStatus> {
        let (call, method) = self.open::<Q>(method, (true, false), None, options)?;
        let answer = Receiver::new(Arc::clone(&call), method.response.clone());
        Ok(Upload { sender: Sender::new(call, method.request.clone()), answer })
    }

    /// Calls a method with a stream in each direction.
    ///
    /// # Errors
    /// Errors that are found before the call begins; later errors come from the receiver.
    pub fn bidi<Q: Message, A: Message>(
        &self,
        method: &str,
        options: CallOptions,
    ) -> Result<(Sender<Q>, Receiver<A>), RpcStatus> {
        let (call, method) = self.open::<Q>(method, (true, true), None, options)?;
        let receiver = Receiver::new(Arc::clone(&call), method.response.clone());
        Ok((Sender::new(call, method.request.clone()), receiver))
    }

    fn open<Q: Message>(
        &self,
        name: &str,
        streams: (bool, bool),
        request: Option<&Q>,
        options: CallOptions,
    ) -> Result<(Arc<Call>, &Arc<Method>), RpcStatus> {
        let Some(method) = self.contract.method(name) else {
            let text = format!("{} has no method {name:?}", self.contract.name());
            return Err(RpcStatus::new(Code::Unimplemented, text));
        };
        if streams != (method.pattern.request_stream, method.pattern.response_stream) {
            return Err(RpcStatus::new(Code::InvalidArgument, format!("{name} has another pattern")));
        }
        let types = self.contract.types().clone();
        let request =
            request.map(|request| framed(&method.request, &request.to_value(&types))).transpose()?;
        let prepared = self.prepare(method)?;
        let timeout_travels = options.timeout.is_some();
        let CallOptions { timeout, metadata } = options;
        let (handle, running) = prepared.call(NetOptions { timeout, timeout_travels, metadata });
        if let Some(request) = request {
            handle.send(request)?;
            handle.end_input();
        }
        let inbox = Arc::<Inbox>::default();
        tokio::spawn(run(running, Arc::clone(&inbox)));
        Ok((Arc::new(Call { handle, inbox, types, client: true }), method))
    }

    fn prepare(&self, method: &Method) -> Result<Arc<ClientMethod>, RpcStatus> {
        let mut methods = lock(&self.methods);
        if let Some(prepared) = methods.get(&method.name) {
            return Ok(Arc::clone(prepared));
        }
        let name = (self.contract.name(), self.contract.version(), method.name.as_str());
        let (request, response) = (method.request.in_mode(self.mode), method.response.in_mode(self.mode));
        let connection = Arc::clone(&self.connection);
        let prepared = ClientMethod::new(connection, name, method.pattern, request, response)?;
        let prepared = Arc::new(prepared.with_agreement(Arc::clone(&self.contract.agreement)));
        methods.insert(method.name.clone(), Arc::clone(&prepared));
        Ok(prepared)
    }
}

/// Runs a call until it has ended.
async fn run(mut call: ClientCall, inbox: Arc<Inbox>) {
    while let Some(event) = call.next().await {
        match event {
            ClientEvent::Message(message) => {
                inbox.push([message.bytes]);
                inbox.end(Ok(()));
            }
            ClientEvent::Items(block) => inbox.push(block.items),
            // Senders wait for room themselves, on the handle.
            ClientEvent::Credit(_) => {}
            ClientEvent::Ended(end) => {
                inbox.end(if end.status.is_ok() { Ok(()) } else { Err(end.status) });
            }
        }
    }
    // A cancelled call has no end event.
    inbox.end(Err(RpcStatus::new(Code::Cancelled, "the call was cancelled")));
}

/// A call with a stream of requests and one response. Dropping it cancels the call.
#[derive(Debug)]
pub struct Upload<Q, A> {
    sender: Sender<Q>,
    answer: Receiver<A>,
}

impl<Q: Message, A: Message> Upload<Q, A> {
    /// Sends a message; see [`Sender::send`].
    ///
    /// # Errors
    /// The same as for [`Sender::send`].
    pub async fn send(&mut self, message: &Q) -> Result<(), RpcStatus> {
        self.sender.send(message).await
    }

    /// Ends the input and waits for the response.
    ///
    /// # Errors
    /// The status that the peer sent or this side created.
    pub async fn finish(self) -> Result<A, RpcStatus> {
        self.sender.end();
        self.answer.only().await
    }
}
