//! Edges between messages, their strongly connected components, and where cycles are cut.
//!
//! Everything goes by full name in code point order, so that declaration order does not matter.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Made, Message, Type};
use crate::service::Service;

/// For each message that can be reached: what its fields name, in order of the full names.
pub(super) type Edges = BTreeMap<usize, Vec<usize>>;

/// The edges of everything that the roots reach.
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

/// Every message in a type, at any depth.
fn collect(service: &Service, kind: &Type, found: &mut BTreeSet<usize>) {
    let Type::Made(made) = kind else { return };
    match made {
        Made::List(inner) | Made::Set(inner) | Made::Optional(inner) | Made::Shared(inner) => {
            collect(service, inner, found);
        }
        Made::Map(parts) => {
            collect(service, &parts.0, found);
            collect(service, &parts.1, found);
        }
        Made::Message(index) => {
            found.insert(*index);
        }
        Made::Union(indexes) => {
            found.extend(indexes.iter().filter(|index| service.message(**index).is_some()));
        }
        Made::Enum(_) | Made::Ext(_) | Made::Array(_) => {}
    }
}

fn by_name(service: &Service, indexes: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut sorted: Vec<usize> = indexes.into_iter().collect();
    sorted.sort_by_cached_key(|index| service.message(*index).map(Message::full_name));
    sorted
}

/// Strongly connected components, leaves first (Tarjan). The members of each are in the order in which they are
/// to be defined: the smallest name first, then each after the one that led to it.
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

/// The edges inside a component that lead to a member already walked to; those become names.
pub(super) fn back_edges(service: &Service, edges: &Edges, component: &[usize]) -> BTreeSet<(usize, usize)> {
    let members = component.iter().copied().collect();
    Walk::new(service, edges, &members).back
}

struct Search<'a> {
    edges: &'a Edges,
    /// Visited messages, by their number.
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
            if let Some(&seen) = self.order.get(&next) {
                if self.stack.contains(&next) {
                    low = low.min(seen);
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
    /// Members in the order in which they were left.
    left: Vec<usize>,
    back: BTreeSet<(usize, usize)>,
}

impl<'a> Walk<'a> {
    fn new(service: &Service, edges: &'a Edges, members: &'a BTreeSet<usize>) -> Self {
        let mut walk =
            Self { edges, members, visited: BTreeSet::new(), left: Vec::new(), back: BTreeSet::new() };
        if let Some(&first) = by_name(service, members.iter().copied()).first() {
            walk.visit(first);
        }
        walk
    }

    /// Every member after the one that led to it.
    fn into_order(mut self) -> Vec<usize> {
        self.left.reverse();
        self.left
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
        self.left.push(index);
    }
}
