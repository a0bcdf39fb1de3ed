// Forms: as what a value that can be referred to was written or read, and where it may stand once more.
//
// Owns: the rule of `docs/plan.md` that a reference fits its place, for writers (which write a value anew where a
// reference to it would not fit) and readers (which refuse), and what a scalar becomes in a place that keeps it
// as another JavaScript kind. Does not own: the numbers themselves.

import { EnumMember } from "../schema/enum-member.js";
import type { ScalarKind } from "../schema/kinds.js";
import { PlainDate } from "../schema/plain-values.js";
import type { DynamicShape, NamedType, Shape } from "./shape.js";
import { ID } from "./wire.js";
import type { Kind } from "./write-dynamic.js";

/** As what a value stands somewhere. */
export interface Form {
  /** Its type: a Fory type id, or the message, enum or extension. */
  readonly kind: Kind;
  /** The declared shape; null where the value brought its type along. */
  readonly shape: DeclaredShape | null;
}

/** A place that declares what stands there. */
export type DeclaredShape = Exclude<Shape, DynamicShape>;

/** The type that a declared place has when a message names it. */
export function kindOfShape(shape: DeclaredShape): Kind {
  if (shape.op === "scalar") return shape.kind.id;
  if (shape.op === "message" || shape.op === "enum" || shape.op === "extension") return shape.type;
  return shape.op === "list" ? ID.LIST : shape.op === "set" ? ID.SET : ID.MAP;
}

const ofShape = new WeakMap<Shape, Form>();
const ofKind = new Map<number, Form>();
const ofType = new WeakMap<NamedType, Form>();

/** The form of values in a place that declares its shape. */
export function formOfShape(shape: DeclaredShape): Form {
  // A message is the same object in any place, and has one form.
  if (shape.op === "message") return formOfKind(shape.type);
  let form = ofShape.get(shape);
  if (form === undefined) {
    form = { kind: kindOfShape(shape), shape };
    ofShape.set(shape, form);
  }
  return form;
}

/** The form of values that bring their type. */
export function formOfKind(kind: Kind): Form {
  let form = typeof kind === "number" ? ofKind.get(kind) : ofType.get(kind);
  if (form === undefined) {
    form = { kind, shape: null };
    if (typeof kind === "number") ofKind.set(kind, form);
    else ofType.set(kind, form);
  }
  return form;
}

/** True when what was written or read as `seen` may stand in a place that declares its shape. */
export const fitsForm = (seen: Form, place: Form): boolean => sameForm(seen, place, true);

/** True when the two are one type to peers, whatever JavaScript keeps their parts as. */
export const fitsOnWire = (seen: Form, place: Form): boolean => sameForm(seen, place, false);

/** @param exact down to the JavaScript kinds: an array of numbers is no array of bigints, a Map no record */
function sameForm(seen: Form, place: Form, exact: boolean): boolean {
  if (seen === place) return true;
  const { shape } = place;
  if (shape === null || (shape.op !== "list" && shape.op !== "set" && shape.op !== "map")) {
    return seen.kind === place.kind;
  }
  if (seen.shape !== null) return sameShape(seen.shape, shape, exact);
  // Elements of a dynamic container were read as whatever they are.
  if (shape.op === "map") {
    const kept = !exact || !shape.record;
    return seen.kind === ID.MAP && kept && isFree(shape.key) && isFree(shape.value);
  }
  return seen.kind === place.kind && isFree(shape.element);
}

/** True when a value of that type may stand in a place that declares none. */
export function fitsDynamic(kind: Kind, place: DynamicShape): boolean {
  if (place.narrow !== 0) return kind === place.narrow;
  return place.only === null || (typeof kind !== "number" && place.only.includes(kind));
}

function isFree(shape: Shape): boolean {
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
      return other.op === one.op && samePart(one.element, other.element, exact);
    case "map":
      return (
        other.op === "map" &&
        (!exact || one.record === other.record) &&
        samePart(one.key, other.key, exact) &&
        samePart(one.value, other.value, exact)
      );
    case "message":
    case "enum":
    case "extension":
      return other.op === one.op && one.type === other.type;
    case "dynamic":
      return other.op === "dynamic" && one.narrow === other.narrow && sameTypes(one.only, other.only);
  }
}

function samePart(one: Shape, other: Shape, exact: boolean): boolean {
  return one.nullable === other.nullable && sameShape(one, other, exact);
}

function sameTypes(one: readonly NamedType[] | null, other: readonly NamedType[] | null): boolean {
  if (one === null || other === null) return one === other;
  return one.length === other.length && one.every((type, index) => type === other[index]);
}

/**
 * A value that was read as `seen`, as a declared place of a fitting form keeps it: scalars that have two kinds in
 * JavaScript are converted. Undefined where the place's kind cannot hold it.
 */
export function asDeclared(value: unknown, seen: Form, place: Form): unknown {
  const { kind, shape } = place;
  if (typeof kind !== "number" && kind.kind === "enum") return asMember(value);
  return shape?.op === "scalar" ? asScalar(value, seen, shape.kind, shape.lend) : value;
}

/** A value that was read as `seen`, as a place without a declared type has it. */
export function asLoose(value: unknown, seen: Form): unknown {
  const { kind, shape } = seen;
  if (typeof kind !== "number" && kind.kind === "enum" && typeof value === "string") {
    return kind.definition.values[kind.definition.ordinals.get(value) ?? -1];
  }
  if (shape?.op !== "scalar") return value;
  if (typeof value === "bigint") {
    if (shape.kind.word === "timestamp") return dateOfMicros(value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (shape.kind.js === "date") return new PlainDate(value as string);
  return shape.lend ? Uint8Array.from(value as Uint8Array) : value;
}

function asMember(value: unknown): unknown {
  return value instanceof EnumMember ? value.name : value;
}

function asScalar(value: unknown, seen: Form, kind: ScalarKind, lend: boolean): unknown {
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
      // What another place lends ends with the call; a place that does not lend has its own.
      return !lend && seen.shape?.op === "scalar" && seen.shape.lend
        ? Uint8Array.from(value as Uint8Array)
        : value;
    default:
      return value;
  }
}

/** Microseconds cut off to the milliseconds of a Date. */
function dateOfMicros(micros: bigint): Date {
  return new Date(Number((micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n));
}
