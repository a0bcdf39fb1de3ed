//! A client and a server of this crate: what their users see when calls go well, are left, fail or are cut off.
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

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

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

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("an end in time")
}

#[tokio::test]
async fn a_struct_travels_with_its_maps_and_optionals_in_both_modes() {
    let (server, client) = pair(echo).await;
    for mode in [Mode::Xlang, Mode::Json] {
        let stub = client.stub(&contract(), mode).expect("a stub");
        let more = vec![("a".to_owned(), words("inner", -1))];
        let sent = Words { more, last: Some(0.5), ..words("né €", 7) };
        let answer: Words = soon(stub.unary("say", &sent, CallOptions::default())).await.expect("an answer");
        assert_eq!(answer, sent);
    }
    client.close().await;
    server.close(Duration::ZERO).await;
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_call_alone() {
    let (server, client) = pair(echo).await;
    let stub = client.stub(&contract(), Mode::Xlang).expect("a stub");
    let failed = soon(stub.unary::<_, Words>("say", &words("panic", 0), CallOptions::default())).await;
    let status = failed.expect_err("a failure");
    assert_eq!((status.code, status.message.as_str()), (Code::Internal.number(), "the handler failed"));
    soon(stub.unary::<_, Words>("say", &words("on", 0), CallOptions::default())).await.expect("an answer");
    server.close(Duration::ZERO).await;
}

/// Tells when it is dropped.
struct Left(Arc<Notify>);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_dropped_call_drops_its_handler() {
    let left = Arc::new(Notify::new());
    let told = Arc::clone(&left);
    let (server, client) = pair(move |call: Incoming| {
        let left = Left(Arc::clone(&told));
        async move {
            let _left = left;
            let mut answers = call.answers();
            answers.send(&words("one", 1)).await?;
            std::future::pending().await
        }
    })
    .await;
    let stub = client.stub(&contract(), Mode::Xlang).expect("a stub");
    let mut stream =
        stub.server_stream::<_, Words>("repeat", &words("x", 1), CallOptions::default()).expect("a stream");
    assert_eq!(soon(stream.next()).await.expect("an item"), Some(words("one", 1)));
    drop(stream);
    soon(left.notified()).await;
    server.close(Duration::ZERO).await;
}

#[tokio::test]
async fn closing_the_client_ends_what_waits() {
    let (server, client) = pair(|_| std::future::pending()).await;
    let stub = client.stub(&contract(), Mode::Xlang).expect("a stub");
    let request = words("x", 1);
    let waiting = stub.unary::<_, Words>("say", &request, CallOptions::default());
    let (outcome, ()) = soon(async { tokio::join!(waiting, client.close()) }).await;
    assert_eq!(outcome.expect_err("a failure").code, Code::Unavailable.number());
    server.close(Duration::ZERO).await;
}

#[tokio::test]
async fn a_method_is_called_as_it_was_declared_and_a_contract_as_it_is_served() {
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
    let other = DOCUMENT.replace("\"Echo\"", "\"Other\"");
    let refused =
        client.stub(&Contract::from_json(&other).expect("a contract"), Mode::Xlang).expect_err("no service");
    assert_eq!(refused.code, Code::NotFound.number());
    server.close(Duration::ZERO).await;
}
