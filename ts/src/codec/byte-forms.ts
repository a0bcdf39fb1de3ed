// Single messages as bytes and as JSON text: `Invoice.encode` and the like.
//
// Owns: those four functions and the buffer that encoding outside of calls shares. Does not own: the codecs.

import { type MessageCodec, MessageWriter } from "../message.js";
import { controlCall } from "../native/index.js";
import type { SchemaObject } from "../schema/schema.js";
import { codecOf } from "./codec.js";
import { writing } from "./writing.js";

/** One buffer for all encoding outside of calls; what is handed out is a copy of the exact size. */
const scratch = new MessageWriter(1024);
const KEPT_BYTES = 1 << 20;

/** Runs `use` on the encoded bytes, which stand at the start of a buffer that is gone afterwards. */
function withEncoded<R>(
  codec: MessageCodec,
  value: unknown,
  use: (buffer: Uint8Array, length: number) => R,
): R {
  // A nested encoding is refused by the codec; until then the buffer belongs to the outer one.
  if (!writing.busy) scratch.pos = 0;
  codec.write(scratch, value);
  const result = use(scratch.buf, scratch.pos);
  scratch.pos = 0;
  if (scratch.buf.length > KEPT_BYTES) scratch.resize(1024);
  return result;
}

/** The form in which single messages are bytes: as Python's codec has it, described where the message says so. */
function byteCodec(schema: SchemaObject): MessageCodec {
  const codec = codecOf(schema);
  return codec.described ?? codec;
}

/** A message as bytes. */
export function encode(schema: SchemaObject, value: unknown): Uint8Array {
  return withEncoded(byteCodec(schema), value, (buffer, length) => buffer.slice(0, length));
}

/** The message in `bytes`. */
export function decode(schema: SchemaObject, bytes: Uint8Array): unknown {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("decode() takes a Uint8Array");
  return byteCodec(schema).read(bytes, 0, bytes.length, false);
}

/** A message as JSON text. */
export function encodeJson(schema: SchemaObject, value: unknown): string {
  const codec = codecOf(schema);
  return withEncoded(codec, value, (buffer, length) =>
    controlCall((native) => native.planToJson(codec.planId, codec.root, buffer.subarray(0, length))),
  );
}

/** The message in a JSON text. */
export function decodeJson(schema: SchemaObject, text: string): unknown {
  if (typeof text !== "string") throw new TypeError("decodeJson() takes a string");
  const codec = codecOf(schema);
  const bytes = controlCall((native) => native.planFromJson(codec.planId, codec.root, text));
  return codec.read(bytes, 0, bytes.length, true);
}
