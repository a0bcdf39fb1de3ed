// Encoding and decoding with both executors, generated code and the interpreter, which must agree; and with Rust.

import { expect } from "vitest";
import { codecBy, type PlanCodec } from "../../../ts/src/codec/codec.js";
import { AsterError, Code } from "../../../ts/src/errors.js";
import { type MessageCodec, MessageWriter } from "../../../ts/src/message.js";
import { native } from "../../../ts/src/native/index.js";

// biome-ignore lint/suspicious/noExplicitAny: schemas from a table, or made at run time, have no static type
export type Loose = any;

export const executors = ["generated", "interpreted"] as const;

/** Both codecs of a schema: with generated code and with the interpreter. */
export const codecsOf = (schema: Loose): [PlanCodec, PlanCodec] => [
  codecBy("generated", schema),
  codecBy("interpreted", schema),
];

/** The bytes that a codec writes for a value. */
export function encode(codec: MessageCodec, value: unknown): Uint8Array {
  const writer = new MessageWriter(4);
  writer.pos = 3; // a message may begin anywhere in a batch buffer
  codec.write(writer, value);
  return writer.buf.slice(3, writer.pos);
}

export function decode(codec: MessageCodec, bytes: Uint8Array): unknown {
  return codec.read(bytes, 0, bytes.length, false);
}

/** The bytes of a value. Both executors must write the same, and Rust must accept them. */
export function encodeByBoth(schema: Loose, value: unknown): Uint8Array {
  const [generated, interpreted] = codecsOf(schema);
  const bytes = encode(generated, value);
  expect(encode(interpreted, value)).toEqual(bytes);
  native().planCheck(generated.planId, generated.root, bytes);
  return bytes;
}

/** The value that both executors read. Their values must be equal. */
export function decodeByBoth(schema: Loose, bytes: Uint8Array): Loose {
  const [generated, interpreted] = codecsOf(schema);
  const value = decode(generated, bytes);
  expect(decode(interpreted, bytes)).toEqual(value);
  return value;
}

/** Encodes and decodes the value with both executors. */
export const roundTrip = (schema: Loose, value: unknown): Loose =>
  decodeByBoth(schema, encodeByBoth(schema, value));

/**
 * The number of bytes before the fields of a message with a name of one to three letters and a namespace of one letter:
 * header, flag, type id, the two packed names, hash.
 */
export const PREFIX = 3 + 3 + 4 + 4;

/** A value for most schemas. */
const SAMPLES = [
  null,
  true,
  1,
  1.5,
  "s",
  [],
  new Set(),
  new Map(),
  new Date(0),
  Uint8Array.of(),
  { x: 1 },
  { n: 1 },
];

/**
 * The result of both executors for `payload` (hexadecimal; blanks are ignored) as the only field `x` of `One`, a message
 * whose prefix has the length above: the value, or the error that says that the message is malformed.
 */
export function readField(One: Loose, payload: string): Loose {
  const sample = SAMPLES.find((x) => One["~standard"].validate({ x }).issues === undefined);
  const prefix = encodeByBoth(One, { x: sample }).subarray(0, PREFIX);
  const bytes = Buffer.concat([prefix, Buffer.from(payload.replaceAll(" ", ""), "hex")]);
  const [generated, interpreted] = codecsOf(One).map((codec) => {
    try {
      return (decode(codec, bytes) as { x: unknown }).x;
    } catch (error) {
      expect(error).toMatchObject(refusalOf(error));
      return error;
    }
  });
  if (generated instanceof Error) expect(interpreted).toMatchObject({ message: generated.message });
  else expect(interpreted).toEqual(generated);
  return generated;
}

/** The code and reason that a refused message must have: those of a limit, or of malformed bytes. */
function refusalOf(error: unknown): { readonly code: Code; readonly reason: string } {
  return /more than (?!999,)|nested deeper|a million|collide/.test(String(error))
    ? { code: Code.RESOURCE_EXHAUSTED, reason: "LIMIT_EXCEEDED" }
    : { code: Code.INVALID_ARGUMENT, reason: "MALFORMED_MESSAGE" };
}

/** The result of reading: the value, or that it was refused. Any error other than an AsterError is a defect. */
export function outcome(
  codec: MessageCodec,
  bytes: Uint8Array,
): { readonly value: unknown } | "refused" | "unsafe" {
  try {
    return { value: decode(codec, bytes) };
  } catch (error) {
    expect(error).toBeInstanceOf(AsterError);
    expect(error).toMatchObject({ code: refusalOf(error).code, isLocal: true });
    return String(error).includes("is too large for a number") ? "unsafe" : "refused";
  }
}

export function acceptedByRust(codec: PlanCodec, bytes: Uint8Array): boolean {
  try {
    native().planCheck(codec.planId, codec.root, bytes);
    return true;
  } catch {
    return false;
  }
}
