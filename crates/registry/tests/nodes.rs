//! Registries of several nodes on loopback.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/nodes.rs"]
mod nodes;

use std::sync::Arc;
use std::time::Duration;

use aster_net::{Access, GateOptions, Node};
use aster_registry::core::book::{Change, Gone};
use aster_registry::core::health::Health;
use aster_registry::core::query::{Query, Source};
use aster_registry::core::timing::Timing;
use aster_registry::node::RegistryOptions;
use aster_trust::key::RootKey;
use aster_trust::roots::TrustedRoots;
use nodes::{Folder, Member, Silent, TEST_TIMEOUT, address, ids_of, in_time, joining, node_options, service};

#[tokio::test]
async fn a_node_that_knows_a_server_finds_its_service() {
    let server = Member::serving(&["Billing"], joining(&[])).await;
    let reader = Member::reading(joining(&[&server])).await;
    let found = in_time(reader.registry.resolve(&Query::of("Billing"), TEST_TIMEOUT)).await;
    let [one] = &found[..] else { panic!("{found:?}") };
    assert_eq!(one.endpoint_id, server.id());
    assert_eq!(one.source, Source::Lease);
    assert_eq!(one.contract_id, service("Billing").contract_id);
    assert_eq!(
        one.direct,
        server.node.address().await.direct.iter().map(ToString::to_string).collect::<Vec<_>>()
    );
    assert!(reader.registry.resolve(&Query::of("Payroll"), TEST_TIMEOUT).await.is_empty());
    reader.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_server_finds_its_own_service() {
    let server = Member::serving(&["Billing"], joining(&[])).await;
    let found = server.registry.known(&Query::of("Billing"));
    assert_eq!(found.iter().map(|found| found.source).collect::<Vec<_>>(), [Source::Local]);
    server.close().await;
}

#[tokio::test]
async fn a_node_that_knows_one_member_finds_the_rest() {
    let first = Member::serving(&["Billing"], joining(&[])).await;
    let second = Member::serving(&["Billing"], joining(&[&first])).await;
    let third = Member::serving(&["Billing"], joining(&[&second])).await;
    let reader = Member::reading(joining(&[&third])).await;
    let all = [&first, &second, &third];
    for member in all.iter().copied().chain([&reader]) {
        member.sees("Billing", &all).await;
    }
    for member in [reader, third, second, first] {
        member.close().await;
    }
}

#[tokio::test]
async fn a_server_that_closes_is_out_of_the_answer_at_once() {
    let first = Member::serving(&["Billing"], joining(&[])).await;
    let second = Member::serving(&["Billing"], joining(&[&first])).await;
    let reader = Member::reading(joining(&[&first])).await;
    reader.sees("Billing", &[&first, &second]).await;
    let watch = reader.registry.watch("Billing");
    let id = second.id();
    second.close().await;
    let gone = in_time(async {
        loop {
            for change in watch.next().await.expect("a registry") {
                if let Change::Down { endpoint_id, why, .. } = change {
                    return (endpoint_id, why);
                }
            }
        }
    });
    let (endpoint_id, why) = gone.await;
    assert_eq!(endpoint_id, id);
    assert!(matches!(why, Gone::Withdrawn | Gone::Forgotten | Gone::NotReady), "{why:?}");
    reader.sees("Billing", &[&first]).await;
    reader.close().await;
    first.close().await;
}

#[tokio::test]
async fn health_and_load_arrive_at_readers() {
    let server = Member::serving(&["Billing"], joining(&[])).await;
    let reader = Member::reading(joining(&[&server])).await;
    reader.sees("Billing", &[&server]).await;
    let watch = reader.registry.watch("Billing");
    server.registry.set_load(0.75);
    server.registry.set_health("Billing", Health::Degraded).await.unwrap();
    in_time(async {
        loop {
            let found = reader.registry.known(&Query::of("Billing"));
            if found.iter().any(|it| it.health == Health::Degraded && it.load == Some(0.75)) {
                break;
            }
            watch.next().await.expect("a registry");
        }
    })
    .await;
    server.registry.set_health("Billing", Health::Starting).await.unwrap();
    reader.sees("Billing", &[]).await;
    assert!(server.registry.set_health("Payroll", Health::Ready).await.is_err());
    reader.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_service_is_found_by_channel_and_tag() {
    let options =
        RegistryOptions { channel: Some("stable".to_owned()), tags: vec!["eu".to_owned()], ..joining(&[]) };
    let server = Member::serving(&["Billing"], options).await;
    let other = Member::serving(&["Billing"], joining(&[&server])).await;
    let reader = Member::reading(joining(&[&server])).await;
    reader.sees("Billing", &[&server, &other]).await;
    // Waits until the document of the server was read: its channel may arrive after its lease.
    let ask = async |query: Query| ids_of(&in_time(reader.registry.resolve(&query, TEST_TIMEOUT)).await);
    let all = || Query::of("Billing");
    assert_eq!(ask(Query { channel: Some("stable".to_owned()), ..all() }).await, [server.id()]);
    assert_eq!(ask(Query { tag: Some("eu".to_owned()), ..all() }).await, [server.id()]);
    assert!(ask(Query { tag: Some("us".to_owned()), ..all() }).await.is_empty());
    for member in [reader, other, server] {
        member.close().await;
    }
}

#[tokio::test]
async fn a_server_that_is_replaced_by_another_start_is_found_again() {
    let first = Member::serving(&["Billing"], joining(&[])).await;
    let reader = Member::serving(&["Other"], joining(&[&first])).await;
    let restarted = Member::serving(&["Billing"], joining(&[&first])).await;
    reader.sees("Billing", &[&first, &restarted]).await;
    let seed = restarted.node.endpoint().secret_key().to_bytes();
    restarted.close().await;
    reader.sees("Billing", &[&first]).await;
    let node =
        Node::bind_closed(aster_net::NodeOptions { secret_key: Some(seed), ..node_options() }).await.unwrap();
    node.open_to(Access::Open).unwrap();
    let again = Member::on(node, &["Billing"], joining(&[&first])).await;
    reader.sees("Billing", &[&first, &again]).await;
    for member in [again, reader, first] {
        member.close().await;
    }
}

/// A node that admits only holders of a credential that nobody has.
fn gated() -> Access {
    let key = RootKey::from_seed(&[9; 32]).public_key();
    let roots = TrustedRoots::new([key]).expect("roots");
    Access::Gated(GateOptions::new(roots))
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_a_gated_server() {
    let server = Member::with(&["Billing"], joining(&[]), Some(gated())).await;
    let stranger = Member::reading(joining(&[&server])).await;
    let found = in_time(stranger.registry.resolve(&Query::of("Billing"), TEST_TIMEOUT)).await;
    assert!(found.is_empty(), "{found:?}");
    // Nor may it use the protocols of the registry without admission.
    let address = iroh::EndpointAddr::from_parts(
        server.node.endpoint().id(),
        server.node.endpoint().bound_sockets().into_iter().map(iroh::TransportAddr::Ip),
    );
    for alpn in [iroh_docs::ALPN, iroh_gossip::ALPN, iroh_blobs::ALPN, aster_registry::node::ALPN_REGISTRY] {
        let dialled = stranger.node.endpoint().connect(address.clone(), alpn).await;
        let closed = match dialled {
            Ok(connection) => in_time(connection.closed()).await.to_string(),
            Err(error) => error.to_string(),
        };
        assert!(closed.contains("not admitted"), "{}: {closed}", String::from_utf8_lossy(alpn));
    }
    stranger.close().await;
    server.close().await;
}

#[tokio::test]
async fn nobody_can_push_content_into_the_store_of_a_node() {
    let server = Member::serving(&["Billing"], joining(&[])).await;
    let stranger = Node::bind(node_options()).await.unwrap();
    let store = iroh_blobs::store::mem::MemStore::new();
    let content = store.add_slice(b"unwanted").temp_tag().await.unwrap();
    let address = iroh::EndpointAddr::from_parts(
        server.node.endpoint().id(),
        server.node.endpoint().bound_sockets().into_iter().map(iroh::TransportAddr::Ip),
    );
    let connection = stranger.endpoint().connect(address, iroh_blobs::ALPN).await.unwrap();
    let request =
        iroh_blobs::protocol::PushRequest::new(content.hash(), iroh_blobs::protocol::ChunkRangesSeq::root());
    let pushed = in_time(store.remote().execute_push(connection.clone(), request).complete()).await;
    // Whether the refusal arrives before the end of the push is a race; what counts is that nothing landed.
    drop(pushed);
    let other = iroh_blobs::store::mem::MemStore::new();
    let fetched =
        in_time(other.remote().fetch(connection, iroh_blobs::HashAndFormat::raw(content.hash())).complete());
    assert!(fetched.await.is_err(), "the server has what was pushed");
    stranger.close().await;
    server.close().await;
}

#[tokio::test]
async fn the_document_on_disk_is_the_same_after_a_restart() {
    let folder = Folder::new("restart");
    let options = || RegistryOptions { storage: folder.storage(), ..joining(&[]) };
    let first = Member::serving(&["Billing"], options()).await;
    let namespace = first.node.registry_namespace();
    assert_eq!(namespace.len(), 64);
    first.close().await;
    let second = Member::serving(&["Billing"], options()).await;
    assert_eq!(second.node.registry_namespace(), namespace);
    let reader = Member::reading(joining(&[&second])).await;
    reader.sees("Billing", &[&second]).await;
    reader.close().await;
    second.close().await;
}

#[tokio::test]
async fn a_named_member_without_a_registry_is_found_by_its_admission_answer() {
    let plain = Node::bind(node_options()).await.unwrap();
    let _served = plain.serve(service("Billing"), Arc::new(Silent)).unwrap();
    let options = RegistryOptions { join: vec![address(&plain)], ..joining(&[]) };
    let reader = Member::reading(options).await;
    let found = in_time(reader.registry.resolve(&Query::of("Billing"), TEST_TIMEOUT)).await;
    assert_eq!(found.iter().map(|found| found.source).collect::<Vec<_>>(), [Source::Ticket]);
    assert_eq!(ids_of(&found), [plain.endpoint_id()]);
    reader.close().await;
    plain.close().await;
}

#[tokio::test]
async fn the_end_of_a_registry_ends_its_watches() {
    let server = Member::serving(&["Billing"], joining(&[])).await;
    let watch = server.registry.watch("Payroll");
    let waiting = tokio::spawn(async move { watch.next().await });
    server.close().await;
    assert_eq!(in_time(waiting).await.unwrap(), None);
}

#[tokio::test]
async fn closing_twice_is_safe_and_publishing_after_it_fails() {
    let server = Member::serving(&["Billing"], joining(&[])).await;
    server.registry.close().await;
    server.registry.close().await;
    assert!(server.registry.publish().await.is_err());
    assert_eq!(server.node.registry_namespace(), "");
    server.node.close().await;
}

/// Leases of two seconds, for tests that wait for their end.
const SHORT: Timing = Timing {
    lease: Duration::from_secs(2),
    refresh: Duration::from_millis(500),
    skew: Duration::from_millis(500),
};

#[tokio::test]
async fn a_server_that_was_killed_is_out_of_the_answer_after_its_lease_and_others_stay() {
    let short = |members: &[&Member]| RegistryOptions { timing: SHORT, ..joining(members) };
    let first = Member::serving(&["Billing"], short(&[])).await;
    let killed = Member::serving(&["Billing"], short(&[&first])).await;
    let reader = Member::reading(short(&[&first])).await;
    reader.sees("Billing", &[&first, &killed]).await;
    let watch = reader.registry.watch("Billing");
    let id = killed.id();
    killed.crash().await;
    let why = in_time(async {
        loop {
            for change in watch.next().await.expect("a registry") {
                if let Change::Down { endpoint_id, why, .. } = change {
                    assert_eq!(endpoint_id, id, "a server that lives is gone");
                    return why;
                }
            }
        }
    });
    assert_eq!(why.await, Gone::Expired);
    reader.sees("Billing", &[&first]).await;
    reader.close().await;
    first.close().await;
}

#[tokio::test]
async fn a_node_that_closed_gives_its_socket_back() {
    let server = Member::serving(&["Billing"], joining(&[])).await;
    let reader = Member::reading(joining(&[&server])).await;
    reader.sees("Billing", &[&server]).await;
    for member in [reader, server] {
        let bound = member.node.endpoint().bound_sockets();
        member.close().await;
        // Another thread gives it back, a moment later.
        in_time(async {
            while bound.iter().any(|address| std::net::UdpSocket::bind(address).is_err()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }
}
