//! Calls in compatible mode: which peers announce it, which accept it, and what each side decodes when fields differ.

#![allow(unreachable_pub, reason = "modules of a test binary")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::sync::Arc;

use aster_codec::{PayloadLimits, Plan, Schema, json_to_xlang};
use aster_net::{ClientMethod, Compress, Mode, Pattern, PayloadCodec, ServiceDefinition};
use aster_port::{Event, Op};
use serde_json::{Value as Json, json};
use support::{Driver, Open, PATTERNS, TEST_TIMEOUT, failed, framed, node, node_with, ok, service};

/// One version of message `v/M` as root 0, and as root 1 a message that was not declared compatible.
fn plan(fields: &Json) -> Arc<Plan> {
    let descriptor = json!({
        "types": [
            { "kind": "message", "tag": "v/M", "namespace": "v", "name": "M", "compatible": true, "fields": fields },
            { "kind": "message", "tag": "v/Fixed", "namespace": "v", "name": "Fixed", "fields": [] },
        ],
        "roots": [{ "message": 0 }, { "message": 1 }],
    });
    Arc::new(Plan::compile(&Schema::from_json(&descriptor.to_string()).unwrap()).unwrap())
}

fn older() -> Arc<Plan> {
    plan(&json!([{ "name": "id", "type": "int" }, { "name": "gone", "type": "string" }]))
}

fn newer() -> Arc<Plan> {
    plan(&json!([
        { "name": "note", "type": { "optional": "string" } },
        { "name": "currency", "type": "string", "default": true },
        { "name": "id", "type": "int" },
    ]))
}

fn codec(plan: &Arc<Plan>, root: usize, mode: Mode) -> PayloadCodec {
    PayloadCodec {
        mode,
        plan: Arc::clone(plan),
        root,
        compress: Compress::Auto,
        limits: PayloadLimits::DEFAULT,
    }
}

fn served(plan: &Arc<Plan>, response: usize) -> ServiceDefinition {
    let mut definition = service();
    for method in &mut definition.methods {
        method.request = codec(plan, 0, Mode::Xlang);
        method.response = codec(plan, response, Mode::Xlang);
    }
    definition
}

fn plain(plan: &Plan, message: &Json) -> Vec<u8> {
    json_to_xlang(plan, 0, message.to_string().as_bytes(), false).unwrap()
}

/// The form that the user's side gets: absent fields that have a default are flagged.
fn presence_flagged(plan: &Plan, message: &Json) -> Vec<u8> {
    json_to_xlang(plan, 0, message.to_string().as_bytes(), true).unwrap()
}

#[tokio::test]
async fn two_versions_of_a_message_work_together_in_every_pattern() {
    let (server_plan, client_plan) = (newer(), older());
    let node_of_server = node_with(aster_net::NodeLimits::default()).await;
    let mut server = Driver::new();
    server.port.serve(&node_of_server, vec![served(&server_plan, 0)]).unwrap();
    let node_of_client = node().await;
    let ticket = node_of_server.ticket().await;
    let (peer, answer) = node_of_client.connect(&ticket, String::new(), TEST_TIMEOUT).await.unwrap();
    let announced = ("compatible".to_owned(), server_plan.fingerprint().to_owned());
    assert_eq!(answer.services.first().unwrap().extensions, [announced]);
    assert_ne!(server_plan.fingerprint(), older().fingerprint());
    assert_eq!(server_plan.fingerprint(), newer().fingerprint());

    let mut client = Driver::new();
    let ask = plain(&client_plan, &json!({ "id": 7, "gone": "old" }));
    let asked = presence_flagged(&server_plan, &json!({ "id": 7 }));
    let answer = plain(&server_plan, &json!({ "note": "new", "currency": "EUR", "id": 8 }));
    let heard = presence_flagged(&client_plan, &json!({ "id": 8, "gone": "" }));
    for (name, pattern) in PATTERNS {
        let (request, response) =
            (codec(&client_plan, 0, Mode::Compatible), codec(&client_plan, 0, Mode::Compatible));
        let pattern = Pattern::from_name(pattern).unwrap();
        let method = ClientMethod::new(Arc::clone(&peer), ("S", 1, name), pattern, request, response);
        let handle = client.port.register(method.unwrap());
        let one_request = !pattern.request_stream;
        let number = client.open(
            handle,
            one_request.then_some(&ask[..]),
            Open { end: one_request, ..Open::default() },
        );
        if !one_request {
            client.submit(Op::Item { call: number, message: framed(&ask) });
            client.submit(Op::End { call: number });
        }
        let call = server.call().await;
        assert!(call.presence_flagged, "{name}");
        let got = match call.message {
            Some(message) => message.bytes,
            None => match server.fact().await {
                Event::Items { items, presence_flagged: true, .. } => items.first().unwrap().clone(),
                event => panic!("{name}: expected an item, got {event:?}"),
            },
        };
        assert_eq!(got, asked, "{name}");
        if pattern.response_stream {
            server.submit(Op::Item { call: call.call, message: framed(&answer) });
            server.submit(Op::Finish { call: call.call, status: ok() });
        } else {
            server.submit(Op::Reply { call: call.call, message: framed(&answer) });
        }
        let got = match client.fact().await {
            Event::Message { message, presence_flagged: true, .. } => message.bytes,
            Event::Items { items, presence_flagged: true, .. } => items.first().unwrap().clone(),
            event => panic!("{name}: expected a response, got {event:?}"),
        };
        assert_eq!(got, heard, "{name}");
        while pattern.response_stream && !matches!(client.fact().await, Event::Ended { .. }) {}
        while pattern.request_stream && !matches!(server.fact().await, Event::InputEnd { .. }) {}
    }
    node_of_client.close().await;
    node_of_server.close().await;
}

#[tokio::test]
async fn a_service_with_one_message_that_is_not_compatible_does_not_support_compatible_mode() {
    let plan = newer();
    let node_of_server = node().await;
    let server = Driver::new();
    server.port.serve(&node_of_server, vec![served(&plan, 1)]).unwrap();
    let node_of_client = node().await;
    let ticket = node_of_server.ticket().await;
    let (peer, answer) = node_of_client.connect(&ticket, String::new(), TEST_TIMEOUT).await.unwrap();
    assert_eq!(answer.services.first().unwrap().extensions, []);
    let both = (codec(&plan, 0, Mode::Compatible), codec(&plan, 1, Mode::Compatible));
    let pattern = Pattern::from_name("unary").unwrap();
    let method = ClientMethod::new(peer, ("S", 1, "one"), pattern, both.0, both.1).unwrap();
    let mut client = Driver::new();
    let handle = client.port.register(method);
    let ask = plain(&plan, &json!({ "note": null, "currency": "EUR", "id": 7 }));
    client.open(handle, Some(&ask), Open::default());
    match client.fact().await {
        Event::Ended { status, local: false, .. } => {
            assert_eq!(status, failed(3, "Unsupported serialization mode: 16"));
        }
        event => panic!("expected a refusal, got {event:?}"),
    }
    node_of_client.close().await;
    node_of_server.close().await;
}
