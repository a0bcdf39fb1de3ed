//! Endpoints that several users of the process share. Without sharing, each client needs a socket, a key and half a
//! mebibyte of its own.
//!
//! Users with equal options share an endpoint. The references to a [`Share`] count the users, in all environments of
//! the process. The endpoint is bound for the first user and closed after the last. A user that arrives while the
//! endpoint closes gets a new one, with another key.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use aster_net::Node;
use tokio::sync::OnceCell;

use crate::error::Outcome;
use crate::options::EndpointOptions;
use crate::registry_slot::RegistrySlot;
use crate::runtime;

/// A shared endpoint. Each user holds one reference.
#[derive(Default)]
pub(crate) struct Share(OnceCell<Arc<Node>>, RegistrySlot);

/// The shared endpoints by their options. There are few: one for each set of client options.
static SHARES: Mutex<Vec<(EndpointOptions, Weak<Share>)>> = Mutex::new(Vec::new());

/// The endpoint for these options. It is bound now if there is none.
pub(crate) async fn join(options: EndpointOptions) -> Outcome<(Arc<Node>, Arc<Share>)> {
    let share = find(&options);
    let node = share.0.get_or_try_init(|| options.bind(true)).await?;
    Ok((Arc::clone(node), share))
}

fn find(options: &EndpointOptions) -> Arc<Share> {
    let mut shares = SHARES.lock().unwrap_or_else(PoisonError::into_inner);
    shares.retain(|(_, share)| share.strong_count() > 0);
    let known = shares.iter().find(|(known, _)| known == options).and_then(|(_, share)| share.upgrade());
    known.unwrap_or_else(|| {
        let share = Arc::new(Share::default());
        shares.push((options.clone(), Arc::downgrade(&share)));
        share
    })
}

impl Share {
    /// The registry of the endpoint. It ends with the last user.
    pub(crate) fn registry(&self) -> RegistrySlot {
        self.1.clone()
    }

    /// Drops the reference of one user. The last one closes the endpoint.
    pub(crate) async fn leave(self: Arc<Self>) {
        if let Some(mut last) = Arc::into_inner(self)
            && let Some(node) = last.0.take()
        {
            last.1.close().await;
            node.close().await;
        }
    }
}

impl Drop for Share {
    /// For a reference that was dropped without [`Share::leave`], for example when its request failed.
    fn drop(&mut self) {
        if let Some(node) = self.0.take() {
            runtime::spawn(async move { node.close().await });
        }
    }
}
