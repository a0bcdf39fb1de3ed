#![allow(missing_docs)]
use aster_codec::Plan;
#[derive(Debug)] pub struct CodecError;
impl std::fmt::Display for CodecError { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("x") } }
impl CodecError { pub fn code(&self) -> u8 { 3 } pub fn details(&self) -> Vec<(String,String)> { vec![] } }
pub fn xlang_to_json(_: &Plan, _: usize, _: &[u8], _: &mut Vec<u8>) -> Result<(), CodecError> { Ok(()) }
pub fn json_to_xlang(_: &Plan, _: usize, _: &[u8], _: bool) -> Result<Vec<u8>, CodecError> { Ok(vec![]) }
pub fn check(_: &Plan, _: usize, _: &[u8]) -> Result<(), CodecError> { Ok(()) }
