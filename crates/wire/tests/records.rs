//! Records: golden vectors in both encodings, and malformed input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_testkit::{hex, vectors};
use aster_wire::limit::{self, RecordLimits};
use aster_wire::record::{CallHeader, Encoding, RecordError, RpcStatus, StreamHeader};
use aster_wire::status::Code;
use proptest::prelude::*;
use serde_json::Value;

fn pairs(value: &Value, keys: &str, values: &str) -> Vec<(String, String)> {
    vectors::texts(value, keys).into_iter().zip(vectors::texts(value, values)).collect()
}

fn stream_header(value: &Value) -> StreamHeader {
    StreamHeader {
        service: vectors::text(value, "service").to_owned(),
        method: vectors::text(value, "method").to_owned(),
        version: vectors::int(value, "version"),
        call_id: vectors::text(value, "callId").to_owned(),
        deadline_epoch_ms: vectors::int(value, "deadlineEpochMs"),
        serialization_mode: vectors::int(value, "serializationMode"),
        metadata: pairs(value, "metadataKeys", "metadataValues"),
    }
}

fn call_header(value: &Value) -> CallHeader {
    CallHeader {
        method: vectors::text(value, "method").to_owned(),
        call_id: vectors::text(value, "callId").to_owned(),
        deadline_epoch_ms: vectors::int(value, "deadlineEpochMs"),
        metadata: pairs(value, "metadataKeys", "metadataValues"),
    }
}

fn status(value: &Value) -> RpcStatus {
    RpcStatus {
        code: vectors::int(value, "code"),
        message: vectors::text(value, "message").to_owned(),
        details: pairs(value, "detailKeys", "detailValues"),
    }
}

/// Checks that a record encodes to these bytes and this text, and that both decode to the record.
macro_rules! check {
    ($record:ident, $value:expr, $case:expr) => {{
        let (value, case) = ($value, $case);
        let (fory, json) = (vectors::bytes(case, "xlang_hex"), vectors::text(case, "json_text"));
        assert_eq!(hex::encode(&value.encode(Encoding::Fory)), hex::encode(&fory));
        assert_eq!(String::from_utf8(value.encode(Encoding::Json)).unwrap(), json);
        assert_eq!($record::decode(&fory).unwrap(), (value.clone(), Encoding::Fory));
        assert_eq!($record::decode(json.as_bytes()).unwrap(), (value, Encoding::Json));
    }};
}

#[test]
fn vectors_are_encoded_and_decoded_in_both_encodings() {
    let file = vectors::load("fory");
    for case in vectors::list(&file, "cases") {
        let value = &case["value"];
        match vectors::text(case, "type") {
            "StreamHeader" => check!(StreamHeader, stream_header(value), case),
            "CallHeader" => check!(CallHeader, call_header(value), case),
            "RpcStatus" => check!(RpcStatus, status(value), case),
            other => panic!("unknown record {other}"),
        }
    }
}

#[test]
fn prefixes_equal_those_of_the_vectors() {
    let types = &vectors::load("fory")["protocol_types"];
    let starts = |name: &str, bytes: Vec<u8>| {
        let prefix = vectors::text(&types[name], "prefix_hex").to_owned();
        assert!(hex::encode(&bytes).starts_with(&prefix), "{name}");
    };
    starts("StreamHeader", StreamHeader::default().encode(Encoding::Fory));
    starts("CallHeader", CallHeader::default().encode(Encoding::Fory));
    starts("RpcStatus", RpcStatus::default().encode(Encoding::Fory));
}

/// Headers, call headers and trailers of all recorded calls.
#[test]
fn recorded_records_decode_and_encode_to_the_same_bytes() {
    let file = vectors::load("wheel-transcripts");
    let mut counts = [0; 3];
    for case in vectors::list(&file, "cases") {
        for stream in vectors::list(case, "streams") {
            for side in ["client_frames", "server_frames"] {
                for frame in vectors::list(stream, side) {
                    let payload = vectors::bytes(frame, "payload_hex");
                    let (again, kind) = match vectors::int(frame, "flags") {
                        4 => {
                            let (header, encoding) = StreamHeader::decode(&payload).unwrap();
                            (header.encode(encoding), 0)
                        }
                        0x10 => {
                            let (header, encoding) = CallHeader::decode(&payload).unwrap();
                            (header.encode(encoding), 1)
                        }
                        2 => {
                            let (status, encoding) = RpcStatus::decode(&payload).unwrap();
                            (status.encode(encoding), 2)
                        }
                        _ => continue,
                    };
                    assert_eq!(hex::encode(&again), hex::encode(&payload), "{}", case["name"]);
                    counts[kind] += 1;
                }
            }
        }
    }
    assert!(counts[0] > 40 && counts[1] > 5 && counts[2] > 40, "{counts:?}");
}

#[test]
fn recorded_probe_trailers_decode_to_their_statuses() {
    let file = vectors::load("wheel-probes");
    let mut count = 0;
    for case in vectors::list(&file, "cases") {
        let frames = vectors::list(case, "server_frames");
        let Some(trailer) = frames.iter().rfind(|frame| vectors::int(frame, "flags") == 2) else {
            continue;
        };
        let (got, _) = RpcStatus::decode(&vectors::bytes(trailer, "payload_hex")).unwrap();
        assert_eq!(got, status(&case["status"]), "{}", case["name"]);
        assert!(Code::from_number(got.code).is_some());
        count += 1;
    }
    assert!(count > 60, "only {count} trailers");
}

#[test]
fn every_string_is_read_in_all_three_encodings() {
    let prefix = RpcStatus::default().encode(Encoding::Fory);
    let prefix = &prefix[..prefix.len() - 4];
    let latin1 = [&[2 << 2][..], b"\xe9a"].concat();
    let utf16 = [&[(4 << 2) | 1][..], b"\xe9\0a\0"].concat();
    let utf8 = [&[(3 << 2) | 2][..], "éa".as_bytes()].concat();
    for text in [latin1, utf16, utf8] {
        let payload = [prefix, &[0], &text, &[0, 0]].concat();
        assert_eq!(RpcStatus::decode(&payload).unwrap().0.message, "éa");
    }
}

#[test]
fn json_is_written_in_ascii_as_python_writes_it() {
    let status = RpcStatus { code: 5, message: "a\"\\\n\u{1}\u{7f}é😀".to_owned(), details: vec![] };
    let text = String::from_utf8(status.encode(Encoding::Json)).unwrap();
    let expected =
        r#"{"code":5,"message":"a\"\\\n\u0001\u007f\u00e9\ud83d\ude00","detailKeys":[],"detailValues":[]}"#;
    assert_eq!(text, expected);
    assert_eq!(RpcStatus::decode(text.as_bytes()).unwrap().0, status);
}

#[test]
fn json_members_may_be_missing_null_repeated_or_in_any_order() {
    let (header, encoding) = StreamHeader::decode(
        br#" {"version":7,"method":null,"service":"A","service":"B","metadataKeys":null,"version":8}"#
            .trim_ascii(),
    )
    .unwrap();
    let expected = StreamHeader { service: "B".to_owned(), version: 8, ..StreamHeader::default() };
    assert_eq!((header, encoding), (expected, Encoding::Json));
    assert_eq!(RpcStatus::decode(b"{}").unwrap().0, RpcStatus::ok());
}

#[test]
fn json_that_is_not_a_record_is_refused() {
    let bad = [
        r#"{"service":"A","zap":1}"#,
        r#"{"service":1}"#,
        r#"{"version":"1"}"#,
        r#"{"version":1.5}"#,
        r#"{"version":99999999999999999999}"#,
        r#"{"metadataKeys":{}}"#,
        r#"{"metadataKeys":[1]}"#,
        r#"{"service":"A"}x"#,
        r#"{"service":"\ud800"}"#,
        r#"{"service":"A""#,
        "{",
    ];
    for text in bad {
        let error = StreamHeader::decode(text.as_bytes()).unwrap_err();
        assert!(matches!(error, RecordError::Json { .. }), "{text}: {error}");
        assert_eq!(error.code(), Code::Internal);
    }
}

#[test]
fn bytes_that_are_not_a_record_are_refused() {
    let whole = StreamHeader { service: "S".to_owned(), ..StreamHeader::default() }.encode(Encoding::Fory);
    for end in 0..whole.len() {
        assert!(StreamHeader::decode(&whole[..end]).is_err(), "cut at {end}");
    }
    let longer = [&whole[..], &[0]].concat();
    assert!(matches!(StreamHeader::decode(&longer), Err(RecordError::Trailing { count: 1, .. })));
    assert!(matches!(CallHeader::decode(&whole), Err(RecordError::Type(_))));
    assert!(matches!(RpcStatus::decode(&[]), Err(RecordError::Type(_))));
}

#[test]
fn a_list_count_above_the_remaining_bytes_is_refused() {
    let status = RpcStatus::default().encode(Encoding::Fory);
    let mut payload = status[..status.len() - 2].to_vec();
    payload.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0x0c, 0, 0]);
    assert!(matches!(RpcStatus::decode(&payload), Err(RecordError::Malformed { .. })));
}

#[test]
fn metadata_is_paired_up_to_the_shorter_list_and_a_repeated_key_keeps_its_last_value() {
    for (keys, values, expected) in [
        (r#"["a","b"]"#, r#"["1"]"#, vec![("a", "1")]),
        (r#"["a"]"#, r#"["1","2"]"#, vec![("a", "1")]),
        (r#"["a","b","a"]"#, r#"["1","2","3"]"#, vec![("a", "3"), ("b", "2")]),
    ] {
        let text = format!(r#"{{"metadataKeys":{keys},"metadataValues":{values}}}"#);
        let (header, _) = CallHeader::decode(text.as_bytes()).unwrap();
        let got: Vec<_> = header.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(got, expected);
    }
}

#[test]
fn status_details_have_unique_keys_even_above_the_limit() {
    let long = "k".repeat(limit::METADATA_KEY_CHARS);
    for (keys, expected) in [
        (vec![String::new(); 100], vec![("", "31")]),
        (vec![format!("{long}a"), format!("{long}b")], vec![(long.as_str(), "1")]),
    ] {
        let pairs = keys.into_iter().zip((0..).map(|value: usize| value.to_string())).collect();
        let status = RpcStatus { details: pairs, ..RpcStatus::default() };
        for encoding in [Encoding::Fory, Encoding::Json] {
            let (read, _) = RpcStatus::decode(&status.encode(encoding)).unwrap();
            let got: Vec<_> =
                read.details.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            assert_eq!(got, expected, "{encoding:?}");
        }
    }
}

fn many(count: usize) -> Vec<(String, String)> {
    (0..count).map(|index| (format!("k{index}"), String::new())).collect()
}

#[test]
fn metadata_over_a_limit_is_resource_exhausted_in_both_encodings() {
    let value = |key: usize, value: usize| vec![("k".repeat(key), "v".repeat(value))];
    let fits = [many(limit::METADATA_PAIRS), value(256, 4096)];
    let two_large = vec![("a".to_owned(), "v".repeat(4096)), ("b".to_owned(), "v".repeat(4096))];
    let over = [many(65), many(5000), value(257, 0), value(1, 4097), two_large];
    for encoding in [Encoding::Fory, Encoding::Json] {
        for metadata in &fits {
            let header = StreamHeader { metadata: metadata.clone(), ..StreamHeader::default() };
            assert_eq!(StreamHeader::decode(&header.encode(encoding)).unwrap(), (header, encoding));
        }
        for metadata in &over {
            let header = StreamHeader { metadata: metadata.clone(), ..StreamHeader::default() };
            let (read, _) = StreamHeader::decode(&header.encode(encoding)).unwrap();
            let error = read.check(&RecordLimits::default()).unwrap_err();
            assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
            assert!(read.metadata.len() <= limit::METADATA_PAIRS + 1);
        }
    }
}

#[test]
fn a_name_over_the_limit_is_an_invalid_argument() {
    let check = |chars: usize| {
        let header = StreamHeader { service: "é".repeat(chars), ..StreamHeader::default() };
        StreamHeader::decode(&header.encode(Encoding::Fory)).unwrap().0.check(&RecordLimits::default())
    };
    assert_eq!(check(256), Ok(()));
    assert_eq!(check(257).unwrap_err().code(), Code::InvalidArgument);
    let header = CallHeader { method: "m".repeat(257), ..CallHeader::default() };
    assert_eq!(header.check(&RecordLimits::default()).unwrap_err().code(), Code::InvalidArgument);
}

#[test]
fn too_many_pairs_are_refused_even_if_their_keys_repeat() {
    let metadata = vec![("k".to_owned(), String::new()); 100];
    let header = CallHeader { metadata, ..CallHeader::default() };
    let (read, _) = CallHeader::decode(&header.encode(Encoding::Fory)).unwrap();
    assert!(read.check(&RecordLimits::default()).is_err());
}

#[test]
fn a_long_status_is_cut_and_not_refused() {
    for encoding in [Encoding::Fory, Encoding::Json] {
        let long = RpcStatus { code: 2, message: "é".repeat(5000), details: many(500) };
        let (status, _) = RpcStatus::decode(&long.encode(encoding)).unwrap();
        assert_eq!(status.message, "é".repeat(limit::STATUS_MESSAGE_CHARS));
        assert_eq!(status.details, many(limit::STATUS_DETAILS));
    }
}

proptest! {
    #[test]
    fn an_encoded_header_decodes_to_the_same_header(
        service in any::<String>(), call_id in "\\PC{0,20}", version in any::<i64>(), deadline in any::<i64>(),
        mode in any::<i64>(), key in "[a-z]{1,9}", value in any::<String>(),
    ) {
        let header = StreamHeader {
            service, method: "m".to_owned(), version, call_id, deadline_epoch_ms: deadline,
            serialization_mode: mode, metadata: vec![(key, value)],
        };
        for encoding in [Encoding::Fory, Encoding::Json] {
            prop_assert_eq!(StreamHeader::decode(&header.encode(encoding)).unwrap(), (header.clone(), encoding));
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error(tail in prop::collection::vec(any::<u8>(), 0..80), prefix in 0_usize..3) {
        let start = StreamHeader::default().encode(Encoding::Fory);
        let start = [&start[..24], b"{", b""][prefix];
        let payload = [start, &tail].concat();
        if let Ok((header, encoding)) = StreamHeader::decode(&payload) {
            prop_assert_eq!(StreamHeader::decode(&header.encode(encoding)).unwrap().0, header);
        }
        let _ = RpcStatus::decode(&payload);
        let _ = CallHeader::decode(&payload);
    }
}
