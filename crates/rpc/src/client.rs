//! Calls to services of a peer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aster_net::{ClientMethod, Mode, Node, NodeOptions, Op, Peer};
use aster_wire::admission::ServiceSummary;
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

use crate::contract::{Contract, Method};
use crate::exchange::{Exchange, lock};
use crate::message::Message;
use crate::stream::{Held, Receiver, Sender, framed};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(20);

/// A connection to a peer. Dialled again by the next call when it was lost.
#[derive(Debug)]
pub struct Client {
    node: Arc<Node>,
    peer: Arc<Peer>,
    exchange: Arc<Exchange>,
    services: Vec<ServiceSummary>,
}

impl Client {
    /// Starts a node of its own and connects to `address`: a ticket, a node address, or an endpoint id.
    ///
    /// # Errors
    /// The code of the failure: `UNAVAILABLE` where nobody answers, `PERMISSION_DENIED` where admission is refused.
    pub async fn connect(address: &str, options: NodeOptions) -> Result<Self, RpcStatus> {
        let node = Node::bind(options).await.map_err(|e| RpcStatus::new(Code::Unavailable, e.to_string()))?;
        let connected = node.connect(address, String::new(), CONNECT).await;
        let (peer, answer) = connected.map_err(|e| RpcStatus::new(e.code(), e.to_string()))?;
        let exchange = Exchange::open(|_, _| {});
        Ok(Self { node, peer, exchange, services: answer.services })
    }

    /// The peer's id, 64 hex digits.
    pub fn endpoint_id(&self) -> String {
        self.peer.endpoint_id()
    }

    /// The contract id that the peer announces for a service.
    pub fn contract_id(&self, service: &str, version: i64) -> Option<&str> {
        self.services
            .iter()
            .find(|s| s.name == service && s.version == version)
            .map(|s| s.contract_id.as_str())
    }

    /// The methods of a service, in XLANG or JSON mode.
    ///
    /// # Errors
    /// `NOT_FOUND` when the peer does not serve it, `FAILED_PRECONDITION` when it serves another contract.
    pub fn stub(&self, contract: &Contract, mode: Mode) -> Result<Stub, RpcStatus> {
        let (name, version) = (contract.name(), contract.version());
        let Some(id) = self.contract_id(name, version) else {
            return Err(RpcStatus::new(Code::NotFound, format!("the peer does not serve {name} v{version}")));
        };
        if !contract.is_known_by(id) {
            let text = format!("{name} v{version} has the contract {id} at the peer, here {}", contract.id());
            return Err(RpcStatus::new(Code::FailedPrecondition, text));
        }
        Ok(Stub {
            contract: contract.clone(),
            mode,
            peer: Arc::clone(&self.peer),
            exchange: Arc::clone(&self.exchange),
            handles: Mutex::default(),
        })
    }

    /// Ends calls in flight and closes the node. Safe twice.
    pub async fn close(&self) {
        self.exchange.close();
        self.peer.close().await;
        self.node.close().await;
    }
}

/// What may be said about one call.
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    /// The deadline, which travels. None: none.
    pub timeout: Option<Duration>,
    /// Pairs that the handler sees.
    pub metadata: Vec<(String, String)>,
}

/// The methods of a service at a peer, by wire name.
#[derive(Debug)]
pub struct Stub {
    contract: Contract,
    mode: Mode,
    peer: Arc<Peer>,
    exchange: Arc<Exchange>,
    handles: Mutex<HashMap<String, u32>>,
}

impl Stub {
    /// One request, one answer.
    ///
    /// # Errors
    /// The status of the peer or of this side.
    pub async fn unary<Q: Message, A: Message>(
        &self,
        method: &str,
        request: &Q,
        options: CallOptions,
    ) -> Result<A, RpcStatus> {
        let (held, method) = self.open(method, (false, false), Some(request), options)?;
        Receiver::new(held, method.response.clone()).only().await
    }

    /// One request, many answers.
    ///
    /// # Errors
    /// What can be said before the peer is asked; the rest comes from the receiver.
    pub fn server_stream<Q: Message, A: Message>(
        &self,
        method: &str,
        request: &Q,
        options: CallOptions,
    ) -> Result<Receiver<A>, RpcStatus> {
        let (held, method) = self.open(method, (false, true), Some(request), options)?;
        Ok(Receiver::new(held, method.response.clone()))
    }

    /// Many requests, one answer.
    ///
    /// # Errors
    /// What can be said before the peer is asked.
    pub fn client_stream<Q: Message, A: Message>(
        &self,
        method: &str,
        options: CallOptions,
    ) -> Result<Upload<Q, A>, RpcStatus> {
        let (held, method) = self.open::<Q>(method, (true, false), None, options)?;
        let answer = Receiver::new(Arc::clone(&held), method.response.clone());
        Ok(Upload { sender: Sender::new(held, method.request.clone()), answer })
    }

    /// Many each way.
    ///
    /// # Errors
    /// What can be said before the peer is asked; the rest comes from the receiver.
    pub fn bidi<Q: Message, A: Message>(
        &self,
        method: &str,
        options: CallOptions,
    ) -> Result<(Sender<Q>, Receiver<A>), RpcStatus> {
        let (held, method) = self.open::<Q>(method, (true, true), None, options)?;
        let receiver = Receiver::new(Arc::clone(&held), method.response.clone());
        Ok((Sender::new(held, method.request.clone()), receiver))
    }

    fn open<Q: Message>(
        &self,
        name: &str,
        streams: (bool, bool),
        request: Option<&Q>,
        options: CallOptions,
    ) -> Result<(Arc<Held>, &Arc<Method>), RpcStatus> {
        let Some(method) = self.contract.method(name) else {
            let text = format!("{} has no method {name:?}", self.contract.name());
            return Err(RpcStatus::new(Code::Unimplemented, text));
        };
        if streams != (method.pattern.request_stream, method.pattern.response_stream) {
            return Err(RpcStatus::new(Code::InvalidArgument, format!("{name} is called in another way")));
        }
        let types = self.contract.types().clone();
        let request =
            request.map(|request| framed(&method.request, &request.to_value(&types))).transpose()?;
        let handle = self.handle(method)?;
        let (number, slot) = self.exchange.begin();
        let end = request.is_some();
        let timeout_travels = options.timeout.is_some();
        let CallOptions { timeout, metadata } = options;
        self.exchange.submit(Op::Open {
            call: number,
            method: handle,
            timeout,
            timeout_travels,
            metadata,
            request,
            end,
        });
        let exchange = Arc::clone(&self.exchange);
        Ok((Arc::new(Held { exchange, number, slot, types, client: true }), method))
    }

    fn handle(&self, method: &Method) -> Result<u32, RpcStatus> {
        let mut handles = lock(&self.handles);
        if let Some(handle) = handles.get(&method.name) {
            return Ok(*handle);
        }
        let name = (self.contract.name(), self.contract.version(), method.name.as_str());
        let (request, response) = (method.request.in_mode(self.mode), method.response.in_mode(self.mode));
        let prepared = ClientMethod::new(Arc::clone(&self.peer), name, method.pattern, request, response)?;
        let handle = self.exchange.port.register(prepared);
        handles.insert(method.name.clone(), handle);
        Ok(handle)
    }
}

/// A call that sends many messages for one answer. Dropping it cancels the call.
#[derive(Debug)]
pub struct Upload<Q, A> {
    sender: Sender<Q>,
    answer: Receiver<A>,
}

impl<Q: Message, A: Message> Upload<Q, A> {
    /// Sends a message; as [`Sender::send`].
    ///
    /// # Errors
    /// As there.
    pub async fn send(&mut self, message: &Q) -> Result<(), RpcStatus> {
        self.sender.send(message).await
    }

    /// Ends the input and waits for the answer.
    ///
    /// # Errors
    /// The status of the peer or of this side.
    pub async fn finish(self) -> Result<A, RpcStatus> {
        self.sender.end();
        self.answer.only().await
    }
}
