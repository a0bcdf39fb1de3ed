// Encoding and decoding with the published codec, and the results of the three readers for the same bytes.

import { AsterError, Code } from "aster-rpc";
import type { PlanCodec } from "../../../dist/codec/codec.js";
import { type MessageCodec, MessageWriter } from "../../../dist/message.js";
import { native } from "../../../dist/native/index.js";

const writer = new MessageWriter(1024);

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export function encode(codec: MessageCodec, value: unknown): Uint8Array {
  writer.pos = 3; // a message may begin anywhere in a batch buffer
  codec.write(writer, value);
  return writer.buf.slice(3, writer.pos);
}

export function decode(codec: MessageCodec, bytes: Uint8Array): unknown {
  return codec.read(bytes, 0, bytes.length, false);
}

const REFUSALS: readonly number[] = [Code.INVALID_ARGUMENT, Code.RESOURCE_EXHAUSTED, Code.CONTRACT_VIOLATION];

/** The result of reading: a value, or the reason of the refusal. Any error other than an AsterError is a defect. */
export type Read = { readonly value: unknown } | { readonly refused: string };

export function attempt(read: () => unknown): Read {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof AsterError && REFUSALS.includes(error.code) && error.isLocal) {
      return { refused: error.message };
    }
    throw error;
  }
}

/** The reason why Rust refuses a message of this root; null when Rust accepts it. */
export function refusedByRust(codec: PlanCodec, bytes: Uint8Array): string | null {
  try {
    native().planCheck(codec.planId, codec.root, bytes);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** A message as JSON, read by Rust; null when JSON cannot hold it or Rust refuses it. */
export function jsonByRust(codec: PlanCodec, bytes: Uint8Array): string | null {
  try {
    return native().planToJson(codec.planId, codec.root, bytes);
  } catch {
    return null;
  }
}
