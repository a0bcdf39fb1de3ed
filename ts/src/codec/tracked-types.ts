// The type that a tracked value was encoded as. It decides where a back reference to the value is legal.
//
// Owns: the type check of back references (`docs/plan.md`), and the conversion of a referenced value to the
// JavaScript representation that the second position declares. A writer encodes the value again where a reference
// is not legal; a reader rejects such a reference. Does not own: reference ids (`references.ts`).

import { EnumMember } from "../schema/enum-member.js";
import type { ScalarKind } from "../schema/kinds.js";
import { PlainDate } from "../schema/plain-values.js";
import type { DynamicShape, NamedType, Shape } from "./shape.js";
import { ID } from "./wire.js";
import type { WireType } from "./write-dynamic.js";

/** The type that a tracked value was encoded as. */
export interface TrackedType {
  readonly wireType: WireType;
  /** The shape that the schema declares; null where the message itself named the type. */
  readonly shape: DeclaredShape | null;
}

/** A shape whose type the schema declares. */
export type DeclaredShape = Exclude<Shape, DynamicShape>;

/** The wire type of a declared shape. */
export function wireTypeOfShape(shape: DeclaredShape): WireType {
  if (shape.op === "scalar") return shape.kind.id;
  if (shape.op === "message" || shape.op === "enum" || shape.op === "extension") return shape.type;
  return shape.op === "list" ? ID.LIST : shape.op === "set" ? ID.SET : ID.MAP;
}

const byShape = new WeakMap<Shape, TrackedType>();
const byTypeId = new Map<number, TrackedType>();
const byNamedType = new WeakMap<NamedType, TrackedType>();

/** The tracked type of values whose shape the schema declares. */
export function trackedByShape(shape: DeclaredShape): TrackedType {
  // The encoding of a message does not depend on its position, so each message type has one tracked type.
  if (shape.op === "message") return trackedByWireType(shape.type);
  let tracked = byShape.get(shape);
  if (tracked === undefined) {
    tracked = { wireType: wireTypeOfShape(shape), shape };
    byShape.set(shape, tracked);
  }
  return tracked;
}

/** The tracked type of values whose type the message names. */
export function trackedByWireType(wireType: WireType): TrackedType {
  let tracked = typeof wireType === "number" ? byTypeId.get(wireType) : byNamedType.get(wireType);
  if (tracked === undefined) {
    tracked = { wireType, shape: null };
    if (typeof wireType === "number") byTypeId.set(wireType, tracked);
    else byNamedType.set(wireType, tracked);
  }
  return tracked;
}

/** True when a back reference to a value encoded as `encodedAs` is legal where `declared` is expected. */
export const allowsReference = (encodedAs: TrackedType, declared: TrackedType): boolean =>
  sameTrackedType(encodedAs, declared, true);

/** True when both are the same type on the wire. Their JavaScript representations may differ. */
export const sameOnWire = (encodedAs: TrackedType, declared: TrackedType): boolean =>
  sameTrackedType(encodedAs, declared, false);

/** @param exact also compares the JavaScript representation: number with bigint, Map with record */
function sameTrackedType(encodedAs: TrackedType, declared: TrackedType, exact: boolean): boolean {
  if (encodedAs === declared) return true;
  const { shape } = declared;
  if (shape === null || (shape.op !== "list" && shape.op !== "set" && shape.op !== "map")) {
    return encodedAs.wireType === declared.wireType;
  }
  if (encodedAs.shape !== null) return sameShape(encodedAs.shape, shape, exact);
  // The elements of a dynamic container may have any type, so the declared elements must accept any type too.
  if (shape.op === "map") {
    const sameRepresentation = !exact || !shape.record;
    return (
      encodedAs.wireType === ID.MAP &&
      sameRepresentation &&
      acceptsAnyType(shape.key) &&
      acceptsAnyType(shape.value)
    );
  }
  return encodedAs.wireType === declared.wireType && acceptsAnyType(shape.element);
}

/** True when a dynamic shape accepts values of that type. */
export function fitsDynamic(wireType: WireType, shape: DynamicShape): boolean {
  if (shape.narrow !== 0) return wireType === shape.narrow;
  return shape.only === null || (typeof wireType !== "number" && shape.only.includes(wireType));
}

function acceptsAnyType(shape: Shape): boolean {
  return shape.op === "dynamic" && shape.narrow === 0 && shape.only === null;
}

function sameShape(one: Shape, other: Shape, exact: boolean): boolean {
  switch (one.op) {
    case "scalar":
      return (
        other.op === "scalar" &&
        one.kind.word === other.kind.word &&
        (!exact || (one.kind.js === other.kind.js && one.lend === other.lend))
      );
    case "list":
    case "set":
      return other.op === one.op && sameElement(one.element, other.element, exact);
    case "map":
      return (
        other.op === "map" &&
        (!exact || one.record === other.record) &&
        sameElement(one.key, other.key, exact) &&
        sameElement(one.value, other.value, exact)
      );
    case "message":
    case "enum":
    case "extension":
      return other.op === one.op && one.type === other.type;
    case "dynamic":
      return other.op === "dynamic" && one.narrow === other.narrow && sameTypes(one.only, other.only);
  }
}

function sameElement(one: Shape, other: Shape, exact: boolean): boolean {
  return one.nullable === other.nullable && sameShape(one, other, exact);
}

function sameTypes(one: readonly NamedType[] | null, other: readonly NamedType[] | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((type, index) => type === other[index]);
}

/**
 * Converts a referenced value to the JavaScript representation that the declared shape asks for. Only enums and
 * scalars with two representations change. Returns undefined when the declared kind cannot hold the value.
 */
export function convertForDeclared(value: unknown, encodedAs: TrackedType, declared: TrackedType): unknown {
  const { wireType, shape } = declared;
  if (typeof wireType !== "number" && wireType.kind === "enum") return memberName(value);
  return shape?.op === "scalar" ? convertScalar(value, encodedAs, shape.kind, shape.lend) : value;
}

/** Converts a referenced value to the representation that a dynamic position uses. */
export function convertForDynamic(value: unknown, encodedAs: TrackedType): unknown {
  const { wireType, shape } = encodedAs;
  if (typeof wireType !== "number" && wireType.kind === "enum" && typeof value === "string") {
    return wireType.definition.values[wireType.definition.ordinals.get(value) ?? -1];
  }
  if (shape?.op !== "scalar") return value;
  if (typeof value === "bigint") {
    if (shape.kind.word === "timestamp") return dateOfMicros(value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (shape.kind.js === "date") return new PlainDate(value as string);
  return shape.lend ? Uint8Array.from(value as Uint8Array) : value;
}

function memberName(value: unknown): unknown {
  return value instanceof EnumMember ? value.name : value;
}

function convertScalar(value: unknown, encodedAs: TrackedType, kind: ScalarKind, lend: boolean): unknown {
  if (kind.word === "timestamp") {
    if (kind.js === "timestamp") return typeof value === "bigint" ? dateOfMicros(value) : value;
    return value instanceof Date ? BigInt(value.getTime()) * 1000n : value;
  }
  switch (kind.js) {
    case "number":
      return kind.fits(Number(value)) ? Number(value) : undefined;
    case "bigint":
      return BigInt(value as number | bigint);
    case "date":
      return value instanceof PlainDate ? value.text : value;
    case "bytes":
      // A view (`t.bytes.view`) is valid only during the call, so a position without `view` gets a copy.
      return !lend && encodedAs.shape?.op === "scalar" && encodedAs.shape.lend
        ? Uint8Array.from(value as Uint8Array)
        : value;
    default:
      return value;
  }
}

/** A Date from microseconds; the part below a millisecond is cut off. */
function dateOfMicros(micros: bigint): Date {
  return new Date(Number((micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n));
}
