//! Nodes with registries on loopback.
#![allow(dead_code, unreachable_pub, reason = "a module of several test binaries")]
#![allow(clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aster_codec::Plan;
use aster_net::{
    Access, Compress, Handler, MethodDefinition, Mode, Node, NodeOptions, Pattern, PayloadCodec,
    Registration, ServerCall, ServiceDefinition, ServiceDescription, Serving,
};
use aster_registry::core::query::{Found, Query};
use aster_registry::node::{Registry, RegistryOptions, Storage};

/// Longer than every step of these tests. A test that reaches it fails.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(30);

pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_TIMEOUT, what).await.expect("the test takes too long")
}

/// Answers nothing.
pub struct Silent;

impl Handler for Silent {
    fn serve(&self, _call: ServerCall) -> Serving {
        Box::pin(async {})
    }

    fn is_closed(&self) -> bool {
        false
    }
}

/// The document of a service with one method.
pub fn document(service: &str) -> String {
    format!(
        r#"{{"name":"{service}","version":1,"methods":[{{"name":"get","pattern":"unary","request":{{"message":0}},"response":{{"message":0}}}}],"schema":{{"roots":[],"types":[{{"kind":"message","tag":"test/Thing","namespace":"test","name":"Thing","fields":[{{"name":"id","type":"string"}}]}}]}}}}"#
    )
}

/// A service with one method.
pub fn service(name: &str) -> ServiceDefinition {
    let document = document(name);
    let contract_id = aster_contract::describe(&document).expect("a document").contract_id.expect("an id");
    let codec = || PayloadCodec {
        mode: Mode::Xlang,
        plan: Arc::new(Plan::dynamic()),
        root: 0,
        compress: Compress::Never,
        limits: aster_codec::PayloadLimits::DEFAULT,
    };
    ServiceDefinition {
        name: name.to_owned(),
        version: 1,
        contract_id,
        modes: vec!["xlang".to_owned()],
        session: false,
        requires: None,
        max_call: Duration::from_mins(5),
        methods: vec![MethodDefinition {
            name: "get".to_owned(),
            pattern: Pattern::from_name("unary").expect("a pattern"),
            request: codec(),
            response: codec(),
            requires: None,
        }],
        description: Some(ServiceDescription::new(&document).expect("a document")),
    }
}

/// A node with a registry.
pub struct Member {
    pub node: Arc<Node>,
    pub registry: Arc<Registry>,
    served: Vec<Registration>,
}

/// The options of a registry in memory that joins these members.
pub fn joining(members: &[&Member]) -> RegistryOptions {
    let join = members.iter().map(|member| address(&member.node)).collect();
    RegistryOptions { join, library: "0.1.0".to_owned(), ..RegistryOptions::default() }
}

/// The address of a node.
pub fn address(node: &Node) -> String {
    let bound: Vec<_> = node.endpoint().bound_sockets();
    let id = *node.endpoint().id().as_bytes();
    aster_wire::address::NodeAddr { endpoint_id: id, relay_url: None, direct: bound }.to_base64()
}

pub fn node_options() -> NodeOptions {
    NodeOptions { bind: Some(([127, 0, 0, 1], 0).into()), one_way_streams: 128, ..NodeOptions::default() }
}

impl Member {
    /// A node that serves, open to everybody.
    pub async fn serving(services: &[&str], options: RegistryOptions) -> Self {
        Self::with(services, options, Some(Access::Open)).await
    }

    /// A node that only looks for others.
    pub async fn reading(options: RegistryOptions) -> Self {
        Self::with(&[], options, None).await
    }

    pub async fn with(services: &[&str], options: RegistryOptions, access: Option<Access>) -> Self {
        let node = Node::bind_closed(node_options()).await.expect("a node");
        if let Some(access) = access {
            node.open_to(access).expect("access");
        }
        Self::on(node, services, options).await
    }

    pub async fn on(node: Arc<Node>, services: &[&str], options: RegistryOptions) -> Self {
        let served =
            services.iter().map(|name| node.serve(service(name), Arc::new(Silent)).expect("a service"));
        let served = served.collect();
        let registry = Registry::start(Arc::clone(&node), options).await.expect("a registry");
        Self { node, registry, served }
    }

    pub fn id(&self) -> String {
        self.node.endpoint_id()
    }

    /// Waits until exactly these endpoints serve the service.
    pub async fn sees(&self, service: &str, expected: &[&Member]) {
        let mut ids: Vec<_> = expected.iter().map(|member| member.id()).collect();
        ids.sort();
        let watch = self.registry.watch(service);
        in_time(async {
            while ids_of(&self.registry.known(&Query::of(service))) != ids {
                watch.next().await.expect("a registry");
            }
        })
        .await;
    }

    pub async fn close(self) {
        self.registry.close().await;
        self.node.close().await;
    }

    /// Ends the node as a crash does: nobody is told.
    pub async fn crash(self) {
        self.node.endpoint().close().await;
        self.node.close().await;
    }
}

pub fn ids_of(found: &[Found]) -> Vec<String> {
    let mut ids: Vec<_> = found.iter().map(|found| found.endpoint_id.clone()).collect();
    ids.sort();
    ids
}

/// A folder of its own that is deleted at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("aster-registry-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    pub fn storage(&self) -> Storage {
        Storage::Folder(self.0.clone())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
