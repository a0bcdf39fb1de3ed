//! The durable store: racers, processes that share it, processes that are killed.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

#[path = "support/folder.rs"]
mod folder;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use aster_trust::key::{EndpointId, RootKey};
use aster_trust::nonce::{Consumed, Nonce, NonceStore, NonceStoreError};
use aster_trust::revocation::{Applied, RevocationError, RevocationList};
use aster_trust::roots::TrustedRoots;
use aster_trust::store::{Store, StoreError};
use aster_trust::time::UnixTime;
use folder::Folder;

const DAY: u64 = 86_400;

fn time(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

fn nonce(number: u32) -> Nonce {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Nonce::from_bytes(bytes)
}

fn consume(store: &Store, number: u32, expires_at: u64, now: u64) -> Consumed {
    store.consume(&nonce(number), time(expires_at), time(now)).unwrap()
}

#[test]
fn a_nonce_counts_once_also_after_the_store_was_closed() {
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    let store = Store::open(&path).unwrap();
    assert_eq!(consume(&store, 1, 100, 50), Consumed::First);
    assert_eq!(consume(&store, 1, 100, 50), Consumed::Again);
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(consume(&store, 1, 100, 50), Consumed::Again);
    assert_eq!(consume(&store, 2, 100, 50), Consumed::First);
}

#[test]
fn a_replay_writes_nothing() {
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    let store = Store::open(&path).unwrap();
    assert_eq!(consume(&store, 1, 100, 50), Consumed::First);
    let before = std::fs::read(&path).unwrap();
    assert_eq!(consume(&store, 1, 100, 50), Consumed::Again);
    assert!(std::fs::read(&path).unwrap() == before);
    assert_eq!(consume(&store, 2, 100, 50), Consumed::First);
    assert!(std::fs::read(&path).unwrap() != before);
}

#[test]
fn what_was_forgotten_does_not_count_again_and_a_full_store_refuses() {
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    let store = Store::with_capacity(&path, 2).unwrap();
    assert_eq!(consume(&store, 1, 100, 50), Consumed::First);
    assert_eq!(consume(&store, 2, 5 * DAY, 50), Consumed::First);
    let full = store.consume(&nonce(3), time(5 * DAY), time(100 + DAY));
    assert!(matches!(full, Err(NonceStoreError::Full(2))), "{full:?}");
    assert_eq!(consume(&store, 3, 5 * DAY, 101 + DAY), Consumed::First, "the first one is forgotten");
    assert_eq!(consume(&store, 1, 100, 50), Consumed::Again);
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(consume(&store, 4, 100, 50), Consumed::Again, "it may have been consumed");
    assert_eq!(consume(&store, 4, 101, 50), Consumed::First);
    assert_eq!(consume(&store, 2, 5 * DAY, 50), Consumed::Again);
}

#[test]
fn many_forgotten_nonces_are_forgotten_in_steps() {
    let folder = Folder::new("store");
    let store = Store::with_capacity(&folder.path("trust.redb"), 70).unwrap();
    for number in 0..70 {
        assert_eq!(consume(&store, number, 100 + u64::from(number), 50), Consumed::First);
    }
    assert!(store.consume(&nonce(70), time(9 * DAY), time(50)).is_err());
    assert_eq!(consume(&store, 70, 9 * DAY, 2 * DAY), Consumed::First);
    assert_eq!(consume(&store, 71, 9 * DAY, 2 * DAY), Consumed::First);
    assert_eq!(consume(&store, 69, 169, 50), Consumed::Again);
    assert_eq!(consume(&store, 72, 170, 50), Consumed::First);
}

#[test]
fn one_of_a_thousand_racers_on_three_nodes_wins() {
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    let nodes = [(); 3].map(|()| Store::open(&path).unwrap());
    let wins: usize = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..999)
            .map(|racer| {
                let node = &nodes[racer % 3];
                scope.spawn(move || usize::from(consume(node, 1, 100, 50) == Consumed::First))
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).sum()
    });
    assert_eq!(wins, 1);
}

fn list(sequence: u64, ids: &[u8]) -> RevocationList {
    let ids = ids.iter().map(|&number| EndpointId::from_bytes([number; 32]));
    RevocationList::sign(&RootKey::from_seed(&[1; 32]), sequence, time(1), ids, []).unwrap()
}

#[test]
fn an_older_list_never_undoes_a_newer_one_on_any_node() {
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    let roots = TrustedRoots::new([RootKey::from_seed(&[1; 32]).public_key()]).unwrap();
    let other = TrustedRoots::new([RootKey::from_seed(&[2; 32]).public_key()]).unwrap();
    let (one, two) = (Store::open(&path).unwrap(), Store::open(&path).unwrap());
    assert_eq!(one.apply(&list(5, &[1]), &roots).unwrap(), Applied::InForce);
    assert_eq!(two.apply(&list(5, &[1]), &roots).unwrap(), Applied::Unchanged);
    let refused = |list| match two.apply(&list, &roots) {
        Err(StoreError::Revocation(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(list(4, &[])), RevocationError::Older { have: 5, got: 4 });
    assert_eq!(refused(list(5, &[])), RevocationError::Conflict(5));
    assert!(matches!(
        two.apply(&list(9, &[]), &other),
        Err(StoreError::Revocation(RevocationError::WrongRoot))
    ));
    let is_revoked = |store: &Store, roots| {
        store.revocations(roots).unwrap().revokes_endpoint(&EndpointId::from_bytes([1; 32]))
    };
    assert!(is_revoked(&two, &roots) && !is_revoked(&two, &other));
    drop((one, two));
    let again = Store::open(&path).unwrap();
    assert!(is_revoked(&again, &roots));
    assert_eq!(again.apply(&list(6, &[]), &roots).unwrap(), Applied::InForce);
    assert!(!is_revoked(&again, &roots));
}

#[test]
fn the_digest_of_the_lists_tells_every_node_of_a_change() {
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    let roots = TrustedRoots::new([RootKey::from_seed(&[1; 32]).public_key()]).unwrap();
    let (one, two) = (Store::open(&path).unwrap(), Store::open(&path).unwrap());
    let digest = |store: &Store| store.lists_digest(&roots).unwrap();
    let mut seen = vec![digest(&two)];
    for sequence in 1..4 {
        one.apply(&list(sequence, &[1]), &roots).unwrap();
        assert_eq!(digest(&one), digest(&two));
        assert!(!seen.contains(&digest(&two)), "list {sequence}");
        seen.push(digest(&two));
    }
    assert_eq!(two.apply(&list(3, &[1]), &roots).unwrap(), Applied::Unchanged);
    assert_eq!(seen.last(), Some(&digest(&one)), "the same list changes nothing");
}

#[test]
fn many_may_open_a_new_store_at_the_same_time() {
    for _ in 0..10 {
        let folder = Folder::new("store");
        let path = folder.path("trust.redb");
        let wins: usize = std::thread::scope(|scope| {
            let racers: Vec<_> = (0..8)
                .map(|_| {
                    let path = &path;
                    scope.spawn(move || {
                        let store = Store::open(path).unwrap();
                        usize::from(consume(&store, 1, 100, 50) == Consumed::First)
                    })
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
    }
}

#[test]
fn a_damaged_store_is_an_error_or_still_knows_what_was_consumed() {
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    let store = Store::open(&path).unwrap();
    for number in 0..20 {
        assert_eq!(consume(&store, number, 100, 50), Consumed::First);
    }
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let mut refused = 0;
    for step in 1..200 {
        let mut bytes = whole.clone();
        let at = (step * 7919) % bytes.len().min(60_000);
        bytes[at..].iter_mut().take(64).for_each(|byte| *byte ^= 0x5A);
        if step % 4 == 0 {
            bytes.truncate(at);
        }
        std::fs::write(&path, bytes).unwrap();
        match Store::open(&path) {
            Ok(store) => {
                for number in 0..20 {
                    match store.consume(&nonce(number), time(100), time(50)) {
                        Ok(consumed) => assert_eq!(consumed, Consumed::Again, "{step}: {number}"),
                        Err(_) => refused += 1,
                    }
                }
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0);
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    std::fs::write(&path, "this is no database at all, but it is a file with some text in it").unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Database { .. })));
    assert!(matches!(Store::open(&folder.path("absent/trust.redb")), Err(StoreError::File(_))));
}

#[cfg(unix)]
#[test]
fn the_file_belongs_to_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    drop(Store::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Where a started process finds its store.
const STORE: &str = "ASTER_TRUST_STORE";

/// A process of its own: it consumes the nonces that it is told, and says what it got.
fn serve(path: &Path) {
    let store = Store::open(path).unwrap();
    let mut output = std::io::stderr();
    writeln!(output, "ready").unwrap();
    for line in std::io::stdin().lines() {
        let number: u32 = line.unwrap().parse().unwrap();
        let word = if consume(&store, number, 1000, 50) == Consumed::First { "first" } else { "again" };
        writeln!(output, "{number} {word}").unwrap();
    }
}

/// Starts this program again, with the test that turns into [`serve`] there. What it says comes on its stderr, because the
/// test harness writes to stdout.
fn start(path: &Path) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["processes_share_a_store", "--exact", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut ready = String::new();
    lines.read_line(&mut ready).unwrap();
    assert_eq!(ready, "ready\n");
    (child, lines)
}

fn lines_of(numbers: std::ops::Range<u32>) -> String {
    let lines: Vec<String> = numbers.map(|number| number.to_string()).collect();
    lines.join("\n") + "\n"
}

/// The nonces that a process said it was the first to consume.
fn firsts(said: &str) -> BTreeSet<u32> {
    let lines = said.lines().filter_map(|line| line.strip_suffix(" first"));
    lines.map(|number| number.parse().unwrap()).collect()
}

#[test]
fn processes_share_a_store() {
    if let Some(path) = std::env::var_os(STORE) {
        return serve(Path::new(&path));
    }
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    let numbers = lines_of(0..60);
    let mut children: Vec<_> = (0..3).map(|_| start(&path)).collect();
    for (child, _) in &mut children {
        child.stdin.take().unwrap().write_all(numbers.as_bytes()).unwrap();
    }
    let mut all = Vec::new();
    for (mut child, mut lines) in children {
        let mut said = String::new();
        lines.read_to_string(&mut said).unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(said.lines().count(), 60, "{said}");
        all.extend(firsts(&said));
    }
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<_>>(), "each is first for one process");
}

/// A process is killed after each of these numbers of answers, while it goes on consuming: at whatever point the kill
/// lands, an answer that it gave holds, and no nonce is first twice.
#[test]
fn a_killed_process_never_leaves_a_nonce_that_counts_twice() {
    let folder = Folder::new("store");
    let path = folder.path("trust.redb");
    let mut given = BTreeSet::new();
    for round in 0..24_u32 {
        let (mut child, mut lines) = start(&path);
        let base = round * 1000;
        let numbers = lines_of(base..base + 100);
        let mut input = child.stdin.take().unwrap();
        input.write_all(numbers.as_bytes()).unwrap();
        let mut said = String::new();
        for _ in 0..=round {
            lines.read_line(&mut said).unwrap();
        }
        // Kills land between answers as well as inside of a write.
        (0..round * 3000).for_each(|step| {
            std::hint::black_box(step);
        });
        child.kill().unwrap();
        child.wait().unwrap();
        lines.read_to_string(&mut said).unwrap();
        // The last line may have been cut off.
        let whole = said.rfind('\n').map_or("", |end| &said[..=end]);
        let first = firsts(whole);
        assert!(first.len() as u32 > round, "{first:?}");
        assert!(first.iter().all(|number| given.insert(*number)), "a nonce was first twice");
        let store = Store::open(&path).unwrap();
        for number in base..base + 100 {
            let consumed = consume(&store, number, 1000, 50);
            assert!(consumed == Consumed::Again || !given.contains(&number), "{number} counts twice");
            given.insert(number);
        }
    }
}
