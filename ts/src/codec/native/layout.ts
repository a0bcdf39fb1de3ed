// The layout of a NATIVE message: the order of its fields, and where its strings are.
//
// Owns: these two decisions, which writers and readers of both executors share. Both sides have the same schema, so a
// layout needs no names, types or hashes in the payload.

import type { FieldShape, MessageType, Scope, Shape } from "../shape.js";

/** What functions are made for: the types, and where the strings of a payload are. */
export interface Target {
  readonly scope: Scope;
  readonly inPlace: boolean;
}

/** The sizes of kinds whose values always have the same number of bytes. */
const FIXED_SIZES: Readonly<Record<string, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  fixedInt32: 4,
  fixedInt64: 8,
  uint8: 1,
  uint16: 2,
  fixedUint32: 4,
  fixedUint64: 8,
  float32: 4,
  float: 8,
};

/** The number of bytes of every value of a shape, or 0. */
export function fixedSize(shape: Shape): number {
  return shape.op === "scalar" && !shape.nullable ? (FIXED_SIZES[shape.kind.word] ?? 0) : 0;
}

/**
 * The fields in the order of the payload, as indexes: those of fixed size first, which one length check covers. The order of the
 * plan does not depend on the order of declaration, as the fingerprint of exact schemas does not.
 */
export function layoutOf(type: MessageType): readonly number[] {
  const indexes = type.order;
  const isFixed = (index: number): boolean => fixedSize((type.fields[index] as FieldShape).shape) > 0;
  return [...indexes.filter(isFixed), ...indexes.filter((index) => !isFixed(index))];
}

/**
 * True when the strings of a root are in place: a message with only scalars. For its few strings, a text at the end would
 * take longer.
 */
export function hasTextInPlace(shape: Shape): boolean {
  if (shape.op !== "message") return true;
  return shape.type.fields.every(({ shape: { op } }) => op === "scalar" || op === "enum");
}
