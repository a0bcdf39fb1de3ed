//! Registries whose documents are in a folder: what is found there after a restart, and what a damaged folder leads to.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/nodes.rs"]
mod nodes;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use aster_net::{Access, Node};
use aster_registry::core::query::Query;
use aster_registry::node::{Registry, RegistryError, RegistryOptions};
use nodes::{Folder, Member, TEST_TIMEOUT, in_time, joining, node_options};

fn stored(folder: &Folder, members: &[&Member]) -> RegistryOptions {
    RegistryOptions { storage: folder.storage(), ..joining(members) }
}

/// The error of a registry that cannot start on a folder. The node itself goes on.
async fn refused(folder: &Folder) -> String {
    let node = Node::bind_closed(node_options()).await.unwrap();
    node.open_to(Access::Open).unwrap();
    let started = in_time(Registry::start(Arc::clone(&node), stored(folder, &[]))).await;
    let error = started.expect_err("a registry on a damaged folder");
    node.close().await;
    match error {
        RegistryError::Start(text) => text,
        other => panic!("{other:?}"),
    }
}

/// A folder that a registry has used.
async fn used(name: &str) -> Folder {
    let folder = Folder::new(name);
    let server = Member::serving(&["Billing"], stored(&folder, &[])).await;
    server.close().await;
    folder
}

fn garbage(file: &Path) {
    fs::write(file, b"this is no database, but somebody wrote it here".repeat(200)).unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_names_it() {
    for file in ["docs.redb", "blobs/blobs.db"] {
        let folder = used(&format!("damaged-{}", file.replace('/', "-"))).await;
        assert!(folder.0.join(file).exists(), "{file}");
        garbage(&folder.0.join(file));
        let text = refused(&folder).await;
        let named = folder.0.join(file);
        assert!(text.contains(&named.display().to_string()), "{file}: {text}");
    }
}

#[tokio::test]
async fn a_damaged_author_is_an_error_that_names_it() {
    let folder = used("damaged-author").await;
    garbage(&folder.0.join("default-author"));
    let text = refused(&folder).await;
    assert!(text.contains("default-author"), "{text}");
}

#[tokio::test]
async fn a_file_in_the_place_of_the_folder_is_an_error() {
    let folder = Folder::new("file");
    fs::write(&folder.0, b"a file").unwrap();
    let text = refused(&folder).await;
    fs::remove_file(&folder.0).unwrap();
    assert!(text.contains(&folder.0.display().to_string()), "{text}");
}

#[tokio::test]
async fn a_folder_that_another_registry_uses_is_an_error() {
    let folder = Folder::new("shared");
    let server = Member::serving(&["Billing"], stored(&folder, &[])).await;
    let text = refused(&folder).await;
    assert!(text.contains(&folder.0.display().to_string()), "{text}");
    let own = server.registry.known(&Query::of("Billing"));
    assert_eq!(own.len(), 1);
    server.close().await;
}

#[tokio::test]
async fn a_server_that_restarts_on_its_folder_is_found_with_its_next_lease() {
    let folder = used("restart").await;
    let server = Member::serving(&["Billing"], stored(&folder, &[])).await;
    let reader = Member::reading(joining(&[&server])).await;
    let found = in_time(reader.registry.resolve(&Query::of("Billing"), TEST_TIMEOUT)).await;
    assert_eq!(found.iter().map(|it| it.endpoint_id.clone()).collect::<Vec<_>>(), [server.id()]);
    reader.close().await;
    server.close().await;
}
