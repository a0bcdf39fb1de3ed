// Encoding and decoding with the published codec, and the results of the three readers for the same bytes.

import { getHeapStatistics } from "node:v8";
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

/** The limit on the estimated size of a message while fuzzing. */
const MAX_DECODED = 4 << 20;

/** What decoding may add to the memory in use: values, and what it made in between. */
const MOST_GROWTH = 4 * MAX_DECODED;

const memoryInUse = (): number => {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
};

/** Decodes a message. Taking more memory than the limit on its estimated size allows is a defect. */
export function decode(codec: MessageCodec, bytes: Uint8Array): unknown {
  const before = memoryInUse();
  try {
    return codec.read(bytes, 0, bytes.length, false, MAX_DECODED);
  } finally {
    const growth = memoryInUse() - before;
    if (growth > MOST_GROWTH) report(`decoding ${bytes.length} bytes took ${growth} bytes of memory`);
  }
}

function report(finding: string): never {
  throw new Error(finding);
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
