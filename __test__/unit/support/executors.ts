// Writing and reading by both executors, generated code and the interpreter, which have to agree; and by Rust.

import { expect } from "vitest";
import { codecBy, type PlanCodec } from "../../../ts/src/codec/codec.js";
import { AsterError, Code } from "../../../ts/src/errors.js";
import { type MessageCodec, MessageWriter } from "../../../ts/src/message.js";
import { native } from "../../../ts/src/native/index.js";

// biome-ignore lint/suspicious/noExplicitAny: schemas from a table, or made at run time, have no static type
export type Loose = any;

export const executors = ["generated", "interpreted"] as const;

/** Both codecs of a schema. */
export const codecsOf = (schema: Loose): [PlanCodec, PlanCodec] => [
  codecBy("generated", schema),
  codecBy("interpreted", schema),
];

/** The bytes that a codec makes of a value. */
export function encode(codec: MessageCodec, value: unknown): Uint8Array {
  const writer = new MessageWriter(4);
  writer.pos = 3; // inside a batch buffer a message starts anywhere
  codec.write(writer, value);
  return writer.buf.slice(3, writer.pos);
}

export function decode(codec: MessageCodec, bytes: Uint8Array): unknown {
  return codec.read(bytes, 0, bytes.length, false);
}

/** The bytes of a value, the same by both executors, which Rust takes. */
export function encodeByBoth(schema: Loose, value: unknown): Uint8Array {
  const [generated, interpreted] = codecsOf(schema);
  const bytes = encode(generated, value);
  expect(encode(interpreted, value)).toEqual(bytes);
  native().planCheck(generated.planId, generated.root, bytes);
  return bytes;
}

/** What both executors read, which has to be equal. */
export function decodeByBoth(schema: Loose, bytes: Uint8Array): Loose {
  const [generated, interpreted] = codecsOf(schema);
  const value = decode(generated, bytes);
  expect(decode(interpreted, bytes)).toEqual(value);
  return value;
}

/** The value once through the codec, by both executors. */
export const roundTrip = (schema: Loose, value: unknown): Loose =>
  decodeByBoth(schema, encodeByBoth(schema, value));

/**
 * Length of what precedes the fields of a message that is named in a word of one to three letters, with a namespace
 * of one: header, flag and type id, the two names packed, hash.
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
 * What both executors make of `payload` (hex, blanks are for the eye) as the only field `x` of `One`, a message whose
 * prefix has the length above: the value, or the error that says the message is malformed.
 */
export function readField(One: Loose, payload: string): Loose {
  const sample = SAMPLES.find((x) => One["~standard"].validate({ x }).issues === undefined);
  const prefix = encodeByBoth(One, { x: sample }).subarray(0, PREFIX);
  const bytes = Buffer.concat([prefix, Buffer.from(payload.replaceAll(" ", ""), "hex")]);
  const [generated, interpreted] = codecsOf(One).map((codec) => {
    try {
      return (decode(codec, bytes) as { x: unknown }).x;
    } catch (error) {
      expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: "MALFORMED_MESSAGE" });
      return error;
    }
  });
  if (generated instanceof Error) expect(interpreted).toMatchObject({ message: generated.message });
  else expect(interpreted).toEqual(generated);
  return generated;
}

/** What reading gives: the value, or that it was refused. Anything but an AsterError is a defect. */
export function outcome(
  codec: MessageCodec,
  bytes: Uint8Array,
): { readonly value: unknown } | "refused" | "unsafe" {
  try {
    return { value: decode(codec, bytes) };
  } catch (error) {
    expect(error).toBeInstanceOf(AsterError);
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: true });
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
