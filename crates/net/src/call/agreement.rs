//! What a client knows of a service, and whether the service that a server announces is the same.
//!
//! Owns the rule for contract ids, fingerprints of exact schemas, and compatible messages. It is applied when a stub is made,
//! and again for every connection that replaces another one.

use std::time::Duration;

use aster_contract::{ContractError, describe, diff, exact};
use aster_wire::admission::ServiceSummary;
use aster_wire::call::REASON_DETAIL;
use aster_wire::record::RpcStatus;
use aster_wire::status::Code;

use super::payload::Mode;
use crate::connection::Callee;
use crate::error::status;

/// The extension of a summary that contains the fingerprint of the exact schemas.
pub(super) const EXACT: &str = "exact";
/// The extension of a summary that announces [`Mode::Compatible`].
pub(super) const COMPATIBLE: &str = "compatible";
/// The extension of a summary that announces [`Mode::Native`], and the form of its payloads that this library knows.
pub(super) const NATIVE: &str = "native";
pub(super) const NATIVE_FORMAT: &str = "1";
/// How long an error waits for the description of the server.
const DESCRIPTION_TIMEOUT: Duration = Duration::from_secs(2);
/// Most characters of the differences in an error.
const DIFFERENCE_CHARS: usize = 3000;

/// A service as a client has declared it.
#[derive(Debug)]
pub struct Agreement {
    service: String,
    version: i64,
    /// The contract ids that this side accepts, the strict one first. Empty: the service has no id.
    contract_ids: Vec<String>,
    /// The fingerprint of the exact schemas.
    exact: String,
    /// The fingerprint of the plan, when every request and response was declared compatible.
    compatible: Option<String>,
    document: String,
}

/// Result of comparing a service with an announced one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Contract and schemas are equal, as far as the server announces them.
    Same,
    /// The announced id leaves response types open.
    Open,
    /// The contracts differ, and both sides can read messages of other versions.
    Compatible,
    /// The contract ids differ.
    OtherContract,
    /// The contract ids are equal, but the exact schemas differ.
    OtherSchemas,
}

impl Agreement {
    /// The agreement for a service document. `compatible` is the fingerprint of the plan of a service whose messages are all
    /// compatible.
    ///
    /// # Errors
    /// [`ContractError`] when the text is no service document.
    pub fn new(
        (service, version): (&str, i64),
        document: String,
        compatible: Option<String>,
    ) -> Result<Self, ContractError> {
        let described = describe(&document)?;
        let ids = described.contract_id.into_iter().chain(described.open_contract_ids);
        Ok(Self {
            service: service.to_owned(),
            version,
            contract_ids: ids.collect(),
            exact: exact::fingerprint(&document)?,
            compatible,
            document,
        })
    }

    /// Compares the service with an announced one.
    pub fn judge(&self, contract_id: &str, extension: impl Fn(&str) -> Option<String>) -> Verdict {
        let place = self.contract_ids.iter().position(|known| known == contract_id);
        let other = extension(EXACT).is_some_and(|theirs| exact::differ(&self.exact, &theirs));
        match place {
            Some(0) if !other => Verdict::Same,
            Some(_) if !other => Verdict::Open,
            _ if self.compatible.is_some() && extension(COMPATIBLE).is_some() => Verdict::Compatible,
            Some(_) => Verdict::OtherSchemas,
            None => Verdict::OtherContract,
        }
    }

    /// Compares the service with an announced one, given as a summary.
    pub fn compare(&self, theirs: &ServiceSummary) -> Verdict {
        self.judge(&theirs.contract_id, |name| extension(theirs, name))
    }

    /// Whether NATIVE calls are allowed with the announced service: it announces the same form and the same exact schemas.
    pub fn takes_native(&self, extension: impl Fn(&str) -> Option<String>) -> bool {
        extension(NATIVE).as_deref() == Some(NATIVE_FORMAT) && extension(EXACT).as_ref() == Some(&self.exact)
    }

    /// The service among the announced ones that calls would reach.
    pub fn find<'s>(&self, announced: &'s [ServiceSummary]) -> Option<&'s ServiceSummary> {
        announced.iter().find(|known| known.name == self.service && known.version == self.version)
    }

    /// The mode for calls that were prepared for `mode`. `None`: such calls are not allowed with the announced service.
    pub(crate) fn mode(&self, theirs: &ServiceSummary, mode: Mode) -> Option<Mode> {
        let verdict = self.compare(theirs);
        let is_allowed = !matches!(verdict, Verdict::OtherContract | Verdict::OtherSchemas);
        if !is_allowed || (mode != Mode::Json && theirs.is_json_only()) {
            return None;
        }
        if mode == Mode::Native {
            return self.takes_native(|name| extension(theirs, name)).then_some(mode);
        }
        if theirs.is_native_only() {
            return None;
        }
        let same_plan = || extension(theirs, COMPATIBLE) == self.compatible;
        match (mode, verdict) {
            (Mode::Json, _) => Some(Mode::Json),
            (_, Verdict::Compatible) if !same_plan() => Some(Mode::Compatible),
            _ => Some(Mode::Xlang),
        }
    }

    /// Name and version of the service.
    pub fn name(&self) -> (&str, i64) {
        (&self.service, self.version)
    }

    /// The differences between the server's document and ours as text. `None` when the document is not the announced one, or
    /// when it cannot be compared.
    pub fn differences(&self, document: &str, theirs: &ServiceSummary) -> Option<String> {
        if !is_announced(document, theirs) {
            return None;
        }
        let compared = diff::diff(document, &self.document).ok()?;
        let changes = compared.services.iter().any(|service| !service.changes.is_empty());
        changes.then(|| printable(&compared.text))
    }

    /// The status of a call whose connection was replaced by one to a server with another contract.
    pub(crate) fn mismatch(&self, theirs: Option<&ServiceSummary>, differences: Option<&str>) -> RpcStatus {
        let (service, version) = (&self.service, self.version);
        let Some(theirs) = theirs else {
            let text = format!("the server was replaced by one that does not offer {service} v{version}");
            return with_details(status(Code::NotFound, text), vec![(REASON_DETAIL, "SERVICE_NOT_OFFERED")]);
        };
        let ours = self.contract_ids.first().map_or("", String::as_str);
        let same_contract = self.contract_ids.contains(&theirs.contract_id);
        let problem = if theirs.is_json_only() && same_contract {
            "the server was replaced by one that only accepts JSON".to_owned()
        } else if same_contract && extension(theirs, EXACT).as_ref() == Some(&self.exact) {
            "the server was replaced by one that does not announce the mode of this call".to_owned()
        } else if theirs.contract_id == ours {
            "the server was replaced by one whose schemas differ, although the contract ids are equal"
                .to_owned()
        } else {
            let id: String = printable(&theirs.contract_id).chars().take(80).collect();
            format!("the server was replaced by one whose contract is {id}, ours is {ours}")
        };
        let changes = differences.map_or_else(String::new, |text| {
            format!("; the changes from the server's contract to ours:\n{text}")
        });
        let text = format!("{service} v{version}: {problem}{changes}");
        let version = version.to_string();
        let mut details = vec![
            (REASON_DETAIL, "CONTRACT_MISMATCH"),
            ("service", service.as_str()),
            ("version", version.as_str()),
            ("contractId", ours),
            ("serverContractId", theirs.contract_id.as_str()),
        ];
        details.extend(differences.map(|text| ("diff", text)));
        with_details(status(Code::FailedPrecondition, text), details)
    }
}

/// Whether a document describes the announced service.
fn is_announced(document: &str, theirs: &ServiceSummary) -> bool {
    let exact = exact::fingerprint(document).ok();
    let same_id = || match describe(document) {
        // A service without an id announces a placeholder.
        Ok(described) => described.contract_id.is_none_or(|id| id == theirs.contract_id),
        Err(_) => false,
    };
    exact.is_some() && exact == extension(theirs, EXACT) && same_id()
}

impl Callee {
    /// The document of an announced service. `None` when the server announces no exact schemas.
    ///
    /// # Errors
    /// `UNAVAILABLE` when the server does not answer, `DATA_LOSS` when it answers with another document.
    pub async fn description(&self, theirs: &ServiceSummary) -> Result<Option<String>, RpcStatus> {
        let (name, version) = (&theirs.name, theirs.version);
        if extension(theirs, EXACT).is_none() {
            return Ok(None);
        }
        let Some(document) = self.describe(name, version).await else {
            let text = format!("the server did not send the description of {name} v{version}");
            return Err(status(Code::Unavailable, text));
        };
        if is_announced(&document, theirs) {
            return Ok(Some(document));
        }
        let text = format!("the description of {name} v{version} is not that of the announced service");
        Err(status(Code::DataLoss, text))
    }

    /// The differences between the announced service and ours, for which the server is asked. `None` when it does not answer
    /// within 2 s.
    pub async fn differences(&self, agreement: &Agreement, theirs: &ServiceSummary) -> Option<String> {
        extension(theirs, EXACT)?;
        let asked = self.describe(&theirs.name, theirs.version);
        let document = tokio::time::timeout(DESCRIPTION_TIMEOUT, asked).await.ok()??;
        agreement.differences(&document, theirs)
    }
}

/// An extension of a summary.
pub(crate) fn extension(summary: &ServiceSummary, name: &str) -> Option<String> {
    summary.extensions.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

fn with_details(mut status: RpcStatus, details: Vec<(&str, &str)>) -> RpcStatus {
    status.details = details.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    status
}

/// Text that contains words of a peer: without control characters except line feeds, and not too long.
fn printable(text: &str) -> String {
    let shown = text.trim_end().chars().take(DIFFERENCE_CHARS).map(|character| match character {
        '\n' => '\n',
        character if character.is_control() => '\u{fffd}',
        character => character,
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(element: &str, extra: &str) -> String {
        format!(
            r#"{{"name":"S","version":1,"methods":[{{"name":"get","pattern":"unary","request":{{"message":0}},"response":{{"message":0}}}}],
            "schema":{{"types":[{{"kind":"message","tag":"x/A","namespace":"x","name":"A","refs":false,"compatible":false,
              "fields":[{{"name":"values","type":{{"list":"{element}"}}}}{extra}]}}]}}}}"#
        )
    }

    fn agreement(element: &str, compatible: Option<&str>) -> Agreement {
        let document = document(element, "");
        Agreement::new(("S", 1), document, compatible.map(ToOwned::to_owned)).unwrap()
    }

    fn summary(document: &str, compatible: Option<&str>) -> ServiceSummary {
        let exact = (EXACT.to_owned(), exact::fingerprint(document).unwrap());
        let compatible = compatible.map(|print| (COMPATIBLE.to_owned(), print.to_owned()));
        ServiceSummary {
            name: "S".to_owned(),
            version: 1,
            contract_id: describe(document).unwrap().contract_id.unwrap(),
            channels: Vec::new(),
            pattern: "shared".to_owned(),
            serialization_modes: Vec::new(),
            extensions: std::iter::once(exact).chain(compatible).collect(),
        }
    }

    #[test]
    fn equal_ids_with_other_exact_schemas_are_no_agreement() {
        let ours = agreement("int32", None);
        let same = summary(&document("int32", ""), None);
        let other = summary(&document("int8", ""), None);
        assert_eq!(same.contract_id, other.contract_id);
        assert_eq!(ours.compare(&same), Verdict::Same);
        assert_eq!(ours.compare(&other), Verdict::OtherSchemas);
        assert_eq!(ours.mode(&other, Mode::Xlang), None);
        assert!(ours.differences(&document("int8", ""), &other).unwrap().contains("x/A.values"));
        assert!(ours.differences(&document("int16", ""), &other).is_none(), "not the announced document");
    }

    #[test]
    fn a_server_that_announces_only_its_id_is_compared_by_id() {
        let ours = agreement("int32", None);
        let mut python = summary(&document("int8", ""), None);
        python.extensions.clear();
        assert_eq!(ours.compare(&python), Verdict::Same);
        python.contract_id = "no id".to_owned();
        assert_eq!(ours.compare(&python), Verdict::OtherContract);
    }

    #[test]
    fn compatible_services_of_other_versions_agree_when_both_sides_are_compatible() {
        let longer = document("int32", r#",{"name":"note","type":"string"}"#);
        let (ours, only_ours) = (summary(&longer, Some("b")), agreement("int32", None));
        let compatible = agreement("int32", Some("a"));
        assert_eq!(compatible.compare(&ours), Verdict::Compatible);
        assert_eq!(compatible.mode(&ours, Mode::Xlang), Some(Mode::Compatible));
        assert_eq!(compatible.mode(&ours, Mode::Json), Some(Mode::Json));
        assert_eq!(only_ours.compare(&ours), Verdict::OtherContract);
        let fixed = summary(&longer, None);
        assert_eq!(compatible.compare(&fixed), Verdict::OtherContract);
    }

    #[test]
    fn a_server_that_only_accepts_json_is_no_agreement_for_other_modes() {
        let ours = agreement("int32", None);
        let mut json = summary(&document("int32", ""), None);
        json.serialization_modes = vec!["json".to_owned()];
        assert_eq!(ours.mode(&json, Mode::Xlang), None);
        assert_eq!(ours.mode(&json, Mode::Json), Some(Mode::Json));
    }

    #[test]
    fn native_calls_need_the_same_form_and_the_same_exact_schemas() {
        let ours = agreement("int32", None);
        let mut theirs = summary(&document("int32", ""), None);
        assert_eq!(ours.mode(&theirs, Mode::Native), None, "not announced");
        theirs.extensions.push((NATIVE.to_owned(), "2".to_owned()));
        assert_eq!(ours.mode(&theirs, Mode::Native), None, "another form");
        theirs.extensions.pop();
        theirs.extensions.push((NATIVE.to_owned(), NATIVE_FORMAT.to_owned()));
        assert_eq!(ours.mode(&theirs, Mode::Native), Some(Mode::Native));
        assert_eq!(ours.mode(&theirs, Mode::Xlang), Some(Mode::Xlang));
        theirs.serialization_modes = vec!["native".to_owned()];
        assert_eq!(ours.mode(&theirs, Mode::Xlang), None, "a service for NATIVE calls only");
        theirs.extensions.retain(|(name, _)| name != EXACT);
        assert_eq!(ours.mode(&theirs, Mode::Native), None, "schemas that are not known");
    }

    #[test]
    fn the_words_of_a_peer_are_printable_and_bounded() {
        assert_eq!(printable("a\u{1b}[1m\r\nb\n"), "a\u{fffd}[1m\u{fffd}\nb");
        assert_eq!(printable(&"x".repeat(99_999)).len(), DIFFERENCE_CHARS);
    }
}
