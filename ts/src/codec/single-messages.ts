// Single messages as bytes and as JSON text: `Invoice.encode`, `decode`, `encodeJson` and `decodeJson`.
//
// Owns: these four functions, and the buffer for all encoding outside of calls. Does not own: the codecs.

import { MAX_DECODED, type MessageCodec, MessageWriter, MOST_DECODED } from "../message.js";
import { controlCall } from "../native/index.js";
import { checkOptions, integer, optional } from "../options.js";
import type { DecodeOptions } from "../schema/message-types.js";
import type { SchemaObject } from "../schema/schema.js";
import { codecOf } from "./codec.js";
import { writing } from "./writing.js";

/** The buffer for all encoding outside of calls. Callers get a copy of the exact size. */
const scratch = new MessageWriter(1024);
const KEPT_BYTES = 1 << 20;

/** Encodes a value and runs `use` on the bytes, which are at the start of the buffer. Later encodings overwrite it. */
function withEncoded<R>(
  codec: MessageCodec,
  value: unknown,
  use: (buffer: Uint8Array, length: number) => R,
): R {
  // During an outer encoding the buffer belongs to it. The codec then refuses the nested encoding.
  if (!writing.busy) scratch.pos = 0;
  codec.write(scratch, value);
  const result = use(scratch.buf, scratch.pos);
  scratch.pos = 0;
  if (scratch.buf.length > KEPT_BYTES) scratch.resize(1024);
  return result;
}

const decodeChecks = { maxDecodedBytes: optional(integer(1, MOST_DECODED)) };

/** The limit that options set. @throws {TypeError} with the path of a wrong option */
export function maxDecodedOf(options: DecodeOptions | undefined): number {
  if (options === undefined) return MAX_DECODED;
  return checkOptions(decodeChecks, options).maxDecodedBytes ?? MAX_DECODED;
}

/** The codec for single messages. As in Python, a message that was declared compatible describes its fields. */
function byteCodec(schema: SchemaObject): MessageCodec {
  const codec = codecOf(schema);
  return codec.compatible ?? codec;
}

/** Encodes a message to bytes. */
export function encode(schema: SchemaObject, value: unknown): Uint8Array {
  return withEncoded(byteCodec(schema), value, (buffer, length) => buffer.slice(0, length));
}

/** Decodes a message from bytes. */
export function decode(schema: SchemaObject, bytes: Uint8Array, options?: DecodeOptions): unknown {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("decode() needs a Uint8Array");
  return byteCodec(schema).read(bytes, 0, bytes.length, false, maxDecodedOf(options));
}

/** Encodes a message to JSON text. */
export function encodeJson(schema: SchemaObject, value: unknown): string {
  const codec = codecOf(schema);
  return withEncoded(codec, value, (buffer, length) =>
    controlCall((native) => native.planToJson(codec.planId, codec.root, buffer.subarray(0, length))),
  );
}

/** Decodes a message from JSON text. */
export function decodeJson(schema: SchemaObject, text: string, options?: DecodeOptions): unknown {
  if (typeof text !== "string") throw new TypeError("decodeJson() needs a string");
  const codec = codecOf(schema);
  const maxDecoded = maxDecodedOf(options);
  const bytes = controlCall((native) => native.planFromJson(codec.planId, codec.root, text, maxDecoded));
  return codec.read(bytes, 0, bytes.length, true, maxDecoded);
}
