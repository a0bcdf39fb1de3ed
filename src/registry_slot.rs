//! The place of the registry of a node. Without the feature `registry` it stays empty.

#[cfg(feature = "registry")]
pub(crate) use started::{RegistrySlot, registry_failure};

#[cfg(not(feature = "registry"))]
pub(crate) use never::RegistrySlot;

#[cfg(feature = "registry")]
mod started {
    use std::sync::Arc;

    use aster_net::Node;
    use aster_registry::node::{Registry, RegistryError, RegistryOptions};
    use aster_wire::status::Code;
    use tokio::sync::OnceCell;

    use crate::error::{Failure, Outcome};

    /// The place of the registry of a node. The users of a shared node share it.
    #[derive(Clone, Default)]
    pub(crate) struct RegistrySlot(Arc<OnceCell<Arc<Registry>>>);

    impl RegistrySlot {
        /// The registry, which has to be started.
        pub(crate) fn running(&self) -> Outcome<Arc<Registry>> {
            self.0.get().cloned().ok_or_else(|| {
                Failure::new(Code::FailedPrecondition, "this node has no registry").because("NO_REGISTRY")
            })
        }

        /// Starts the registry, unless it runs.
        pub(crate) async fn start(
            &self,
            node: Arc<Node>,
            options: RegistryOptions,
        ) -> Outcome<Arc<Registry>> {
            let started = self.0.get_or_try_init(|| Registry::start(node, options)).await;
            started.cloned().map_err(|error| registry_failure(&error))
        }

        /// Says that the node drains, so that whoever finds it by name takes another one. If that cannot be said, the calls are
        /// refused.
        pub(crate) async fn drain(&self) {
            if let Some(registry) = self.0.get() {
                let _ = registry.drain().await;
            }
        }

        /// Withdraws what was published, and ends the registry.
        pub(crate) async fn close(&self) {
            if let Some(registry) = self.0.get() {
                registry.close().await;
            }
        }
    }

    /// The failure of a registry.
    pub(crate) fn registry_failure(error: &RegistryError) -> Failure {
        let code = match error {
            RegistryError::NotServed(_) => Code::NotFound,
            RegistryError::Name(_) | RegistryError::Value { .. } => Code::InvalidArgument,
            RegistryError::NoAnswer { .. } => Code::Unavailable,
            RegistryError::Start(_) | RegistryError::Document { .. } | RegistryError::Closed => {
                Code::FailedPrecondition
            }
        };
        Failure::new(code, error).because("REGISTRY")
    }
}

#[cfg(not(feature = "registry"))]
mod never {
    /// The place of a registry that this addon does not have.
    #[derive(Clone, Default)]
    pub(crate) struct RegistrySlot(());

    #[expect(clippy::unused_async, reason = "the same functions as with a registry")]
    impl RegistrySlot {
        pub(crate) async fn drain(&self) {}

        pub(crate) async fn close(&self) {}
    }
}
