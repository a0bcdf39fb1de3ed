//! Asks JavaScript whether a peer is welcome.

use std::pin::Pin;
use std::sync::{Arc, Weak};

use aster_net::{Caller, Narrowing, Node};

use crate::connections::peer_facts;
use crate::event::Event;
use crate::port::Port;

/// Takes a question out when its answer is not waited for any more.
struct Asked {
    port: Arc<Port>,
    number: u32,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.port.questions.forget(self.number);
    }
}

struct PortNarrowing {
    port: Weak<Port>,
    node: u32,
}

impl Narrowing for PortNarrowing {
    fn agrees(&self, candidate: Arc<Caller>) -> Pin<Box<dyn Future<Output = bool> + Send>> {
        let (port, node) = (self.port.upgrade(), self.node);
        Box::pin(async move {
            let Some(port) = port.filter(|port| !port.is_closed()) else { return false };
            let (number, answer) = port.questions.ask();
            let asked = Asked { port, number };
            let peer = peer_facts(&candidate);
            asked.port.push(Event::Question { question: number, node, peer });
            answer.await.unwrap_or(false)
        })
    }

    fn is_closed(&self) -> bool {
        self.port.upgrade().is_none_or(|port| port.is_closed())
    }
}

impl Port {
    /// JavaScript is asked about the peers that ask `node` for admission. `number` stands for the node in the questions.
    pub fn narrow(self: &Arc<Self>, node: &Node, number: u32) {
        node.narrow(Arc::new(PortNarrowing { port: Arc::downgrade(self), node: number }));
    }

    /// The answer of JavaScript to a question. One that nobody waits for has no effect.
    pub fn decide(&self, question: u32, agrees: bool) {
        self.questions.answer(question, agrees);
    }
}
