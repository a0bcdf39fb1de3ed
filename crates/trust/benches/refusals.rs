//! How long decisions and comparisons take: `cargo bench -p aster-trust`.
//!
//! A peer must not learn from the time of an answer why it was refused, nor how much of a secret it guessed. This prints
//! medians, and the ratio to the first line of each table; it judges nothing, because times depend on the machine. Rounds are
//! interleaved, so that a change of the clock rate meets all lines alike.
#![allow(missing_docs, clippy::print_stdout, clippy::expect_used, reason = "a program that prints a table")]

use std::hint::black_box;
use std::time::Instant;

use aster_trust::Signature;
use aster_trust::admission::{Gate, Policy, Presented};
use aster_trust::attributes::{Attributes, NOT_BEFORE};
use aster_trust::credential::{Credential, CredentialKind, Grant};
use aster_trust::key::{EndpointId, RootKey, RootPublicKey};
use aster_trust::nonce::Nonce;
use aster_trust::revocation::{RevocationList, Revocations};
use aster_trust::roots::TrustedRoots;
use aster_trust::time::UnixTime;

const NOW: u64 = 1_000_000;

fn root(number: u8) -> RootKey {
    RootKey::from_seed(&[number; 32])
}

fn peer(number: u8) -> EndpointId {
    EndpointId::from_bytes([number; 32])
}

fn grant(kind: CredentialKind) -> Grant {
    let expires_at = UnixTime::from_seconds(NOW + 3600);
    Grant { kind, endpoint_id: Some(peer(7)), expires_at, attributes: Attributes::default() }
}

fn signed(edit: impl FnOnce(&mut Grant)) -> Credential {
    let mut grant = grant(CredentialKind::Policy);
    edit(&mut grant);
    grant.sign(&root(1)).expect("a credential")
}

/// What is presented, by what is wrong with it.
fn presented(revoked: &Credential) -> Vec<(&'static str, String)> {
    let right = signed(|_| ());
    let mut no_key = right.clone();
    no_key.root = RootPublicKey::from_bytes([2; 32]);
    let mut changed = right.clone();
    changed.expires_at = UnixTime::from_seconds(NOW + 3601);
    let later =
        Attributes::from_pairs([(NOT_BEFORE.to_owned(), (NOW + 60).to_string())]).expect("attributes");
    let signature = right.signature.as_ref().expect("a signature").to_string();
    vec![
        ("admitted", right.to_wire_json()),
        ("changed", changed.to_wire_json()),
        ("of another root", grant(CredentialKind::Policy).sign(&root(2)).expect("signed").to_wire_json()),
        ("a root key that is no key", no_key.to_wire_json()),
        ("without a signature", Credential { signature: None, ..right.clone() }.to_wire_json()),
        ("signature of zeros", right.to_wire_json().replace(&signature, &"0".repeat(128))),
        ("signature that is not reduced", right.to_wire_json().replace(&signature, &"f".repeat(128))),
        ("expired", signed(|grant| grant.expires_at = UnixTime::from_seconds(NOW - 1)).to_wire_json()),
        ("not yet valid", signed(|grant| grant.attributes = later).to_wire_json()),
        ("of another peer", signed(|grant| grant.endpoint_id = Some(peer(8))).to_wire_json()),
        ("revoked", revoked.to_wire_json()),
        ("no credential", String::new()),
        ("not readable", "{".to_owned()),
    ]
}

/// Times each line once a round. Returns the medians, in nanoseconds for one run of `count` in a line.
fn medians(lines: usize, rounds: usize, count: usize, mut run: impl FnMut(usize)) -> Vec<f64> {
    let mut times = vec![Vec::with_capacity(rounds); lines];
    for round in 0..rounds {
        for step in 0..lines {
            let line = (round + step) % lines;
            let started = Instant::now();
            for _ in 0..count {
                run(line);
            }
            times[line].push(started.elapsed().as_nanos() as f64 / count as f64);
        }
    }
    times
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[rounds / 2]
        })
        .collect()
}

fn print(title: &str, names: &[&str], medians: &[f64]) {
    println!("\n{title}");
    for (name, median) in names.iter().zip(medians) {
        println!("  {name:<28} {median:>10.1} ns   {:.3}", median / medians[0]);
    }
}

fn decisions() {
    let roots = TrustedRoots::new([root(1).public_key()]).expect("roots");
    let revoked = signed(|grant| grant.expires_at = UnixTime::from_seconds(NOW + 7200));
    let list = RevocationList::sign(&root(1), 1, UnixTime::from_seconds(NOW), [], [revoked.fingerprint()]);
    let mut revocations = Revocations::default();
    revocations.apply(list.expect("a list"), &roots).expect("in force");
    let policy = Policy { roots: &roots, revocations: &revocations };
    let texts = presented(&revoked);
    let names: Vec<_> = texts.iter().map(|(name, _)| *name).collect();
    let times = medians(texts.len(), 3001, 1, |line| {
        let presented = Presented::Credential(&texts[line].1);
        drop(black_box(policy.begin(Gate::Consumer, presented, &peer(7), UnixTime::from_seconds(NOW))));
    });
    print("The decision about a credential", &names, &times);
}

/// A value against one that is equal, that differs in its first byte, and that differs in its last byte.
fn comparison<const N: usize, T: PartialEq>(title: &str, of: impl Fn([u8; N]) -> T) {
    let value = [7; N];
    let (mut first, mut last) = (value, value);
    first[0] = 8;
    last[N - 1] = 8;
    let values = [value, first, last].map(&of);
    let with = of(value);
    let times = medians(3, 2001, 2000, |line| {
        black_box(black_box(&values[line]) == black_box(&with));
    });
    print(title, &["equal", "the first byte differs", "the last byte differs"], &times);
}

fn main() {
    decisions();
    comparison("Comparison of root keys", RootPublicKey::from_bytes);
    comparison("Comparison of endpoint ids", EndpointId::from_bytes);
    comparison("Comparison of nonces", Nonce::from_bytes);
    comparison("Comparison of signatures", Signature::from_bytes);
}
