//! Calls the Lab services of a peer in any language, and prints one line of JSON for each case.
//!
//!     cargo run --example lab_client -- TICKET [json]
//!
//! A case is {"event": "case", "name": ..., "problem": null or text}; the first line has the contract ids.

mod lab;

use std::fmt::Debug;
use std::io::Write as _;
use std::time::{Duration, Instant};

use aster_rpc::{CallOptions, Client, Code, Message, Mode, Receiver, Status, Stub, Value};
use lab::{Answer, Chunk, Nothing, Order, Question, Seen, Text, Total, pattern};

/// Longer than every case.
const PATIENCE: Duration = Duration::from_secs(30);

type Checked = Result<(), String>;

struct Bench {
    client: Client,
    lab: Stub,
    next: Stub,
    postponed: Stub,
    mode: Mode,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let ticket = arguments.next().ok_or("usage: lab_client TICKET [json]")?;
    let mode = if arguments.next().as_deref() == Some("json") { Mode::Json } else { Mode::Xlang };
    let [lab, next, postponed] = lab::contracts()?;
    let client = Client::connect(&ticket, lab::loopback()).await.map_err(debug_text)?;
    let seen = client.contract_id("Lab", 1).unwrap_or_default();
    writeln!(std::io::stdout(), "{{\"event\":\"contract\",\"here\":{:?},\"there\":{seen:?}}}", lab.id())?;
    let stub = |contract| client.stub(contract, mode).map_err(debug_text);
    let bench = Bench { lab: stub(&lab)?, next: stub(&next)?, postponed: stub(&postponed)?, client, mode };
    for (name, result) in bench.run().await {
        let problem = result.err().map_or("null".to_owned(), |text| format!("{text:?}"));
        writeln!(std::io::stdout(), "{{\"event\":\"case\",\"name\":{name:?},\"problem\":{problem}}}")?;
    }
    bench.client.close().await;
    Ok(())
}

macro_rules! cases {
    ($bench:ident: $($case:ident),* $(,)?) => {
        vec![$((
            stringify!($case).replace('_', " "),
            tokio::time::timeout(PATIENCE, $bench.$case()).await.unwrap_or_else(|_| Err("no end".to_owned())),
        )),*]
    };
}

impl Bench {
    async fn run(&self) -> Vec<(String, Checked)> {
        cases![
            self: text_in_all_encodings, values_of_every_kind, large_texts, a_null_answer, a_message_without_fields,
            another_version, postponed_annotations, every_status_code, a_deadline_that_passes,
            metadata_and_deadline_reach_the_handler, ten_thousand_items_in_order, large_items, an_error_after_items,
            a_stream_that_is_left_early, uploads, an_upload_that_is_refused, an_upload_that_is_left, a_dialogue,
            a_dialogue_that_the_server_ends, a_dialogue_that_is_refused, sixty_four_calls_at_once,
        ]
    }

    async fn text_in_all_encodings(&self) -> Checked {
        for text in ["", "ascii", "né", "€uro 日本", "a😀é日", "\0\n\"\\", &"x".repeat(127), &"é".repeat(128)]
        {
            let sent = Text { text: text.to_owned() };
            equal(self.lab.unary::<_, Text>("text", &sent, CallOptions::default()).await, &sent)?;
        }
        Ok(())
    }

    /// Messages without a declared struct.
    async fn values_of_every_kind(&self) -> Checked {
        let text = |text: &str| Value::Text(text.to_owned());
        let point = |x: i128| Value::Message { index: 3, fields: vec![Value::Int(x), Value::Int(-x)] };
        let bytes = if self.mode == Mode::Json { Value::Null } else { Value::Bytes(vec![0, 255]) };
        let kinds = [
            Value::Bool(true),
            Value::Int(-128),
            Value::Int(-32768),
            Value::Int(-(1 << 31)),
            Value::Int(1 << 52),
        ];
        let kinds = kinds.into_iter().chain([
            Value::Int(7),
            Value::Int(1 << 40),
            Value::Int(1 << 41),
            Value::Int(255),
        ]);
        let kinds = kinds.chain([
            Value::Int(65535),
            Value::Int((1 << 32) - 1),
            Value::Int(1 << 50),
            Value::Float(1.5),
        ]);
        let kinds = kinds.chain([Value::Float(5e-324), text("ok"), bytes.clone()]).collect();
        let shape = vec![
            text("三角"),
            point(1),
            point(2),
            Value::List(vec![point(0), point(3)]),
            Value::List(vec![text("ü")]),
            Value::List(vec![Value::Float(-1.25)]),
            Value::List(vec![Value::Int(1), Value::Null]),
            Value::List(vec![Value::List(vec![Value::Int(1)]), Value::List(vec![])]),
            Value::Map(vec![(text("a"), Value::Int(1))]),
            Value::Map(vec![(text("hq"), point(5))]),
            Value::Map(vec![(text("r"), Value::List(vec![text("x")]))]),
            text("remark"),
            Value::Int(7),
            Value::Null,
            Value::Bool(false),
            Value::Int(42),
        ];
        let coloured = vec![
            Value::Enum { index: 6, ordinal: 1 },
            Value::Enum { index: 7, ordinal: 1 },
            Value::Null,
            Value::List(vec![Value::Enum { index: 6, ordinal: 2 }]),
            Value::Map(vec![(text("k"), Value::Enum { index: 6, ordinal: 1 })]),
        ];
        self.echoes("shape", 2, shape).await?;
        self.echoes("paint", 5, coloured).await?;
        if self.mode == Mode::Json {
            return Ok(());
        }
        let numbered = vec![
            Value::Map(vec![(Value::Int(1), text("one")), (Value::Int(-2), text("minus two"))]),
            Value::Set(vec![text("only")]),
            Value::Set(vec![Value::Int(7)]),
            Value::List(vec![bytes]),
        ];
        let moments =
            vec![Value::Date(-1), Value::Timestamp { seconds: 1_700_000_000, nanoseconds: 125_000_000 }];
        let bag = vec![
            point(1),
            Value::List(vec![Value::Bool(true), text("two")]),
            Value::Map(vec![(text("n"), Value::Null)]),
        ];
        self.echoes("kinds", 0, kinds).await?;
        self.echoes("numbered", 4, numbered).await?;
        self.echoes("moments", 1, moments).await?;
        self.echoes("bag", 8, bag).await
    }

    async fn echoes(&self, method: &str, index: usize, fields: Vec<Value>) -> Checked {
        let sent = Value::Message { index, fields };
        equal(self.lab.unary::<_, Value>(method, &sent, CallOptions::default()).await, &sent)
    }

    async fn large_texts(&self) -> Checked {
        for size in [4080, 4096, 4100, 100_000, 2_000_000] {
            let sent = Text { text: pattern(size) };
            let order = Order { size, ..Order::default() };
            equal(self.lab.unary::<_, Text>("text", &sent, CallOptions::default()).await, &sent)?;
            equal(self.lab.unary::<_, Text>("make", &order, CallOptions::default()).await, &sent)?;
        }
        Ok(())
    }

    async fn a_null_answer(&self) -> Checked {
        equal(self.lab.unary("nothing", &Order::default(), CallOptions::default()).await, &None::<Text>)
    }

    async fn a_message_without_fields(&self) -> Checked {
        equal(self.lab.unary("empty", &Nothing {}, CallOptions::default()).await, &Nothing {})
    }

    async fn another_version(&self) -> Checked {
        let sent = Text { text: "v3".to_owned() };
        equal(self.next.unary("text", &sent, CallOptions::default()).await, &sent)
    }

    async fn postponed_annotations(&self) -> Checked {
        let question = |text: &str| Question { text: text.to_owned() };
        let answer = self.postponed.unary("ask", &question("olé"), CallOptions::default()).await;
        equal(answer, &Answer { text: "élo".to_owned(), length: 3 })?;
        let letters = self.postponed.server_stream("letters", &question("abc"), CallOptions::default());
        let letters: Vec<Answer> = all(letters.map_err(debug_text)?).await.map_err(debug_text)?;
        equal(Ok(letters.into_iter().map(|letter| letter.text).collect::<String>()), &"abc".to_owned())
    }

    async fn every_status_code(&self) -> Checked {
        for code in (1..=16).chain([101]) {
            let words = format!("refused with {code}");
            let order = Order { code, words: words.clone(), ..Order::default() };
            refused(self.lab.unary::<_, Text>("refuse", &order, CallOptions::default()).await, code, &words)?;
        }
        Ok(())
    }

    async fn a_deadline_that_passes(&self) -> Checked {
        let started = Instant::now();
        let wait = |wait_millis| Order { wait_millis, words: "in time".to_owned(), ..Order::default() };
        let within =
            |millis| CallOptions { timeout: Some(Duration::from_millis(millis)), ..CallOptions::default() };
        let late = self.lab.unary::<_, Text>("wait", &wait(20_000), within(300)).await;
        refused(late, Code::DeadlineExceeded.number(), "deadline")?;
        if started.elapsed() > Duration::from_secs(5) {
            return Err(format!("the call ended after {:?}", started.elapsed()));
        }
        equal(self.lab.unary("wait", &wait(5), within(10_000)).await, &Text { text: "in time".to_owned() })
    }

    async fn metadata_and_deadline_reach_the_handler(&self) -> Checked {
        let pairs =
            [("a", "1"), ("unicode-€", "😀"), ("empty", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let options = CallOptions { timeout: Some(Duration::from_secs(30)), metadata: pairs.to_vec() };
        let seen: Seen = self.lab.unary("seen", &Order::default(), options).await.map_err(debug_text)?;
        let mut metadata = seen.metadata;
        metadata.sort();
        let mut wanted = pairs.to_vec();
        wanted.sort();
        equal(Ok(metadata), &wanted)?;
        let timely = seen.has_deadline && (15_000..=30_000).contains(&seen.remaining_millis);
        if timely && seen.peer.len() == 64 {
            Ok(())
        } else {
            Err(format!("{} ms, peer {:?}", seen.remaining_millis, seen.peer))
        }
    }

    fn count(&self, order: &Order) -> Result<Receiver<Chunk>, String> {
        self.lab.server_stream("count", order, CallOptions::default()).map_err(debug_text)
    }

    async fn ten_thousand_items_in_order(&self) -> Checked {
        let items =
            all(self.count(&Order { count: 10_000, ..Order::default() })?).await.map_err(debug_text)?;
        equal(Ok(items.iter().map(|item| item.index).collect::<Vec<_>>()), &(0..10_000).collect())?;
        equal(Ok(all(self.count(&Order::default())?).await.map_err(debug_text)?), &Vec::new())
    }

    async fn large_items(&self) -> Checked {
        let items = all(self.count(&Order { count: 12, size: 70_000, ..Order::default() })?)
            .await
            .map_err(debug_text)?;
        let body = pattern(70_000);
        equal(Ok(items.iter().filter(|item| item.body == body).count()), &12)
    }

    async fn an_error_after_items(&self) -> Checked {
        let order = Order { count: 3, code: 8, words: "late".to_owned(), ..Order::default() };
        let mut stream = self.count(&order)?;
        for _ in 0..3 {
            stream.next().await.map_err(debug_text)?;
        }
        refused(stream.next().await, 8, "late")
    }

    async fn a_stream_that_is_left_early(&self) -> Checked {
        let mut stream = self.count(&Order { count: 1_000_000, size: 100, ..Order::default() })?;
        for _ in 0..3 {
            stream.next().await.map_err(debug_text)?;
        }
        drop(stream);
        self.text_in_all_encodings().await
    }

    async fn upload(&self, count: i64, size: i64) -> Result<Total, Status> {
        let mut upload = self.lab.client_stream("upload", CallOptions::default())?;
        for index in 0..count {
            upload.send(&Chunk { index, body: pattern(size) }).await?;
        }
        upload.finish().await
    }

    async fn uploads(&self) -> Checked {
        for (items, size) in [(0, 0), (3000, 5), (10, 60_000)] {
            equal(
                self.upload(items, size).await,
                &Total { items, characters: items * size, in_order: true },
            )?;
        }
        Ok(())
    }

    async fn an_upload_that_is_refused(&self) -> Checked {
        let mut upload =
            self.lab.client_stream::<_, Total>("upload", CallOptions::default()).map_err(debug_text)?;
        upload.send(&Chunk { index: 0, body: "refuse".to_owned() }).await.map_err(debug_text)?;
        refused(upload.finish().await, Code::FailedPrecondition.number(), "asked to refuse")
    }

    /// A cancelled upload must not be committed.
    async fn an_upload_that_is_left(&self) -> Checked {
        let commits = || self.lab.unary::<_, Total>("commits", &Nothing {}, CallOptions::default());
        let before = commits().await.map_err(debug_text)?;
        let mut cancelled =
            self.lab.client_stream::<_, Total>("upload", CallOptions::default()).map_err(debug_text)?;
        cancelled.send(&Chunk::default()).await.map_err(debug_text)?;
        drop(cancelled);
        self.upload(5, 1).await.map_err(debug_text)?;
        let after = commits().await.map_err(debug_text)?;
        equal(Ok((after.items, after.characters)), &(before.items + 1, 5))
    }

    async fn a_dialogue(&self) -> Checked {
        let (mut out, mut back) = self.lab.bidi("shout", CallOptions::default()).map_err(debug_text)?;
        for (index, body) in (0..).zip(["one", "é", "€ 😀"]) {
            out.send(&Chunk { index, body: body.to_owned() }).await.map_err(debug_text)?;
            equal(back.next().await, &Some(Chunk { index: index + 1000, body: body.to_uppercase() }))?;
        }
        for index in 0..50 {
            out.send(&Chunk { index, body: "x".to_owned() }).await.map_err(debug_text)?;
        }
        out.end();
        let rest = all(back).await.map_err(debug_text)?;
        equal(Ok(rest.iter().map(|chunk| chunk.index).collect::<Vec<_>>()), &(1000..1050).collect())
    }

    async fn a_dialogue_that_the_server_ends(&self) -> Checked {
        let (mut out, mut back) =
            self.lab.bidi::<_, Chunk>("shout", CallOptions::default()).map_err(debug_text)?;
        out.send(&Chunk { index: 1, body: "enough".to_owned() }).await.map_err(debug_text)?;
        equal(back.next().await, &None)
    }

    async fn a_dialogue_that_is_refused(&self) -> Checked {
        let (mut out, mut back) =
            self.lab.bidi::<_, Chunk>("shout", CallOptions::default()).map_err(debug_text)?;
        out.send(&Chunk { index: 1, body: "refuse".to_owned() }).await.map_err(debug_text)?;
        refused(back.next().await, Code::Aborted.number(), "asked to refuse")
    }

    async fn sixty_four_calls_at_once(&self) -> Checked {
        let mut calls = tokio::task::JoinSet::new();
        let started: Vec<_> = (0..64)
            .map(|number| {
                self.lab.server_stream::<_, Chunk>(
                    "count",
                    &Order { count: number, ..Order::default() },
                    CallOptions::default(),
                )
            })
            .collect();
        for stream in started {
            calls.spawn(all(stream.map_err(debug_text)?));
        }
        let mut counts = Vec::new();
        while let Some(items) = calls.join_next().await {
            counts.push(items.map_err(debug_text)?.map_err(debug_text)?.len());
        }
        counts.sort_unstable();
        equal(Ok(counts), &(0..64).collect())
    }
}

async fn all<M: Message>(mut stream: Receiver<M>) -> Result<Vec<M>, Status> {
    let mut items = Vec::new();
    while let Some(item) = stream.next().await? {
        items.push(item);
    }
    Ok(items)
}

fn debug_text(error: impl Debug) -> String {
    format!("{error:?}").chars().take(300).collect()
}

fn equal<T: PartialEq + Debug>(got: Result<T, Status>, wanted: &T) -> Checked {
    match got {
        Ok(got) if got == *wanted => Ok(()),
        Ok(got) => Err(format!("got {}, wanted {}", debug_text(got), debug_text(wanted))),
        Err(status) => Err(debug_text(status)),
    }
}

fn refused<T: Debug>(got: Result<T, Status>, code: i64, words: &str) -> Checked {
    match got {
        Err(status) if status.code == code && status.message.contains(words) => Ok(()),
        other => Err(format!("got {}, wanted code {code} with {words:?}", debug_text(other))),
    }
}
