//! Endpoints that several users of the process share: clients dial from one endpoint instead of one each, which costs
//! a socket, a key and half a mebibyte a client.
//!
//! Users with equal options share. They are counted by the references to a [`Share`], across all environments of the
//! process; the endpoint is bound for the first and closed after the last. A user that comes while the endpoint closes
//! gets another one, with another key.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use aster_net::Node;
use tokio::sync::OnceCell;

use crate::error::Outcome;
use crate::options::EndpointOptions;
use crate::runtime;

/// One user's part in an endpoint.
#[derive(Default)]
pub(crate) struct Share(OnceCell<Arc<Node>>);

/// The shares by their options. Few: one entry for each way in which a process makes clients.
static SHARES: Mutex<Vec<(EndpointOptions, Weak<Share>)>> = Mutex::new(Vec::new());

/// The endpoint for these options, bound now if nobody uses it yet.
pub(crate) async fn join(options: EndpointOptions) -> Outcome<(Arc<Node>, Arc<Share>)> {
    let share = find(&options);
    let node = share.0.get_or_try_init(|| options.bind()).await?;
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
    /// Gives a part back, and closes the endpoint after the last.
    pub(crate) async fn leave(self: Arc<Self>) {
        if let Some(mut last) = Arc::into_inner(self)
            && let Some(node) = last.0.take()
        {
            node.close().await;
        }
    }
}

impl Drop for Share {
    /// For a part that was given up without [`Share::leave`], as when its request failed.
    fn drop(&mut self) {
        if let Some(node) = self.0.take() {
            runtime::spawn(async move { node.close().await });
        }
    }
}
