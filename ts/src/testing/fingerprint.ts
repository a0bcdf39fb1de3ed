// Fingerprints of messages: equal on both sides of a call when no byte was changed.
//
// Owns: the digest. Does not own: the bytes of a message (codec/).

import { createHash } from "node:crypto";
import { type MessageCodec, MessageWriter } from "../message.js";

const writer = new MessageWriter(1024);

/**
 * The fingerprint of a message: a digest of its bytes, 16 hexadecimal digits. `"unfit"` when it does not fit its schema.
 * @param codec undefined for messages without a schema; null for those with a validator, which have all the same fingerprint
 */
export function fingerprint(codec: MessageCodec | null | undefined, message: unknown): string {
  if (codec === null) return "validated";
  if (codec === undefined) return digest(JSON.stringify(message) ?? "undefined");
  writer.pos = 0;
  try {
    codec.write(writer, message);
  } catch {
    return "unfit"; // The call will fail with the reason.
  }
  return digest(writer.buf.subarray(0, writer.pos));
}

function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
