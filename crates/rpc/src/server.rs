//! Services for peers to call.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aster_net::{
    BindError, Framed, IncomingCall, MethodDefinition, Node, NodeOptions, Op, ServiceDefinition,
};
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

use crate::contract::{Contract, Method, Types};
use crate::exchange::{Exchange, lock};
use crate::message::Message;
use crate::stream::{Held, Receiver, Sender, framed};

/// Longest handler time of calls without a deadline; streams have none.
const MAX_CALL: Duration = Duration::from_mins(5);

type Outcome = Pin<Box<dyn Future<Output = Result<(), RpcStatus>> + Send>>;
type Handler = Arc<dyn Fn(Incoming) -> Outcome + Send + Sync>;

/// A served method, by handle.
#[derive(Clone)]
struct Served {
    method: Arc<Method>,
    types: Types,
    handler: Handler,
}

type Table = Arc<Mutex<HashMap<u32, Served>>>;

/// A node that serves. Closed, not dropped: its tasks hold it.
pub struct Server {
    node: Arc<Node>,
    exchange: Arc<Exchange>,
    table: Table,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Server {
    /// Binds a node, on the runtime that the caller entered. Anybody who reaches it may call.
    ///
    /// # Errors
    /// [`BindError`] when the socket or a relay URL is not usable.
    pub async fn bind(options: NodeOptions) -> Result<Self, BindError> {
        let node = Node::bind(options).await?;
        let table = Table::default();
        let served = Arc::clone(&table);
        let exchange = Exchange::open(move |exchange, call| answer(&served, exchange, call));
        Ok(Self { node, exchange, table })
    }

    /// Serves a contract. The handler gets every call; what it returns ends the call.
    pub fn serve<F, R>(&self, contract: &Contract, handler: F)
    where
        F: Fn(Incoming) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), RpcStatus>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |call| Box::pin(handler(call)));
        let methods = contract.methods.iter().map(|method| MethodDefinition {
            name: method.name.clone(),
            pattern: method.pattern,
            request: method.request.clone(),
            response: method.response.clone(),
        });
        let definition = ServiceDefinition {
            name: contract.name().to_owned(),
            version: contract.version(),
            contract_id: contract.id().to_owned(),
            modes: contract.service.modes.clone(),
            max_call: MAX_CALL,
            methods: methods.collect(),
        };
        // Held while the service becomes known: the first call waits for its handler.
        let mut table = lock(&self.table);
        let first = self.node.serve(&self.exchange.port, vec![definition]);
        for (method, handle) in contract.methods.iter().zip(first.into_iter().flat_map(|first| first..)) {
            let (method, types, handler) =
                (Arc::clone(method), contract.types().clone(), Arc::clone(&handler));
            table.insert(handle, Served { method, types, handler });
        }
    }

    /// What peers connect to.
    pub async fn ticket(&self) -> String {
        self.node.ticket().await
    }

    /// 64 hex digits.
    pub fn endpoint_id(&self) -> String {
        self.node.endpoint_id()
    }

    /// Waits for calls to end, at most so long, and closes.
    pub async fn close(&self, drain: Duration) {
        self.node.drain(drain).await;
        self.exchange.close();
        self.node.close().await;
    }
}

/// A call that a peer makes.
#[derive(Debug)]
pub struct Incoming {
    method: Arc<Method>,
    held: Arc<Held>,
    call: IncomingCall,
    replied: Arc<Mutex<Option<Framed>>>,
}

impl Incoming {
    /// The wire name of the method.
    pub fn method(&self) -> &str {
        &self.method.name
    }

    /// What the caller said beside its request.
    pub fn metadata(&self) -> &[(String, String)] {
        &self.call.metadata
    }

    /// How long the caller waits; none when it named no deadline.
    pub fn remaining(&self) -> Option<Duration> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let deadline = Duration::from_millis(self.call.deadline_epoch_ms as u64);
        (!deadline.is_zero()).then(|| deadline.saturating_sub(now))
    }

    /// Who calls, 64 hex digits.
    pub fn peer(&self) -> String {
        self.held.exchange.peer(self.call.connection)
    }

    /// The request of a call with one.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it is no `Q`.
    pub async fn request<Q: Message>(&self) -> Result<Q, RpcStatus> {
        self.requests().only().await
    }

    /// The requests of a call with many.
    pub fn requests<Q: Message>(&self) -> Receiver<Q> {
        Receiver::new(Arc::clone(&self.held), self.method.request.clone())
    }

    /// Says the answer of a call with one; it goes when the handler returns. The last counts, none is a null answer.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when it does not fit the contract.
    pub fn reply<A: Message>(&self, answer: &A) -> Result<(), RpcStatus> {
        let message = framed(&self.method.response, &answer.to_value(&self.held.types))?;
        *lock(&self.replied) = Some(message);
        Ok(())
    }

    /// The answers of a call with many.
    pub fn answers<A: Message>(&self) -> Sender<A> {
        Sender::new(Arc::clone(&self.held), self.method.response.clone())
    }
}

/// Runs the handler of a call on a task of its own; it is dropped when the caller leaves.
fn answer(table: &Table, exchange: &Arc<Exchange>, call: IncomingCall) {
    let number = call.call;
    let Some(Served { method, types, handler }) = lock(table).get(&call.handle).cloned() else {
        let status = RpcStatus::new(Code::Unimplemented, "the method is not served");
        return exchange.submit(Op::Finish { call: number, status });
    };
    let slot = exchange.slot(number);
    let held = Arc::new(Held { exchange: Arc::clone(exchange), number, slot, types, client: false });
    let replied = Arc::default();
    let incoming = Incoming {
        method: Arc::clone(&method),
        held: Arc::clone(&held),
        call,
        replied: Arc::clone(&replied),
    };
    let exchange = Arc::clone(exchange);
    tokio::spawn(async move {
        let mut running = tokio::spawn(handler(incoming));
        let outcome = tokio::select! {
            outcome = &mut running => outcome,
            () = held.slot.gone() => return running.abort(),
        };
        let status = match outcome {
            Ok(Ok(())) if method.pattern.response_stream => RpcStatus::new(Code::Ok, ""),
            Ok(Ok(())) => {
                let message = lock(&replied).take();
                return match message.map_or_else(|| framed(&method.response, &aster_codec::Value::Null), Ok) {
                    Ok(message) => exchange.submit(Op::Reply { call: number, message }),
                    Err(status) => exchange.submit(Op::Finish { call: number, status }),
                };
            }
            Ok(Err(status)) => status,
            // A panic's text is for the log, where the runtime has put it.
            Err(_) => RpcStatus::new(Code::Internal, "the handler failed"),
        };
        exchange.submit(Op::Finish { call: number, status });
    });
}
