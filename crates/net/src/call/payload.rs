//! Payloads of messages between wire and user: compression, transcoding, size limits.

use std::sync::Arc;

use aster_codec::{NULL_MESSAGE, PayloadLimits, Plan};
use aster_wire::call::REASON_DETAIL;
use aster_wire::compression::{compress, decompress};
use aster_wire::frame::{Frame, flag};
use aster_wire::record::{Encoding, RpcStatus};
use aster_wire::status::Code;
use bytes::Bytes;

use super::framed::Framed;
use crate::error::status;

/// XLANG messages above this size are compressed.
const COMPRESS_ABOVE: usize = 4096;

/// Encoding of the payloads of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Fory XLANG. Large messages are compressed.
    Xlang,
    /// XLANG with field descriptions. Large messages are compressed. Only for peers that announce this mode.
    Compatible,
    /// JSON text. Never compressed.
    Json,
    /// The private form of two peers of this library in Node (`docs/native.md`). Large messages are compressed. Only for peers
    /// that announce this mode. The user's side makes and reads the bytes.
    Native,
}

impl Mode {
    /// The mode number in a stream header (`docs/protocol.md#modes`).
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Xlang => 0,
            Self::Json => 3,
            Self::Compatible => 16,
            Self::Native => 17,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        let known = [Self::Xlang, Self::Json, Self::Compatible, Self::Native];
        known.into_iter().find(|mode| mode.number() == number)
    }

    /// The encoding of the records in the same stream.
    pub(crate) fn encoding(self) -> Encoding {
        if self == Self::Json { Encoding::Json } else { Encoding::Fory }
    }
}

/// When messages are compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Compress {
    /// Above 4096 bytes, except shortly after a block of the same call that compression made less than 10 % smaller.
    #[default]
    Auto,
    /// Above 4096 bytes.
    Always,
    /// Never.
    Never,
}

/// Encoding of the messages in one direction of a method.
#[derive(Debug, Clone)]
pub struct PayloadCodec {
    /// Encoding on the wire.
    pub mode: Mode,
    /// The plan of the messages.
    pub plan: Arc<Plan>,
    /// Index of the message in the roots of the plan.
    pub root: usize,
    /// Compression of outgoing messages.
    pub compress: Compress,
    /// Limits on incoming messages that are converted for the user's side.
    pub limits: PayloadLimits,
}

/// Decides whether to compress, from the results for earlier blocks of the call.
#[derive(Debug, Default)]
pub(crate) struct CompressionBackoff {
    /// Number of blocks to send without compression, after one that compression did not make smaller.
    skip: u8,
}

/// Blocks to send without compression before it is tried again, after one that became less than 10 % smaller.
const SKIP_BLOCKS: u8 = 15;

impl CompressionBackoff {
    /// Whether the next large block is compressed.
    pub(super) fn is_over(&self) -> bool {
        self.skip == 0
    }
}

impl PayloadCodec {
    /// Whether the payload on the wire is that of the user's side, apart from compression.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.mode, Mode::Xlang | Mode::Native)
    }

    /// The same messages in another mode.
    #[must_use]
    pub fn in_mode(&self, mode: Mode) -> Self {
        Self { mode, ..self.clone() }
    }

    /// Builds the data frame of a message.
    pub(crate) fn outgoing(
        &self,
        message: Framed,
        backoff: &mut CompressionBackoff,
    ) -> Result<Bytes, RpcStatus> {
        match self.mode {
            Mode::Json => self.to_json(message.payload()),
            Mode::Xlang | Mode::Native => self.packed(message, backoff),
            Mode::Compatible if message.payload() == NULL_MESSAGE => Ok(message.into_wire()),
            Mode::Compatible => {
                let described = aster_codec::plain_to_wire(&self.plan, self.root, message.payload())
                    .map_err(|e| codec_status(&e))?;
                self.packed(Framed::from_payload(0, &described).map_err(|e| too_large(&e))?, backoff)
            }
        }
    }

    fn packed(&self, message: Framed, backoff: &mut CompressionBackoff) -> Result<Bytes, RpcStatus> {
        if message.payload().len() > COMPRESS_ABOVE {
            return self.compressed(message, backoff);
        }
        Ok(message.into_wire())
    }

    fn to_json(&self, payload: &[u8]) -> Result<Bytes, RpcStatus> {
        if payload == NULL_MESSAGE {
            return framed(0, b"null");
        }
        let mut text = String::with_capacity(payload.len() * 2);
        aster_codec::xlang_to_json_within(&self.plan, self.root, payload, PayloadLimits::SENT, &mut text)
            .map_err(|e| codec_status(&e))?;
        framed(0, text.as_bytes())
    }

    fn compressed(&self, message: Framed, backoff: &mut CompressionBackoff) -> Result<Bytes, RpcStatus> {
        if self.compress == Compress::Never {
            return Ok(message.into_wire());
        }
        if self.compress == Compress::Auto && backoff.skip > 0 {
            backoff.skip -= 1;
            return Ok(message.into_wire());
        }
        let plain = message.payload().len();
        let packed = compress(message.payload())
            .map_err(|e| status(Code::Internal, format!("zstd compress error: {e}")))?;
        if packed.len() > plain - plain / 10 {
            backoff.skip = SKIP_BLOCKS;
        }
        if packed.len() >= plain {
            return Ok(message.into_wire());
        }
        framed(flag::COMPRESSED, &packed)
    }

    /// Decompresses and transcodes the message of a frame for the user's side.
    pub(super) fn converted(&self, frame: &Frame, limits: PayloadLimits) -> Result<Bytes, RpcStatus> {
        let payload = if frame.has(flag::COMPRESSED) {
            decompress(&frame.payload).map_err(|e| status(Code::InvalidArgument, e))?
        } else {
            frame.payload.clone()
        };
        match self.mode {
            Mode::Xlang | Mode::Native => Ok(payload),
            // The user decides whether the method allows null, as in XLANG.
            Mode::Json if payload.trim_ascii() == b"null" => Ok(Bytes::from_static(&NULL_MESSAGE)),
            Mode::Json => aster_codec::json_to_xlang_within(&self.plan, self.root, &payload, true, limits)
                .map(Bytes::from)
                .map_err(|e| codec_status(&e)),
            Mode::Compatible if *payload == NULL_MESSAGE => Ok(payload),
            Mode::Compatible => {
                aster_codec::wire_to_presence_flagged_within(&self.plan, self.root, &payload, limits)
                    .map(Bytes::from)
                    .map_err(|e| codec_status(&e))
            }
        }
    }

    /// Whether the user's side encodes and decodes messages of [`Mode::Native`].
    pub(crate) fn is_native(&self) -> bool {
        self.mode == Mode::Native
    }

    /// Whether a converted message is presence-flagged XLANG: it does for JSON and for peers in compatible mode.
    pub(crate) fn is_presence_flagged(&self) -> bool {
        matches!(self.mode, Mode::Json | Mode::Compatible)
    }
}

/// The reason of a status for a message that exceeds a limit of the codec.
const LIMIT_EXCEEDED: &str = "LIMIT_EXCEEDED";

/// The status for a codec error.
pub fn codec_status(error: &aster_codec::CodecError) -> RpcStatus {
    let mut details: Vec<_> =
        error.details().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    if matches!(error, aster_codec::CodecError::Limit { .. }) {
        details.push((REASON_DETAIL.to_owned(), LIMIT_EXCEEDED.to_owned()));
    }
    RpcStatus { code: i64::from(error.code()), message: error.to_string(), details }
}

fn framed(flags: u8, payload: &[u8]) -> Result<Bytes, RpcStatus> {
    Framed::from_payload(flags, payload).map(Framed::into_wire).map_err(|e| too_large(&e))
}

fn too_large(error: &dyn std::fmt::Display) -> RpcStatus {
    status(Code::ResourceExhausted, error.to_string())
}

#[cfg(test)]
mod tests {
    use aster_wire::compression::unpacked_bytes;

    use super::*;

    /// Payloads recorded from the reference, which compresses everything above 4096 bytes.
    #[test]
    fn what_the_reference_compressed_is_read_and_written_the_same() {
        let file = aster_testkit::vectors::load("wheel-compressed");
        let codec = PayloadCodec {
            mode: Mode::Xlang,
            plan: Arc::new(Plan::dynamic()),
            root: 0,
            compress: Compress::Always,
            limits: PayloadLimits::DEFAULT,
        };
        let cases = aster_testkit::vectors::list(&file, "cases");
        assert_eq!(cases.len(), 6);
        for case in cases {
            let name = aster_testkit::vectors::text(case, "name");
            let payload = Bytes::from(aster_testkit::vectors::bytes(case, "payload_hex"));
            let frame = Frame { flags: flag::COMPRESSED, payload };
            let plain = codec.converted(&frame, codec.limits).expect(name);
            assert_eq!(plain.len() as i64, aster_testkit::vectors::int(case, "raw_len"), "{name}");
            assert!(plain.starts_with(&[0x02, 0xff, 0x1d]), "{name}: a named struct");
            let framed = Framed::from_payload(0, &plain).unwrap();
            let frame = codec.outgoing(framed, &mut CompressionBackoff::default()).unwrap();
            assert_eq!(frame.get(4), Some(&flag::COMPRESSED), "{name}: above the threshold");
            let packed = frame.slice(5..);
            assert_eq!(unpacked_bytes(&packed), plain.len(), "{name}: the head contains the size");
            assert_eq!(decompress(&packed).unwrap(), plain, "{name}");
        }
    }

    #[test]
    fn messages_up_to_the_threshold_and_those_that_do_not_shrink_travel_as_they_are() {
        let mut codec = PayloadCodec {
            mode: Mode::Xlang,
            plan: Arc::new(Plan::dynamic()),
            root: 0,
            compress: Compress::Auto,
            limits: PayloadLimits::DEFAULT,
        };
        let flags = |codec: &PayloadCodec, payload: &[u8], backoff: &mut CompressionBackoff| {
            let framed = Framed::from_payload(0, payload).unwrap();
            codec.outgoing(framed, backoff).unwrap().get(4).copied()
        };
        let mut backoff = CompressionBackoff::default();
        assert_eq!(flags(&codec, &[7; COMPRESS_ABOVE], &mut backoff), Some(0));
        assert_eq!(flags(&codec, &[7; COMPRESS_ABOVE + 1], &mut backoff), Some(flag::COMPRESSED));
        let mut state = 7u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        });
        let noise: Vec<u8> = noise.take(5000).collect();
        assert_eq!(flags(&codec, &noise, &mut backoff), Some(0));
        assert!(backoff.skip > 0, "the blocks after one that did not become smaller are not compressed");
        assert_eq!(flags(&codec, &[7; 5000], &mut backoff), Some(0));
        codec.compress = Compress::Never;
        assert_eq!(flags(&codec, &[7; 5000], &mut CompressionBackoff::default()), Some(0));
    }
}
