// Installs the codec into the seam of the schema layer; importing this module is enough.
//
// Owns: the byte and text forms of single messages (`Invoice.encode` and the like).

import { controlCall } from "../native/index.js";
import { type MessageCodec, MessageWriter } from "../native/message.js";
import { installByteForms } from "../schema/backend.js";
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

installByteForms({
  encode: (schema, value) =>
    withEncoded(byteCodec(schema), value, (buffer, length) => buffer.slice(0, length)),
  decode(schema, bytes) {
    if (!(bytes instanceof Uint8Array)) throw new TypeError("decode() takes a Uint8Array");
    return byteCodec(schema).read(bytes, 0, bytes.length, false);
  },
  encodeJson(schema, value) {
    const codec = codecOf(schema);
    return withEncoded(codec, value, (buffer, length) =>
      controlCall((native) => native.planToJson(codec.planId, codec.root, buffer.subarray(0, length))),
    );
  },
  decodeJson(schema, text) {
    if (typeof text !== "string") throw new TypeError("decodeJson() takes a string");
    const codec = codecOf(schema);
    const bytes = controlCall((native) => native.planFromJson(codec.planId, codec.root, text));
    return codec.read(bytes, 0, bytes.length, true);
  },
});
