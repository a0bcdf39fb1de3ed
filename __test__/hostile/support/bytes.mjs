/**
 * Bytes of the protocol that no honest peer sends: frames, stream headers, XLANG values and zstd frames, made by hand
 * (docs/protocol.md).
 */

/** Flags of frames. */
export const flag = Object.freeze({ DATA: 0, COMPRESSED: 1, TRAILER: 2, HEADER: 4, CALL: 16, CANCEL: 32 });

/** One frame. */
export function frame(flags, payload = new Uint8Array()) {
  const bytes = Buffer.alloc(5 + payload.length);
  bytes.writeUInt32LE(payload.length + 1, 0);
  bytes[4] = flags;
  bytes.set(payload, 5);
  return bytes;
}

/** An unsigned varint. */
export function varint(value) {
  const bytes = [];
  let rest = BigInt(value);
  while (bytes.length < 8 && rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

const zigzag = (value) => varint(BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n)));
const text = (value) =>
  Buffer.concat([varint(Buffer.byteLength(value, "latin1") << 2), Buffer.from(value, "latin1")]);
const HEADER = Buffer.from("02ff1d08016c129922120476538900ce9c801922a40518de", "hex");
const CALL = Buffer.from("02ff1d08016c1299221002380165c22001888871258679", "hex");
const STATUS = Buffer.from("02ff1d08016c1299220e0256785626026a245353ca9f", "hex");
const NOTHING = Buffer.from([0, 0]);

/** The number of a mode in a stream header. */
export const mode = Object.freeze({ XLANG: 0, JSON: 3, COMPATIBLE: 16 });

/**
 * The header frame of a stream. An empty method opens a session.
 * @param {string} service
 * @param {string} method
 * @param {{ deadline?: number, mode?: number }} options
 */
export function header(service, method, { deadline = 0, mode: number = mode.XLANG } = {}) {
  if (number === mode.JSON) {
    const record = {
      service,
      method,
      version: 1,
      callId: "",
      deadlineEpochMs: deadline,
      serializationMode: 3,
    };
    return frame(
      flag.HEADER,
      Buffer.from(JSON.stringify({ ...record, metadataKeys: [], metadataValues: [] })),
    );
  }
  const fields = [
    zigzag(deadline),
    zigzag(number),
    zigzag(1),
    text(""),
    text(method),
    text(service),
    NOTHING,
  ];
  return frame(flag.HEADER, Buffer.concat([HEADER, ...fields]));
}

/** The header frame of a call in a session. */
export function callHeader(method) {
  return frame(flag.CALL, Buffer.concat([CALL, zigzag(0), text(""), text(method), NOTHING]));
}

/** The trailer frame with a status. */
export function trailer(code, message = "") {
  return frame(flag.TRAILER, Buffer.concat([STATUS, zigzag(code), text(message), NOTHING]));
}

/** The frames in some bytes. */
export function framesOf(bytes) {
  const frames = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    if (length === 0 || at + 4 + length > bytes.length) break;
    frames.push({ flags: bytes[at + 4], payload: bytes.subarray(at + 5, at + 4 + length) });
    at += 4 + length;
  }
  return frames;
}

/** The code of the status in a trailer. */
export function codeOf(payload) {
  if (payload[0] === 0x7b) return JSON.parse(payload.toString()).code;
  return payload[STATUS.length] >> 1; // a small number in zigzag
}

const BLOCK = 128 * 1024;

/**
 * One zstd frame of raw bytes and of repeated bytes. `{ byte, count }` takes four bytes for each 128 KiB.
 * @param {(Uint8Array | { byte: number, count: number })[]} parts
 */
export function zstd(parts) {
  let total = 0;
  const blocks = [];
  for (const part of parts) {
    const length = part instanceof Uint8Array ? part.length : part.count;
    total += length;
    for (let at = 0; at < length; at += BLOCK) {
      const size = Math.min(BLOCK, length - at);
      if (part instanceof Uint8Array) blocks.push({ type: 0, size, data: part.subarray(at, at + size) });
      else blocks.push({ type: 1, size, data: Buffer.from([part.byte]) });
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32LE(0xfd2fb528, 0);
  head[4] = (3 << 6) | (1 << 5); // a single segment, and its size in eight bytes
  head.writeBigUInt64LE(BigInt(total), 5);
  const encoded = blocks.map(({ type, size, data }, index) => {
    const value = (index === blocks.length - 1 ? 1 : 0) | (type << 1) | (size << 3);
    return Buffer.concat([Buffer.from([value & 255, (value >> 8) & 255, (value >> 16) & 255]), data]);
  });
  return Buffer.concat([head, ...encoded]);
}
