//! Shared by the server and the client of the Lab: its contracts, and structs for some of its messages. The other
//! messages are [`aster_rpc::Value`]s.
#![allow(dead_code, unreachable_pub, reason = "two programs share this module, and neither uses all of it")]

use aster_rpc::{Contract, ContractProblem, NodeOptions, message};

message! { pub struct Text = "lab.v1/Text" { pub text: String } }
message! { pub struct Nothing = "lab.v1/Nothing" {} }
message! {
    /// Instructions for a handler: number and size of items, time to wait, status code.
    pub struct Order = "lab.v1/Order" {
        pub count: i64, pub size: i64, pub wait_millis: i64, pub code: i64, pub words: String,
    }
}
message! { pub struct Chunk = "lab.v1/Chunk" { pub index: i64, pub body: String } }
message! { pub struct Total = "lab.v1/Total" { pub items: i64, pub characters: i64, pub in_order: bool } }
message! {
    /// The facts about its call that the handler has received.
    pub struct Seen = "lab.v1/Seen" {
        pub metadata: Vec<(String, String)>, pub has_deadline: bool, pub remaining_millis: i64, pub peer: String,
    }
}
message! { pub struct Question = "lab.v1/Question" { pub text: String } }
message! { pub struct Answer = "lab.v1/Answer" { pub text: String, pub length: i64 } }

/// The contracts of `Lab` v1, `LabNext` v3 and `LabPostponed` v1.
pub fn contracts() -> Result<[Contract; 3], ContractProblem> {
    Ok([
        Contract::from_json(include_str!("lab.json"))?,
        Contract::from_json(include_str!("lab_next.json"))?,
        Contract::from_json(include_str!("lab_postponed.json"))?,
    ])
}

/// A node on loopback.
pub fn loopback() -> NodeOptions {
    NodeOptions { bind: Some(([127, 0, 0, 1], 0).into()), ..NodeOptions::default() }
}

/// A text of this length in which a lost, repeated or moved block can be noticed.
pub fn pattern(size: i64) -> String {
    "0123456789é€".chars().cycle().take(usize::try_from(size).unwrap_or_default()).collect()
}
