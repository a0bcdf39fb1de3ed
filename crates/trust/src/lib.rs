//! Who may call: keys, credentials, admission, capabilities, revocation.
//!
//! Owns what a credential says, how it is signed and written, and every decision about a peer: admitted or refused, and
//! with which roles. Each decision is a function of its arguments: the time is passed in, and nothing here opens a socket
//! or starts a thread. `aster-net` asks at its gates and acts on the answer. The documents of the admission exchange are
//! `aster-wire`'s; this crate gets the credential out of them as text. Only the modules [`files`] and [`store`] (feature
//! `store`) touch the disk.
//!
//! Every function may be given bytes from a hostile peer. Whatever cannot be read or decided is refused: no answer means no.
#![forbid(unsafe_code)]

pub mod access;
pub mod admission;
pub mod attributes;
pub mod bucket;
pub mod capability;
pub mod credential;
#[cfg(feature = "store")]
pub mod files;
pub mod identity;
mod json;
pub mod key;
pub mod key_file;
pub mod mesh;
pub mod nonce;
pub mod peers;
pub mod profile;
pub mod refusal;
pub mod request;
pub mod revocation;
pub mod roots;
mod signature;
#[cfg(feature = "store")]
pub mod store;
mod text;
pub mod time;

pub use signature::Signature;
