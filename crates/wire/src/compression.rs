//! The payload of a frame with the `COMPRESSED` flag: one zstd frame.
//!
//! Owns compression, and decompression within limits: output up to [`MAX_BODY`], a window up to 8 MiB, no bytes after
//! the zstd frame. `aster-net` decides which messages are compressed.

use std::cell::RefCell;

use bytes::Bytes;

use crate::frame::MAX_BODY;

const ZSTD_LEVEL: i32 = 3;
/// Log2 of the largest window that a streaming decoder may allocate: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

thread_local! {
    /// One compression context for each thread, because creating one costs more than compressing a small message.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// Compresses bytes to one zstd frame. Its header has the size of the output.
pub fn compress(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        };
        compressor.compress(plain)
    })
}

/// The size of a compressed payload after decompression, from its header. If the header has no size: the limit.
/// If [`decompress`] refuses the header: 0.
pub fn unpacked_bytes(packed: &[u8]) -> usize {
    match zstd::zstd_safe::get_frame_content_size(packed) {
        Ok(Some(size)) if size <= MAX_BODY as u64 => size as usize,
        // `decompress` refuses such a payload before it allocates memory.
        Ok(Some(_)) | Err(_) => 0,
        Ok(None) => MAX_BODY,
    }
}

/// Decompresses one zstd frame to at most [`MAX_BODY`] bytes.
///
/// *Errors*: the text of the status message.
pub fn decompress(packed: &[u8]) -> Result<Bytes, String> {
    let broken = |e: &dyn std::fmt::Display| format!("zstd decompress error: {e}");
    let length = zstd::zstd_safe::find_frame_compressed_size(packed)
        .map_err(|code| broken(&zstd::zstd_safe::get_error_name(code)))?;
    if length != packed.len() {
        return Err(broken(&"bytes after the frame"));
    }
    match zstd::zstd_safe::get_frame_content_size(packed) {
        Ok(Some(size)) if size > MAX_BODY as u64 => {
            Err(format!("decompressed size {size} exceeds maximum {MAX_BODY}"))
        }
        Ok(Some(size)) => {
            zstd::bulk::decompress(packed, size as usize).map(Bytes::from).map_err(|e| broken(&e))
        }
        Ok(None) => decompress_streaming(packed).map_err(|e| broken(&e)),
        Err(_) => Err(broken(&"unreadable frame header")),
    }
}

/// Decompresses a frame whose header has no size. Memory grows with the actual output.
fn decompress_streaming(packed: &[u8]) -> std::io::Result<Bytes> {
    use std::io::Read as _;
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    let mut plain = Vec::new();
    decoder.take(MAX_BODY as u64 + 1).read_to_end(&mut plain)?;
    if plain.len() > MAX_BODY {
        return Err(std::io::Error::other(format!("decompressed size exceeds maximum {MAX_BODY}")));
    }
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressed_bytes_decompress_to_the_same_bytes() {
        let plain = b"0123456789abcdef".repeat(1000);
        let packed = compress(&plain).unwrap();
        assert!(packed.len() < plain.len());
        assert_eq!(decompress(&packed).unwrap(), plain);
    }

    #[test]
    fn an_output_above_the_limit_is_refused_with_and_without_a_declared_size() {
        let plain = vec![0u8; MAX_BODY + 1];
        let declared = compress(&plain).unwrap();
        assert!(decompress(&declared).unwrap_err().contains("exceeds maximum"));
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
        encoder.include_contentsize(false).unwrap();
        std::io::Write::write_all(&mut encoder, &plain).unwrap();
        let undeclared = encoder.finish().unwrap();
        assert!(decompress(&undeclared).unwrap_err().contains("exceeds maximum"));
    }

    #[test]
    fn a_second_frame_after_the_first_is_refused() {
        let mut packed = compress(b"first").unwrap();
        packed.extend(compress(b"second").unwrap());
        assert!(decompress(&packed).unwrap_err().contains("bytes after the frame"));
        assert!(decompress(b"not zstd").is_err());
        assert!(decompress(b"").is_err());
    }
}
