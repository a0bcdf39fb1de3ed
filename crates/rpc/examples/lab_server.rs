//! Serves the Lab services of `__test__/interop` from Rust, until its input ends. Prints a line of JSON with its ticket.
//!
//!     cargo run --example lab_server

mod lab;

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aster_rpc::{Code, Incoming, Server, Status, Value};
use lab::{Answer, Chunk, Order, Question, Seen, Text, Total, pattern};
use tokio::io::AsyncReadExt as _;

type Committed = Arc<Mutex<Total>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [lab, next, postponed] = lab::contracts()?;
    let server = Server::bind(lab::loopback()).await?;
    let committed = Committed::default();
    server.serve(&lab, move |call| serve_lab(call, Arc::clone(&committed)))?;
    server.serve(&next, echo)?;
    server.serve(&postponed, serve_postponed)?;

    let contracts =
        [&lab, &next, &postponed].map(|contract| format!("{:?}:{:?}", contract.name(), contract.id()));
    let ready = format!(
        "{{\"event\":\"ready\",\"ticket\":{:?},\"endpointId\":{:?},\"contracts\":{{{}}}}}",
        server.ticket().await,
        server.endpoint_id(),
        contracts.join(",")
    );
    writeln!(std::io::stdout(), "{ready}")?;
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    server.close(Duration::from_secs(1)).await;
    Ok(())
}

async fn serve_lab(call: Incoming, committed: Committed) -> Result<(), Status> {
    match call.method() {
        "make" => {
            let order: Order = call.request().await?;
            call.reply(&Text { text: pattern(order.size) })
        }
        "refuse" => Err(refusal(call.request().await?)),
        "nothing" => Ok(()), // without a reply the response is null
        "wait" => {
            let order: Order = call.request().await?;
            tokio::time::sleep(millis(order.wait_millis)).await;
            call.reply(&Text { text: order.words })
        }
        "seen" => {
            let remaining = call.remaining();
            call.reply(&Seen {
                metadata: call.metadata().to_vec(),
                has_deadline: remaining.is_some(),
                remaining_millis: remaining.unwrap_or_default().as_millis() as i64,
                peer: call.caller().endpoint_id.clone(),
            })
        }
        "commits" => call.reply(&*lock(&committed)),
        "count" => count(&call).await,
        "upload" => {
            let total = upload(&call).await?;
            let mut committed = lock(&committed);
            *committed = Total { items: committed.items + 1, characters: total.items, in_order: true };
            call.reply(&total)
        }
        "shout" => shout(&call).await,
        _ => echo(call).await,
    }
}

/// Returns the value that it receives.
async fn echo(call: Incoming) -> Result<(), Status> {
    let request: Value = call.request().await?;
    call.reply(&request)
}

async fn count(call: &Incoming) -> Result<(), Status> {
    let order: Order = call.request().await?;
    let mut answers = call.answers();
    let body = pattern(order.size);
    for index in 0..order.count {
        if order.wait_millis > 0 {
            tokio::time::sleep(millis(order.wait_millis)).await;
        }
        answers.send(&Chunk { index, body: body.clone() }).await?;
    }
    if order.code == 0 { Ok(()) } else { Err(refusal(order)) }
}

async fn upload(call: &Incoming) -> Result<Total, Status> {
    let mut chunks = call.requests::<Chunk>();
    let mut total = Total { in_order: true, ..Total::default() };
    while let Some(chunk) = chunks.next().await? {
        if chunk.body == "refuse" {
            return Err(Status::new(Code::FailedPrecondition, "asked to refuse"));
        }
        total.in_order &= chunk.index == total.items;
        total.items += 1;
        total.characters += chunk.body.chars().count() as i64;
    }
    Ok(total)
}

async fn shout(call: &Incoming) -> Result<(), Status> {
    let mut chunks = call.requests::<Chunk>();
    let mut answers = call.answers();
    while let Some(Chunk { index, body }) = chunks.next().await? {
        match body.as_str() {
            "enough" => return Ok(()),
            "refuse" => return Err(Status::new(Code::Aborted, "asked to refuse")),
            _ => answers.send(&Chunk { index: index + 1000, body: body.to_uppercase() }).await?,
        }
    }
    Ok(())
}

async fn serve_postponed(call: Incoming) -> Result<(), Status> {
    let Question { text } = call.request().await?;
    if call.method() == "ask" {
        return call
            .reply(&Answer { text: text.chars().rev().collect(), length: text.chars().count() as i64 });
    }
    let mut answers = call.answers();
    for letter in text.chars() {
        answers.send(&Answer { text: letter.to_string(), length: 1 }).await?;
    }
    Ok(())
}

fn refusal(order: Order) -> Status {
    // Code 0 means a crash. Its text is only for the log of the server.
    let crashed = Status::new(Code::Internal, "the handler failed");
    if order.code == 0 {
        crashed
    } else {
        Status { code: order.code, message: order.words, details: Vec::new() }
    }
}

fn millis(count: i64) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or_default())
}

fn lock(committed: &Committed) -> std::sync::MutexGuard<'_, Total> {
    committed.lock().unwrap_or_else(PoisonError::into_inner)
}
