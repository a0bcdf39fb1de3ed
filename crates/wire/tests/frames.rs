//! Frames: golden vectors, any chunking, false lengths.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in tests a panic is the report")]

use aster_testkit::{hex, vectors};
use aster_wire::frame::{self, Decoder, Frame, FrameError, MAX_BODY, flag};
use bytes::Bytes;
use proptest::prelude::*;

fn decoder() -> Decoder {
    Decoder::new(MAX_BODY)
}

/// The frames of a stream that arrives in these chunks, and the result at its end.
fn split(chunks: &[&[u8]]) -> (Vec<Frame>, Result<(), FrameError>) {
    let mut decoder = decoder();
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.push(Bytes::copy_from_slice(chunk));
        loop {
            match decoder.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, decoder.finish())
}

#[test]
fn vectors_are_encoded() {
    for case in vectors::list(&vectors::load("frames"), "encode") {
        let name = vectors::text(case, "name");
        let flags = u8::try_from(vectors::int(case, "flags")).unwrap();
        let payload = match case["payload_fill_byte"].as_u64() {
            Some(fill) => vec![fill as u8; vectors::int(case, "payload_len") as usize],
            None => vectors::bytes(case, "payload_hex"),
        };
        let frame = frame::encode(flags, &payload);
        if case.get("error").is_some() {
            assert!(frame.is_err(), "{name}");
        } else if case.get("frame_hex").is_some() {
            assert_eq!(hex::encode(&frame.unwrap()), vectors::text(case, "frame_hex"), "{name}");
        } else {
            let frame = frame.unwrap();
            let prefix = vectors::bytes(case, "frame_prefix_hex");
            assert_eq!(frame.len(), vectors::int(case, "frame_len") as usize, "{name}");
            assert_eq!(&frame[..prefix.len()], prefix, "{name}");
            assert_eq!(&frame[5..], payload, "{name}");
        }
    }
}

#[test]
fn vectors_are_decoded() {
    for case in vectors::list(&vectors::load("frames"), "decode") {
        let name = vectors::text(case, "name");
        let bytes = vectors::bytes(case, "bytes_hex");
        let (frames, end) = split(&[&bytes]);
        if case.get("error").is_none() {
            assert_eq!(end, Ok(()), "{name}");
            assert_eq!(bytes.len(), vectors::int(case, "consumed") as usize, "{name}");
            assert_eq!(i64::from(frames[0].flags), vectors::int(case, "flags"), "{name}");
            assert_eq!(frames[0].payload, vectors::bytes(case, "payload_hex"), "{name}");
        } else if name == "three bytes" {
            // This vector expects an error, but at the end of a stream a partial length is a clean end.
            assert_eq!((frames.len(), end), (0, Ok(())), "{name}");
        } else {
            assert!(frames.is_empty() && end.is_err(), "{name}");
        }
    }
}

#[test]
fn every_recorded_stream_splits_into_its_frames() {
    let file = vectors::load("wheel-transcripts");
    let mut count = 0;
    for case in vectors::list(&file, "cases") {
        for stream in vectors::list(case, "streams") {
            for side in ["client", "server"] {
                let bytes = vectors::bytes(stream, &format!("{side}_hex"));
                let (frames, end) = split(&[&bytes]);
                assert_eq!(end, Ok(()), "{}", case["name"]);
                let expected = vectors::list(stream, &format!("{side}_frames"));
                assert_eq!(frames.len(), expected.len(), "{}", case["name"]);
                for (frame, expected) in frames.iter().zip(expected) {
                    assert_eq!(i64::from(frame.flags), vectors::int(expected, "flags"));
                    assert_eq!(hex::encode(&frame.payload), vectors::text(expected, "payload_hex"));
                    count += 1;
                }
                let again = frames.iter().map(|f| frame::encode(f.flags, &f.payload).unwrap());
                assert_eq!(again.collect::<Vec<_>>().concat(), bytes, "{}", case["name"]);
            }
        }
    }
    assert!(count > 200, "only {count} frames were compared");
}

/// The bytes that the recorded client wrote before the server answered give frames, or the error in the answer.
#[test]
fn recorded_probe_streams_split_into_frames_as_in_python() {
    let file = vectors::load("wheel-probes");
    let mut errors = Vec::new();
    for case in vectors::list(&file, "cases") {
        let (frames, end) = split(&[&vectors::bytes(case, "server_hex")]);
        assert_eq!(end, Ok(()), "{}", case["name"]);
        assert_eq!(frames.len(), vectors::list(case, "server_frames").len(), "{}", case["name"]);
        if let (_, Err(error)) = split(&[&vectors::bytes(case, "client_hex")]) {
            assert_eq!(error.to_string(), vectors::text(&case["status"], "message"), "{}", case["name"]);
            errors.push(error);
        }
    }
    assert!(errors.contains(&FrameError::ZeroLength));
    assert!(errors.iter().any(|error| matches!(error, FrameError::FinishedEarly { .. })));
}

#[test]
fn a_payload_inside_one_chunk_is_not_copied() {
    let mut bytes = frame::encode(0, b"first").unwrap();
    bytes.extend(frame::encode(flag::TRAILER, b"second").unwrap());
    let chunk = Bytes::from(bytes);
    let mut decoder = decoder();
    decoder.push(chunk.clone());
    for start in [5, 15] {
        let frame = decoder.next().unwrap().unwrap();
        assert_eq!(frame.payload.as_ptr(), chunk[start..].as_ptr());
    }
    assert_eq!(decoder.next(), Ok(None));
    assert!(!decoder.is_mid_frame());
}

#[test]
fn a_declared_length_reserves_no_memory() {
    let mut decoder = decoder();
    decoder.push(Bytes::from_static(&[0, 0, 0, 1, 0, b'x', b'y']));
    assert_eq!(decoder.next(), Ok(None));
    assert_eq!(decoder.buffered(), 7);
    assert!(decoder.is_mid_frame());
    assert_eq!(decoder.finish(), Err(FrameError::FinishedEarly { read: 3 }));
}

#[test]
fn a_length_above_the_limit_fails_before_the_body_arrives_and_the_error_is_final() {
    let mut decoder = Decoder::new(100);
    decoder.push(Bytes::from_static(&[101, 0, 0, 0]));
    let error = FrameError::TooLarge { size: 101, max: 100 };
    assert_eq!(decoder.next(), Err(error.clone()));
    decoder.push(Bytes::from_static(&[1, 0, 0, 0, 0]));
    assert_eq!(decoder.next(), Err(error.clone()));
    assert_eq!(decoder.finish(), Err(error));
    assert_eq!(decoder.buffered(), 4);
}

#[test]
fn error_texts_equal_those_of_python() {
    assert_eq!(FrameError::ZeroLength.to_string(), "received zero-length frame");
    let error = split(&[&[1, 0, 0, 1]]).1.unwrap_err();
    assert_eq!(error.to_string(), "frame size 16777217 exceeds maximum 16777216");
    assert_eq!(FrameError::FinishedEarly { read: 44 }.to_string(), "stream finished early (44 bytes read)");
}

fn frames() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 1..300)), 0..8)
}

proptest! {
    #[test]
    fn frames_do_not_depend_on_chunking(frames in frames(), cuts in prop::collection::vec(1_usize..40, 1..60)) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(flags, payload)| frame::encode(*flags, payload).unwrap()).collect();
        let mut chunks = Vec::new();
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break; }
            let (chunk, after) = rest.split_at((*cut).min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        let (got, end) = split(&chunks);
        prop_assert_eq!(end, Ok(()));
        let got: Vec<_> = got.into_iter().map(|frame| (frame.flags, frame.payload.to_vec())).collect();
        prop_assert_eq!(got, frames);
    }

    #[test]
    fn any_bytes_give_frames_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400) {
        let cut = cut.min(bytes.len());
        let whole = split(&[&bytes]);
        let cut = split(&[&bytes[..cut], &bytes[cut..]]);
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn pushing_all_chunks_before_decoding_gives_the_same_frames(frames in frames()) {
        let mut decoder = decoder();
        let mut size = 0;
        for (flags, payload) in &frames {
            let bytes = frame::encode(*flags, payload).unwrap();
            size += bytes.len();
            decoder.push(Bytes::copy_from_slice(&bytes[..3]));
            decoder.push(Bytes::copy_from_slice(&bytes[3..]));
        }
        prop_assert_eq!(decoder.buffered(), size);
        for (flags, payload) in &frames {
            let frame = decoder.next().unwrap().unwrap();
            prop_assert_eq!((frame.flags, frame.payload.as_ref()), (*flags, payload.as_slice()));
        }
        prop_assert_eq!(decoder.next(), Ok(None));
        prop_assert_eq!(decoder.buffered(), 0);
    }
}
