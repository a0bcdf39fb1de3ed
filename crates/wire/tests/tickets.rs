//! Tickets and other address forms: golden vectors, and malformed input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use std::net::SocketAddr;

use aster_testkit::{hex, vectors};
use aster_wire::address::{self, AddressError, NodeAddr};
use aster_wire::ticket::{Credential, Ticket, TicketError};
use proptest::prelude::*;
use serde_json::Value;

/// The ticket that a vector describes, or the reason why it is not a ticket.
fn ticket(input: &Value) -> Result<Ticket, String> {
    let endpoint_id =
        address::parse_endpoint_id(vectors::text(input, "endpoint_id")).ok_or("endpoint id".to_owned())?;
    let address = |text: &str| text.parse::<SocketAddr>().map_err(|error| error.to_string());
    let credential = match input["credential_type"].as_str() {
        None => None,
        Some(kind) => {
            let payload = input["credential_data_hex"].as_str().map(hex::decode).unwrap_or_default();
            let credential = Credential::new(kind, &payload).ok_or("credential type".to_owned())?;
            Some(credential.map_err(|error| error.to_string())?)
        }
    };
    Ok(Ticket {
        endpoint_id,
        relay: input["relay_addr"].as_str().map(address).transpose()?,
        direct: vectors::texts(input, "direct_addrs")
            .iter()
            .map(|text| address(text))
            .collect::<Result<_, _>>()?,
        credential,
    })
}

fn check(case: &Value, name: &str, result: &Result<Ticket, TicketError>) {
    let expected = case.get("decoded").map(ticket);
    assert_eq!(expected.is_none(), case.get("error").is_some(), "{name}");
    match (result, expected) {
        (Ok(got), Some(expected)) => assert_eq!(Ok(got), expected.as_ref(), "{name}"),
        (result, expected) => assert!(result.is_err() && expected.is_none(), "{name}"),
    }
}

#[test]
fn vectors_are_encoded() {
    let file = vectors::load("tickets");
    for case in vectors::list(&file, "encode") {
        let name = vectors::text(case, "name");
        let bytes =
            ticket(&case["input"]).and_then(|ticket| ticket.to_bytes().map_err(|error| error.to_string()));
        if case.get("error").is_some() {
            assert!(bytes.is_err(), "{name}");
            continue;
        }
        let bytes = bytes.unwrap();
        assert_eq!(hex::encode(&bytes), vectors::text(case, "wire_hex"), "{name}");
        assert_eq!(bytes.len() as i64, vectors::int(case, "wire_len"), "{name}");
        let decoded = Ticket::from_bytes(&bytes).unwrap();
        assert_eq!(decoded, ticket(&case["decoded"]).unwrap(), "{name}");
        assert_eq!(decoded.to_string(), vectors::text(case, "string"), "{name}");
    }
}

#[test]
fn vectors_are_decoded() {
    let file = vectors::load("tickets");
    for case in vectors::list(&file, "decode") {
        check(case, vectors::text(case, "name"), &Ticket::from_bytes(&vectors::bytes(case, "wire_hex")));
    }
    for case in vectors::list(&file, "string") {
        check(case, vectors::text(case, "name"), &vectors::text(case, "string").parse());
    }
}

#[test]
fn tickets_from_python_are_read_and_written() {
    for case in vectors::list(&vectors::load("wheel-tickets"), "cases") {
        let mut input = case["input"].clone();
        let members = input.as_object_mut().unwrap();
        members.entry("direct_addrs").or_insert_with(|| Value::Array(Vec::new()));
        let payload = members.remove("credential_data").unwrap_or_default();
        members.insert("credential_data_hex".to_owned(), payload);
        let name = vectors::text(case, "name");
        let ticket = ticket(&input).unwrap();
        assert_eq!(hex::encode(&ticket.to_bytes().unwrap()), vectors::text(case, "wire_hex"), "{name}");
        assert_eq!(ticket.to_text().unwrap(), vectors::text(case, "string"), "{name}");
        let from_ticket = address::parse(vectors::text(case, "string")).unwrap();
        let text = vectors::text(case, "node_addr_text_b64");
        assert_eq!(address::parse(text).unwrap(), from_ticket, "{name}");
        assert_eq!(from_ticket.to_base64(), text, "{name}");
    }
}

#[test]
fn node_addresses_equal_the_text_of_the_vectors() {
    for case in vectors::list(&vectors::load("tickets"), "node_addr") {
        let node = NodeAddr {
            endpoint_id: address::parse_endpoint_id(vectors::text(case, "endpoint_id")).unwrap(),
            relay_url: case["relay_url"].as_str().map(str::to_owned),
            direct: vectors::texts(case, "direct_addresses")
                .iter()
                .map(|text| text.parse().unwrap())
                .collect(),
        };
        assert_eq!(node.to_string(), vectors::text(case, "text"));
        assert_eq!(node.to_base64(), vectors::text(case, "base64"));
        assert_eq!(vectors::text(case, "text").parse(), Ok(node.clone()));
        assert_eq!(address::parse(vectors::text(case, "base64")), Ok(node));
    }
}

#[test]
fn an_endpoint_id_alone_is_an_address_in_either_case() {
    let id = "D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A";
    let upper = address::parse(id).unwrap();
    assert_eq!(upper, address::parse(&id.to_lowercase()).unwrap());
    assert_eq!(address::endpoint_id_text(&upper.endpoint_id), id.to_lowercase());
    assert!(upper.direct.is_empty() && upper.relay_url.is_none());
}

#[test]
fn text_that_is_not_an_address_is_refused_with_the_reason() {
    use base64::Engine;
    let encode = |text: &[u8]| base64::engine::general_purpose::STANDARD.encode(text);
    let id = "0".repeat(64);
    let many = format!("{id}\n\n{}", ["127.0.0.1:1"; 65].join("\n"));
    let cases = [
        (String::new(), AddressError::EndpointId),
        ("aster1".to_owned(), AddressError::Ticket(TicketError::TooShort)),
        (" aster1".to_owned(), AddressError::Form),
        ("z".repeat(20_000), AddressError::TooLong),
        (encode(b"\xff\xff"), AddressError::Utf8),
        (encode(b"abc"), AddressError::EndpointId),
        (encode(format!("{id}\n\n127.0.0.1").as_bytes()), AddressError::Direct { line: 3 }),
        (encode(format!("{id}\n\n\nlocalhost:1").as_bytes()), AddressError::Direct { line: 4 }),
        (encode(many.as_bytes()), AddressError::TooManyAddresses),
    ];
    for (text, expected) in cases {
        assert_eq!(address::parse(&text), Err(expected), "{text:.80}");
    }
    assert!(address::parse(&encode(id.as_bytes())).is_ok(), "lines after the first may be missing");
}

#[test]
fn a_ticket_made_from_too_many_addresses_keeps_the_first_that_fit() {
    let v6: Vec<SocketAddr> = (0..20).map(|port| format!("[2001:db8::1]:{port}").parse().unwrap()).collect();
    let ticket = Ticket::with_addresses([7; 32], &v6);
    assert_eq!(ticket.direct, v6[..12]);
    assert_eq!(ticket.to_text().unwrap().parse(), Ok(ticket));
    let v4: Vec<SocketAddr> = (0..20).map(|port| format!("10.0.0.1:{port}").parse().unwrap()).collect();
    assert_eq!(Ticket::with_addresses([7; 32], &v4).direct, v4[..15]);
}

#[test]
fn data_that_does_not_fit_a_ticket_is_an_error_and_is_displayed_without_panic() {
    let ticket = Ticket {
        endpoint_id: [0; 32],
        relay: None,
        direct: vec!["[::1]:1".parse().unwrap(); 13],
        credential: None,
    };
    assert_eq!(ticket.to_bytes(), Err(TicketError::TooLong));
    assert!(ticket.to_string().parse::<Ticket>().is_err());
    assert_eq!(format!("aster1{}", "z".repeat(100_000)).parse::<Ticket>(), Err(TicketError::TooLong));
}

fn address() -> impl Strategy<Value = SocketAddr> {
    (any::<std::net::IpAddr>(), any::<u16>()).prop_map(SocketAddr::from)
}

proptest! {
    #[test]
    fn an_encoded_ticket_decodes_to_the_same_ticket(
        endpoint_id in any::<[u8; 32]>(), relay in prop::option::of(address()),
        direct in prop::collection::vec(address(), 0..=8), payload in prop::collection::vec(any::<u8>(), 0..50),
        credential in 0_usize..4,
    ) {
        let credential = match credential {
            0 => None,
            1 => Some(Credential::Open),
            2 => Some(Credential::ConsumerRcan(payload)),
            _ => Some(Credential::Enrollment(payload)),
        };
        let ticket = Ticket { endpoint_id, relay, direct, credential };
        prop_assert_eq!(Ticket::from_bytes(&ticket.to_bytes().unwrap()).unwrap(), ticket.clone());
        prop_assert_eq!(ticket.to_text().unwrap().parse::<Ticket>().unwrap(), ticket);
    }

    #[test]
    fn any_bytes_are_a_ticket_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..270), fix in any::<bool>()) {
        let mut bytes = bytes;
        if fix && bytes.len() > 33 { bytes[32] = 0x10; }
        if let Ok(ticket) = Ticket::from_bytes(&bytes) {
            prop_assert_eq!(Ticket::from_bytes(&ticket.to_bytes().unwrap()).unwrap(), ticket);
        }
    }

    #[test]
    fn any_text_is_an_address_or_an_error(text in "\\PC*") {
        let _ = address::parse(&text);
        let _ = text.parse::<NodeAddr>();
        let _ = format!("aster1{text}").parse::<Ticket>();
    }
}

#[test]
fn every_node_address_that_is_parsed_fits_the_base64_limit() {
    let id = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let fits = |relay: usize, direct: &str| {
        let text = format!("{id}\n{}{direct}", "r".repeat(relay));
        let read = text.parse::<NodeAddr>();
        if let Ok(address) = &read {
            assert_eq!(NodeAddr::from_base64(&address.to_base64()).as_ref(), Ok(address), "{relay}");
        }
        read.is_ok()
    };
    let most = 12_288 - id.len() - 2;
    assert!(fits(most, "\n") && fits(most, ""));
    assert!(!fits(most + 1, "\n") && !fits(most + 1, ""));
    // `Display` writes this address with four characters more.
    let longer = "\n[::ffff:0:0]:1";
    assert!(fits(most - longer.len() - 3, longer) && !fits(most - longer.len() + 1, longer));
}
