//! The edges between messages, their strongly connected components, and the edges at which cycles are cut.
//!
//! All orders are by full name in code point order, so the result does not depend on the declaration order.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Composed, Message, Type};
use crate::service::Service;

/// For each used message: the messages that its fields refer to, sorted by full name.
pub(super) type Edges = BTreeMap<usize, Vec<usize>>;

/// The edges of all messages that the roots use.
pub(super) fn edges(service: &Service, roots: impl IntoIterator<Item = usize>) -> Edges {
    let mut edges = Edges::new();
    let mut waiting: Vec<usize> = roots.into_iter().collect();
    while let Some(index) = waiting.pop() {
        let Some(message) = service.message(index) else {
            continue;
        };
        if edges.contains_key(&index) {
            continue;
        }
        let mut targets = BTreeSet::new();
        for field in &message.fields {
            collect(service, &field.kind, &mut targets);
        }
        waiting.extend(&targets);
        edges.insert(index, by_name(service, targets));
    }
    edges
}

/// Collects all messages in a type, at any depth.
fn collect(service: &Service, kind: &Type, found: &mut BTreeSet<usize>) {
    let Type::Composed(composed) = kind else { return };
    match composed {
        Composed::List(inner)
        | Composed::Set(inner)
        | Composed::Optional(inner)
        | Composed::Shared(inner) => {
            collect(service, inner, found);
        }
        Composed::Map(parts) => {
            collect(service, &parts.0, found);
            collect(service, &parts.1, found);
        }
        Composed::Message(index) => {
            found.insert(*index);
        }
        Composed::Union(indexes) => {
            found.extend(indexes.iter().filter(|index| service.message(**index).is_some()));
        }
        Composed::Enum(_) | Composed::Ext(_) | Composed::Array(_) => {}
    }
}

fn by_name(service: &Service, indexes: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut sorted: Vec<usize> = indexes.into_iter().collect();
    sorted.sort_by_cached_key(|index| service.message(*index).map(Message::full_name));
    sorted
}

/// The strongly connected components, leaves first (Tarjan's algorithm). The members of each are in definition order:
/// the smallest name first, then each member after the one through which it was found.
pub(super) fn components(service: &Service, edges: &Edges) -> Vec<Vec<usize>> {
    let mut search = Search::new(edges);
    for index in by_name(service, edges.keys().copied()) {
        if !search.order.contains_key(&index) {
            search.visit(index);
        }
    }
    let components = search.components.into_iter();
    components.map(|members| Walk::new(service, edges, &members).into_order()).collect()
}

/// The edges inside a component that lead to a member that was already visited. They are written as names.
pub(super) fn back_edges(service: &Service, edges: &Edges, component: &[usize]) -> BTreeSet<(usize, usize)> {
    let members = component.iter().copied().collect();
    Walk::new(service, edges, &members).back
}

struct Search<'a> {
    edges: &'a Edges,
    /// Visited messages and the number of each in visiting order.
    order: BTreeMap<usize, usize>,
    stack: Vec<usize>,
    components: Vec<BTreeSet<usize>>,
}

impl<'a> Search<'a> {
    fn new(edges: &'a Edges) -> Self {
        Self { edges, order: BTreeMap::new(), stack: Vec::new(), components: Vec::new() }
    }

    fn visit(&mut self, index: usize) -> usize {
        let number = self.order.len();
        let mut low = number;
        self.order.insert(index, number);
        self.stack.push(index);
        for &next in self.edges.get(&index).map_or(&[][..], Vec::as_slice) {
            if let Some(&visited) = self.order.get(&next) {
                if self.stack.contains(&next) {
                    low = low.min(visited);
                }
            } else {
                low = low.min(self.visit(next));
            }
        }
        if low == number {
            let start = self.stack.iter().position(|member| *member == index).unwrap_or_default();
            self.components.push(self.stack.split_off(start).into_iter().collect());
        }
        low
    }
}

/// A depth-first walk through one component.
struct Walk<'a> {
    edges: &'a Edges,
    members: &'a BTreeSet<usize>,
    visited: BTreeSet<usize>,
    /// Members in the order in which their visit ended.
    finished: Vec<usize>,
    back: BTreeSet<(usize, usize)>,
}

impl<'a> Walk<'a> {
    fn new(service: &Service, edges: &'a Edges, members: &'a BTreeSet<usize>) -> Self {
        let mut walk =
            Self { edges, members, visited: BTreeSet::new(), finished: Vec::new(), back: BTreeSet::new() };
        if let Some(&first) = by_name(service, members.iter().copied()).first() {
            walk.visit(first);
        }
        walk
    }

    /// All members; each is after the member through which it was found.
    fn into_order(mut self) -> Vec<usize> {
        self.finished.reverse();
        self.finished
    }

    fn visit(&mut self, index: usize) {
        self.visited.insert(index);
        for &next in self.edges.get(&index).map_or(&[][..], Vec::as_slice) {
            if !self.members.contains(&next) {
                continue;
            }
            if self.visited.contains(&next) {
                self.back.insert((index, next));
            } else {
                self.visit(next);
            }
        }
        self.finished.push(index);
    }
}
