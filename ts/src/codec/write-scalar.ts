// One writer for each scalar kind: it checks the value, makes room and writes the payload.
//
// Owns: the scalars of the interpreter. Generated code calls these writers for the kinds that it does not inline.

import type { MessageWriter } from "../message.js";
import { isDetached } from "../schema/arrays.js";
import { type ScalarKind, scalarKinds } from "../schema/kinds.js";
import { dayOfText } from "../schema/plain-values.js";
import {
  putBigInt,
  putBigUint,
  putInt,
  putTaggedInt,
  putTaggedUint,
  putUint32,
  VARINT_ROOM,
} from "./numbers.js";
import { refuse } from "./refusal.js";
import { writeText } from "./text.js";
import { writeArray } from "./typed-array.js";

/** Checks and writes one value. */
export type WriteValue = (writer: MessageWriter, value: unknown) => void;

/** Writes a checked value at a position with enough room, and returns the next position. */
type Put = (writer: MessageWriter, pos: number, value: never) => number;

const fixed = (bytes: number, set: (view: DataView, pos: number, value: never) => void): Put => {
  return (writer, pos, value) => {
    set(writer.view, pos, value);
    return pos + bytes;
  };
};

const puts: Readonly<Record<string, Put>> = {
  bool: fixed(1, (view, pos, value: boolean) => view.setUint8(pos, value ? 1 : 0)),
  int8: fixed(1, (view, pos, value: number) => view.setInt8(pos, value)),
  int16: fixed(2, (view, pos, value: number) => view.setInt16(pos, value, true)),
  fixedInt32: fixed(4, (view, pos, value: number) => view.setInt32(pos, value, true)),
  int32: ({ buf }, pos, value: number) => putInt(buf, pos, value),
  fixedInt64: fixed(8, (view, pos, value: bigint) => view.setBigInt64(pos, value, true)),
  int: ({ buf }, pos, value: number | bigint) =>
    typeof value === "bigint" ? putBigInt(buf, pos, value) : putInt(buf, pos, value),
  taggedInt64: ({ view }, pos, value: bigint) => putTaggedInt(view, pos, value),
  uint8: fixed(1, (view, pos, value: number) => view.setUint8(pos, value)),
  uint16: fixed(2, (view, pos, value: number) => view.setUint16(pos, value, true)),
  fixedUint32: fixed(4, (view, pos, value: number) => view.setUint32(pos, value, true)),
  uint32: ({ buf }, pos, value: number) => putUint32(buf, pos, value),
  fixedUint64: fixed(8, (view, pos, value: bigint) => view.setBigUint64(pos, value, true)),
  uint64: ({ buf }, pos, value: bigint) => putBigUint(buf, pos, value),
  taggedUint64: ({ view }, pos, value: bigint) => putTaggedUint(view, pos, value),
  float32: fixed(4, (view, pos, value: number) => view.setFloat32(pos, value, true)),
  float: fixed(8, (view, pos, value: number) => view.setFloat64(pos, value, true)),
};

/** Returns the writer of a scalar type. */
export function scalarWriter(kind: ScalarKind): WriteValue {
  if (kind.js === "string") return writeText;
  if (kind.js === "bytes") return writeBytes;
  if (kind.js === "date") return writeDate;
  if (kind.word === "timestamp") return kind.js === "bigint" ? writeMicros : writeTimestamp;
  const { array } = kind;
  if (array !== undefined) return (writer, value) => writeArray(array, writer, value);
  const put = puts[kind.word];
  if (put === undefined) throw new Error(`no writer for ${kind.word}`);
  return (writer, value) => {
    if (!kind.fits(value)) refuse();
    writer.ensure(VARINT_ROOM);
    writer.pos = put(writer, writer.pos, value as never);
  };
}

export function writeBytes(writer: MessageWriter, value: unknown): void {
  if (!(value instanceof Uint8Array)) refuse();
  const length = value.length;
  if (length === 0 && isDetached(value)) refuse("a Uint8Array over a detached ArrayBuffer");
  writer.ensure(length + 5);
  const start = putUint32(writer.buf, writer.pos, length);
  writer.buf.set(value, start);
  writer.pos = start + length;
}

export function writeDate(writer: MessageWriter, value: unknown): void {
  const day = typeof value === "string" ? dayOfText(value) : null;
  if (day === null) refuse();
  writer.ensure(4);
  writer.view.setInt32(writer.pos, day, true);
  writer.pos += 4;
}

export function writeTimestamp(writer: MessageWriter, value: unknown): void {
  if (!scalarKinds.timestamp.fits(value)) refuse();
  const ms = (value as Date).getTime();
  const seconds = Math.floor(ms / 1000);
  putTimestamp(writer, BigInt(seconds), (ms - seconds * 1000) * 1_000_000);
}

function writeMicros(writer: MessageWriter, value: unknown): void {
  if (!scalarKinds.timestampMicros.fits(value)) refuse();
  const micros = value as bigint;
  // Floor division, so that the rest of the second is never negative.
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  putTimestamp(writer, (micros - rest) / 1_000_000n, Number(rest) * 1000);
}

function putTimestamp(writer: MessageWriter, seconds: bigint, nanoseconds: number): void {
  writer.ensure(12);
  writer.view.setBigInt64(writer.pos, seconds, true);
  writer.view.setUint32(writer.pos + 8, nanoseconds, true);
  writer.pos += 12;
}
