//! The fingerprint of the exact schemas of a service (`docs/protocol.md#exact-schemas`).
//!
//! A contract id does not contain the sizes of numbers, the members of enums, and which references are tracked. Two services
//! with equal ids can so have payloads that the other side misreads. Equal fingerprints exclude that. Owns the lines
//! from which a fingerprint is computed. They are sorted, so the order of declarations has no influence.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::error::ContractError;

/// The form of the lines. Fingerprints of another form are not compared.
const FORM: &str = "1";
/// What sets this hash apart from others.
const CONTEXT: &str = "aster-rpc exact schemas v1";
/// Bytes of the hash in a fingerprint.
const HASH_BYTES: usize = 16;

/// The fingerprint of a service document: the number of the form, a colon, and 32 hexadecimal digits. Only types that
/// methods use are included.
///
/// *Errors*: [`ContractError`] if the text is not JSON.
pub fn fingerprint(service_json: &str) -> Result<String, ContractError> {
    let document: Value = serde_json::from_str(service_json)?;
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    for line in lines(&document) {
        hasher.update(&(line.len() as u64).to_le_bytes());
        hasher.update(line.as_bytes());
    }
    let hash = hasher.finalize();
    let digits = hash.to_hex();
    Ok(format!("{FORM}:{}", &digits[..2 * HASH_BYTES]))
}

/// Whether two fingerprints prove that the schemas differ. Fingerprints of different forms prove nothing.
pub fn differ(a: &str, b: &str) -> bool {
    match (a.split_once(':'), b.split_once(':')) {
        (Some((form, ours)), Some((other, theirs))) => form == other && ours != theirs,
        _ => false,
    }
}

fn lines(document: &Value) -> BTreeSet<String> {
    let empty = Vec::new();
    let types = document["schema"]["types"].as_array().unwrap_or(&empty);
    let mut reader = Reader { types, found: HashSet::new(), waiting: Vec::new() };
    let mut lines = BTreeSet::new();
    for method in document["methods"].as_array().unwrap_or(&empty) {
        let (request, response) = (reader.text(&method["request"]), reader.text(&method["response"]));
        lines.insert(format!("method {} {} {request} {response}", method["name"], method["pattern"]));
        // The options of other messages have no influence on payloads, and neither has `compatible`: descriptions are
        // only sent to a peer that announces them.
        for root in [&method["request"], &method["response"]].into_iter().filter_map(root_index) {
            let Some(declared) = types.get(root) else { continue };
            let refs = declared["refs"].as_bool().unwrap_or_default();
            lines.insert(format!("root {} {refs}", declared["tag"]));
        }
    }
    while let Some(index) = reader.waiting.pop() {
        let Some(declared) = types.get(index) else { continue };
        let (tag, kind) = (&declared["tag"], &declared["kind"]);
        let members = &declared["members"];
        let json = if declared["json"].is_null() { members } else { &declared["json"] };
        lines.insert(format!("type {tag} {kind} {members} {json}"));
        for field in declared["fields"].as_array().unwrap_or(&empty) {
            lines.insert(format!("field {tag} {} {}", field["name"], reader.text(&field["type"])));
        }
    }
    lines
}

/// The index of the message of a request or response.
fn root_index(word: &Value) -> Option<usize> {
    let message = &word.get("optional").unwrap_or(word)["message"];
    message.as_u64().and_then(|index| usize::try_from(index).ok())
}

struct Reader<'d> {
    types: &'d [Value],
    /// Indexes of the types that were referred to.
    found: HashSet<usize>,
    /// Those of them whose fields were not read.
    waiting: Vec<usize>,
}

impl Reader<'_> {
    /// A type as text. Types with a tag are written as their tag, because indexes depend on the order of declarations.
    fn text(&mut self, word: &Value) -> String {
        let Some((member, inner)) = word.as_object().and_then(|members| members.iter().next()) else {
            return word.to_string();
        };
        match member.as_str() {
            "message" | "enum" | "ext" => format!("{member} {}", self.tag(inner)),
            "union" => {
                let members = inner.as_array().map(Vec::as_slice).unwrap_or_default();
                let tags: BTreeSet<String> = members.iter().map(|index| self.tag(index)).collect();
                format!("union {tags:?}")
            }
            "map" => format!("map({},{})", self.text(&inner[0]), self.text(&inner[1])),
            _ => format!("{member}({})", self.text(inner)),
        }
    }

    fn tag(&mut self, index: &Value) -> String {
        let known = index.as_u64().and_then(|index| usize::try_from(index).ok());
        let Some((index, declared)) = known.and_then(|index| Some((index, self.types.get(index)?))) else {
            return index.to_string();
        };
        if self.found.insert(index) {
            self.waiting.push(index);
        }
        declared["tag"].to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(element: &str, members: &str, refs: bool) -> String {
        format!(
            r#"{{"name":"S","version":1,"methods":[{{"name":"get","pattern":"unary","request":{{"message":0}},"response":{{"optional":{{"message":0}}}}}}],
            "schema":{{"types":[
              {{"kind":"message","tag":"x/A","refs":{refs},"compatible":false,"fields":[
                {{"name":"values","type":{{"list":"{element}"}}}},
                {{"name":"next","type":{{"optional":{{"message":0}}}}}},
                {{"name":"color","type":{{"enum":1}}}},
                {{"name":"both","type":{{"union":[0,2]}}}}]}},
              {{"kind":"enum","tag":"x/Color","members":{members},"json":["RED","GREEN"]}},
              {{"kind":"ext","tag":"x/E"}},
              {{"kind":"message","tag":"x/Unused","fields":[{{"name":"n","type":"{element}"}}]}}]}}}}"#
        )
    }

    fn print(element: &str, members: &str, refs: bool) -> String {
        fingerprint(&service(element, members, refs)).unwrap()
    }

    #[test]
    fn a_fingerprint_differs_when_payloads_would_be_misread() {
        let base = print("int32", r#"["RED","GREEN"]"#, false);
        assert_eq!(base.len(), 34);
        for other in [
            print("int8", r#"["RED","GREEN"]"#, false),
            print("int32", r#"["GREEN","RED"]"#, false),
            print("int32", r#"["RED","GREEN"]"#, true),
        ] {
            assert!(differ(&base, &other), "{base} {other}");
        }
    }

    #[test]
    fn a_fingerprint_does_not_depend_on_the_order_of_declarations_and_on_unused_types() {
        let text = service("int32", r#"["RED","GREEN"]"#, false);
        let mut document: Value = serde_json::from_str(&text).unwrap();
        let types = document["schema"]["types"].as_array_mut().unwrap();
        types.pop();
        types[0]["fields"].as_array_mut().unwrap().reverse();
        let other = fingerprint(&document.to_string()).unwrap();
        assert!(!differ(&fingerprint(&text).unwrap(), &other));
    }

    #[test]
    fn a_fingerprint_does_not_depend_on_members_that_are_written_or_left_out() {
        let text = service("int32", r#"["RED","GREEN"]"#, false);
        let shorter =
            text.replace(r#""refs":false,"compatible":false,"#, "").replace(r#","json":["RED","GREEN"]"#, "");
        assert!(shorter.len() < text.len() - 40);
        assert_eq!(fingerprint(&text).unwrap(), fingerprint(&shorter).unwrap());
    }

    #[test]
    fn fingerprints_of_another_form_prove_nothing() {
        assert!(!differ("1:00", "2:ff"));
        assert!(!differ("1:00", ""));
        assert!(differ("1:00", "1:ff"));
    }

    #[test]
    fn a_document_with_wrong_indexes_has_a_fingerprint_and_no_panic() {
        let text = r#"{"methods":[{"request":{"message":9},"response":{"map":[]}},{"request":{"union":7}},{}],"schema":{"types":7}}"#;
        assert_eq!(fingerprint(text).unwrap().len(), 34);
        assert!(fingerprint("{").is_err());
    }
}
