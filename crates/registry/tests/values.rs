//! Keys, leases, references and lists of writers: what is read, and what is refused.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use aster_registry::core::acl::Writers;
use aster_registry::core::artifact::{ArtifactError, ArtifactRef};
use aster_registry::core::key::{AclList, Key, KeyError, LeaseKey};
use aster_registry::core::lease::{Lease, LeaseError};
use aster_registry::core::limit::{KEY_BYTES, LEASE_BYTES, NAME_BYTES};
use aster_testkit::vectors;
use support::{id, lease};

#[test]
fn every_kind_of_key_is_written_and_read() {
    let service = || "Billing".to_owned();
    let keys = [
        (Key::Contract(id(1)), format!("contracts/{}", id(1))),
        (Key::Manifest(id(1)), format!("manifests/{}", id(1))),
        (Key::Version { service: service(), version: 3 }, "services/Billing/versions/v3".to_owned()),
        (
            Key::Channel { service: service(), channel: "stable".to_owned() },
            "services/Billing/channels/stable".to_owned(),
        ),
        (Key::Tag { service: service(), tag: "eu".to_owned() }, "services/Billing/tags/eu".to_owned()),
        (
            Key::Lease(LeaseKey { service: service(), contract_id: id(1), endpoint_id: id(2) }),
            format!("services/Billing/contracts/{}/endpoints/{}", id(1), id(2)),
        ),
        (Key::Acl(AclList::Writers), "_aster/acl/writers".to_owned()),
        (Key::Config("limit".to_owned()), "_aster/config/limit".to_owned()),
    ];
    for (key, text) in keys {
        assert_eq!(key.to_bytes().unwrap(), text.as_bytes());
        assert_eq!(Key::parse(text.as_bytes()).unwrap(), key);
    }
}

#[test]
fn other_keys_are_refused() {
    let upper = id(0xab).to_uppercase();
    for text in [
        "",
        "/",
        "contracts",
        "contracts/",
        "contracts/abc",
        &format!("contracts/{upper}"),
        &format!("contracts/{}/", id(1)),
        "services//versions/v1",
        "services/Billing/versions/1",
        "services/Billing/versions/v01",
        "services/Billing/versions/v+1",
        "services/Billing/versions/v",
        "services/Billing/channels/",
        "_aster/acl/everybody",
        "endpoints/x",
    ] {
        assert!(Key::parse(text.as_bytes()).is_err(), "{text:?}");
    }
    assert_eq!(Key::parse(&[0xff]), Err(KeyError::Form));
    assert_eq!(Key::parse(&[b'a'; KEY_BYTES + 1]), Err(KeyError::TooLong(KEY_BYTES + 1)));
}

#[test]
fn a_key_that_would_be_read_as_another_is_not_written() {
    for service in ["", "a/b", &"x".repeat(NAME_BYTES + 1)] {
        let key = Key::Version { service: service.to_owned(), version: 1 };
        assert_eq!(key.to_bytes(), Err(KeyError::Name), "{service:?}");
    }
    assert!(Key::Contract("abc".to_owned()).to_bytes().is_err());
}

#[test]
fn the_longest_key_fits_into_a_gossip_message() {
    let name = "x".repeat(NAME_BYTES);
    let key = Key::Channel { service: name.clone(), channel: name };
    assert!(key.to_bytes().unwrap().len() <= KEY_BYTES);
}

#[test]
fn a_lease_has_the_members_of_the_reference_in_their_order() {
    let reference = vectors::load("wheel-registry-mesh");
    let case = vectors::list(&reference, "cases").iter().find(|case| case["name"] == "lease json").unwrap();
    let members = |text: &str| {
        let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
        read.keys().cloned().collect::<Vec<_>>()
    };
    let ours = String::from_utf8(lease(1, "Billing", 0).to_json().unwrap()).unwrap();
    assert_eq!(members(&ours), members(vectors::text(case, "json")));
}

#[test]
fn a_lease_needs_every_member_and_has_no_others() {
    let good: serde_json::Value = serde_json::to_value(lease(1, "Billing", 0)).unwrap();
    let read = |value: &serde_json::Value| Lease::from_json(value.to_string().as_bytes());
    assert_eq!(read(&good).unwrap(), lease(1, "Billing", 0));
    for member in good.as_object().unwrap().keys() {
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove(member);
        assert!(matches!(read(&without), Err(LeaseError::Form(_))), "without {member}");
    }
    let mut more = good.clone();
    more["surprise"] = 1.into();
    assert!(matches!(read(&more), Err(LeaseError::Form(_))));
    let mut unwell = good.clone();
    unwell["health_status"] = "unwell".into();
    assert!(matches!(read(&unwell), Err(LeaseError::Form(_))));
    let mut busy = good.clone();
    busy["load"] = (-1).into();
    assert!(matches!(read(&busy), Err(LeaseError::Load)));
    let mut many = good;
    many["tags"] = vec!["t"; 65].into();
    assert!(matches!(read(&many), Err(LeaseError::TooMany)));
}

#[test]
fn a_large_lease_is_not_parsed() {
    let large = vec![b' '; LEASE_BYTES + 1];
    assert!(matches!(Lease::from_json(&large), Err(LeaseError::TooLarge(_))));
}

#[test]
fn a_reference_is_written_as_the_reference_implementation_writes_it() {
    let reference = ArtifactRef {
        contract_id: id(1),
        collection_hash: id(2),
        provider_endpoint_id: None,
        relay_url: None,
        ticket: Some("blobabc".to_owned()),
        published_by: id(3),
        published_at_epoch_ms: 5,
        collection_format: "index".to_owned(),
    };
    let text = String::from_utf8(reference.to_json().unwrap()).unwrap();
    let expected = format!(
        r#"{{"contract_id":"{}","collection_hash":"{}","provider_endpoint_id":null,"relay_url":null,"ticket":"blobabc","published_by":"{}","published_at_epoch_ms":5,"collection_format":"index"}}"#,
        id(1),
        id(2),
        id(3)
    );
    assert_eq!(text, expected);
    assert_eq!(ArtifactRef::from_json(text.as_bytes()).unwrap(), reference);
    let short = text.replace(&id(2), "ab");
    assert!(matches!(ArtifactRef::from_json(short.as_bytes()), Err(ArtifactError::Id)));
    assert!(matches!(ArtifactRef::from_json(b"{"), Err(ArtifactError::Form(_))));
}

#[test]
fn a_list_of_writers_lets_only_its_authors_write() {
    assert!(Writers::default().allows(&id(1)));
    let listed = Writers::read(format!(r#"["{}"]"#, id(1)).as_bytes());
    assert!(listed.allows(&id(1)));
    assert!(!listed.allows(&id(2)));
    for bad in ["", "null", "{}", "[1]", r#"["abc"]"#, "[] x"] {
        let nobody = Writers::read(bad.as_bytes());
        assert!(!nobody.allows(&id(1)), "{bad:?}");
    }
}
