//! Calls between a client and a server of this crate: success, cancellation, failure, closing.
#![allow(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aster_rpc::{CallOptions, Client, Code, Contract, Incoming, Mode, NodeOptions, Server, Status, message};
use tokio::sync::Notify;

message! { struct Words = "echo/Words" { text: String, times: i64, more: Vec<(String, Words)>, last: Option<f64> } }

const DOCUMENT: &str = r#"{
  "name": "Echo", "version": 1, "scope": "shared", "modes": ["xlang"],
  "methods": [
    { "name": "say", "pattern": "unary", "request": { "message": 0 }, "response": { "message": 0 } },
    { "name": "repeat", "pattern": "serverStream", "request": { "message": 0 }, "response": { "message": 0 } },
    { "name": "gather", "pattern": "clientStream", "request": { "message": 0 }, "response": { "message": 0 } }
  ],
  "schema": {
    "types": [
      { "kind": "message", "tag": "echo/Words", "namespace": "echo", "name": "Words", "fields": [
        { "name": "text", "type": "string", "default": true }, { "name": "times", "type": "int", "default": true },
        { "name": "more", "type": { "map": ["string", { "message": 0 }] } }, { "name": "last", "type": { "optional": "float" } } ] }
    ]
  }
}"#;

/// Longer than every step of these tests. A test that reaches it fails.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

fn loopback() -> NodeOptions {
    NodeOptions { bind: Some(([127, 0, 0, 1], 0).into()), ..NodeOptions::default() }
}

fn contract() -> Contract {
    Contract::from_json(DOCUMENT).expect("a contract")
}

fn words(text: &str, times: i64) -> Words {
    Words { text: text.to_owned(), times, ..Words::default() }
}

async fn pair<R>(handler: impl Fn(Incoming) -> R + Send + Sync + 'static) -> (Server, Client)
where
    R: Future<Output = Result<(), Status>> + Send + 'static,
{
    let server = Server::bind(loopback()).await.expect("a server");
    server.serve(&contract(), handler).expect("a service");
    let client = Client::connect(&server.ticket().await, loopback()).await.expect("a client");
    (server, client)
}

async fn echo(call: Incoming) -> Result<(), Status> {
    let request: Words = call.request().await?;
    assert!(request.text != "panic", "as asked");
    if call.method() == "say" {
        return call.reply(&request);
    }
    let mut answers = call.answers();
    for _ in 0..request.times {
        answers.send(&request).await?;
    }
    Ok(())
}

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_TIMEOUT, what).await.expect("the test takes too long")
}

#[tokio::test]
async fn a_struct_with_maps_and_optionals_is_echoed_in_both_modes() {
    let (server, client) = pair(echo).await;
    for mode in [Mode::Xlang, Mode::Json] {
        let stub = client.stub(&contract(), mode).expect("a stub");
        let more = vec![("a".to_owned(), words("inner", -1))];
        let sent = Words { more, last: Some(0.5), ..words("né €", 7) };
        let answer: Words =
            in_time(stub.unary("say", &sent, CallOptions::default())).await.expect("an answer");
        assert_eq!(answer, sent);
    }
    client.close().await;
    server.close(Duration::ZERO).await;
}

#[tokio::test]
async fn a_handler_that_panics_fails_only_its_call() {
    let (server, client) = pair(echo).await;
    let stub = client.stub(&contract(), Mode::Xlang).expect("a stub");
    let failed = in_time(stub.unary::<_, Words>("say", &words("panic", 0), CallOptions::default())).await;
    let status = failed.expect_err("a failure");
    assert_eq!((status.code, status.message.as_str()), (Code::Internal.number(), "the handler failed"));
    in_time(stub.unary::<_, Words>("say", &words("on", 0), CallOptions::default())).await.expect("an answer");
    server.close(Duration::ZERO).await;
}

/// Sends a signal when it is dropped.
struct SignalOnDrop(Arc<Notify>);

impl Drop for SignalOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_dropped_call_drops_its_handler() {
    let dropped = Arc::new(Notify::new());
    let signal = Arc::clone(&dropped);
    let (server, client) = pair(move |call: Incoming| {
        let guard = SignalOnDrop(Arc::clone(&signal));
        async move {
            let _guard = guard;
            let mut answers = call.answers();
            answers.send(&words("one", 1)).await?;
            std::future::pending().await
        }
    })
    .await;
    let stub = client.stub(&contract(), Mode::Xlang).expect("a stub");
    let mut stream =
        stub.server_stream::<_, Words>("repeat", &words("x", 1), CallOptions::default()).expect("a stream");
    assert_eq!(in_time(stream.next()).await.expect("an item"), Some(words("one", 1)));
    drop(stream);
    in_time(dropped.notified()).await;
    server.close(Duration::ZERO).await;
}

#[tokio::test]
async fn closing_the_client_ends_waiting_calls() {
    let (server, client) = pair(|_| std::future::pending()).await;
    let stub = client.stub(&contract(), Mode::Xlang).expect("a stub");
    let request = words("x", 1);
    let waiting = stub.unary::<_, Words>("say", &request, CallOptions::default());
    let (outcome, ()) = in_time(async { tokio::join!(waiting, client.close()) }).await;
    assert_eq!(outcome.expect_err("a failure").code, Code::Unavailable.number());
    server.close(Duration::ZERO).await;
}

#[tokio::test]
async fn wrong_patterns_methods_and_contracts_are_refused() {
    let (server, client) = pair(echo).await;
    let stub = client.stub(&contract(), Mode::Xlang).expect("a stub");
    let code = |outcome: Result<_, Status>| outcome.map(|_: Words| ()).expect_err("a failure").code;
    let request = words("x", 1);
    assert_eq!(
        code(stub.unary("repeat", &request, CallOptions::default()).await),
        Code::InvalidArgument.number()
    );
    assert_eq!(
        code(stub.unary("nothing", &request, CallOptions::default()).await),
        Code::Unimplemented.number()
    );
    let other = DOCUMENT.replace("\"gather\"", "\"collect\"");
    let other = Contract::from_json(&other).expect("a contract");
    let refused = client.stub(&other, Mode::Xlang).expect_err("another contract");
    assert_eq!(refused.code, Code::FailedPrecondition.number());
    let other = DOCUMENT.replace("\"namespace\": \"echo\"", "\"namespace\": \"echo\", \"refs\": true");
    let other = Contract::from_json(&other).expect("a contract");
    assert_eq!(other.id(), contract().id());
    let refused = client.stub(&other, Mode::Xlang).expect_err("other exact schemas");
    assert_eq!(refused.code, Code::FailedPrecondition.number());
    let other = DOCUMENT.replace("\"Echo\"", "\"Other\"");
    let refused =
        client.stub(&Contract::from_json(&other).expect("a contract"), Mode::Xlang).expect_err("no service");
    assert_eq!(refused.code, Code::NotFound.number());
    server.close(Duration::ZERO).await;
}
