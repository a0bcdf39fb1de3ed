// The interpreter for writing: it builds closures from shapes.
//
// Owns: the executor for processes that forbid code generation. Tests compare generated writers with it byte by byte.
// Generated writers call it for rare encodings.

import type { MessageWriter } from "../message.js";
import { entriesOf, fieldInput } from "../schema/validate.js";
import { extensionWriter, isJs } from "./native/js-extension.js";
import { putUint32 } from "./numbers.js";
import { writeReferenceFlag } from "./references.js";
import { refuse } from "./refusal.js";
import type { EnumType, FieldShape, MapShape, MessageType, Scope, Shape } from "./shape.js";
import { type TrackedType, trackedByShape } from "./tracked-types.js";
import { DECLARED_LIST, DECLARED_LIST_WITH_NULLS, ID, LIST_FLAG, NOT_NULL, NULL } from "./wire.js";
import {
  dynamicSide,
  isTracked,
  putByte,
  type Side,
  type WireType,
  writeByWireType,
  writeDynamic,
  writeEntries,
  writeSharedDynamic,
  writeUndeclared,
} from "./write-dynamic.js";
import { scalarWriter, type WriteValue } from "./write-scalar.js";
import { beginCollection, enterWriting, writeTypeInfo, writing } from "./writing.js";

/** Makes the writer of a message: its hash, then its fields. */
export function bodyWriter(scope: Scope, type: MessageType): WriteValue {
  let fields: { readonly read: (value: object) => unknown; readonly write: WriteValue }[] | null = null;
  return (writer, value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) refuse();
    // Built at first use, when every type of the scope has its writer: messages may refer to each other.
    fields ??= type.order.map((index) => fieldOf(scope, type, index));
    enterWriting();
    writer.ensure(4);
    writer.view.setInt32(writer.pos, type.hash, true);
    writer.pos += 4;
    for (const { read, write } of fields) write(writer, read(value));
    writing.depth--;
  };
}

function fieldOf(
  scope: Scope,
  type: MessageType,
  index: number,
): { readonly read: (value: object) => unknown; readonly write: WriteValue } {
  const field = type.fields[index];
  if (field === undefined) throw new Error("a plan whose order names an unknown field");
  return {
    // Where references are tracked, each message gets its own object for a default.
    read: (value) => fieldInput(field.field, value, scope.tracked),
    write: flaggedFieldWriter(scope, field),
  };
}

/** Makes the writer of a field, including its null flag or reference flag. */
export function flaggedFieldWriter(scope: Scope, { shape, leadingFlag }: FieldShape): WriteValue {
  if (leadingFlag === "plain") return fieldWriter(scope, shape);
  if (leadingFlag === "flag") return flagWriter(scope, shape);
  if (shape.op === "dynamic") return (writer, value) => writeSharedDynamic(scope, writer, value, shape);
  const write = presentWriter(scope, shape);
  const tracked = trackedByShape(shape);
  return (writer, value) => {
    if (value === null && shape.nullable) putByte(writer, NULL);
    else if (writeReferenceFlag(writer, value, tracked)) write(writer, value);
  };
}

/** Makes the writer of a field that is not shared: null flag where nullable, type info where the plan has it, value. */
export function fieldWriter(scope: Scope, shape: Shape): WriteValue {
  const write = presentWriter(scope, shape);
  if (!shape.nullable) return write;
  return (writer, value) => {
    putByte(writer, value === null ? NULL : NOT_NULL);
    if (value !== null) write(writer, value);
  };
}

function flagWriter(scope: Scope, shape: Shape): WriteValue {
  const write = presentWriter(scope, shape);
  return (writer, value) => {
    const isNull = value === null && shape.nullable;
    putByte(writer, isNull ? NULL : NOT_NULL);
    if (!isNull) write(writer, value);
  };
}

function presentWriter(scope: Scope, shape: Shape): WriteValue {
  if (shape.op === "dynamic") return (writer, value) => writeDynamic(scope, writer, value, shape);
  const payload = payloadWriter(scope, shape);
  if ((shape.op !== "message" && shape.op !== "extension") || !shape.typeInfo) return payload;
  return (writer, value) => {
    writeTypeInfo(writer, shape.type);
    payload(writer, value);
  };
}

/** Makes the writer of a payload of a declared type. */
export function payloadWriter(scope: Scope, shape: Shape): WriteValue {
  switch (shape.op) {
    case "scalar":
      return scalarWriter(shape.kind);
    case "list": {
      const elements = elementsWriter(scope, shape.element, shape.declared);
      return (writer, value) => elements(writer, Array.isArray(value) ? (value as unknown[]) : refuse());
    }
    case "set": {
      const elements = elementsWriter(scope, shape.element, shape.declared);
      return (writer, value) =>
        elements(writer, value instanceof Set ? [...(value as Set<unknown>)] : refuse());
    }
    case "map":
      return mapWriter(scope, shape);
    case "message":
      return (writer, value) => shape.type.write(writer, value);
    case "enum":
      return (writer, value) => writeMember(writer, shape.type, value);
    case "extension":
      return extensionWriter(shape);
    case "dynamic": {
      // A bare list or dict inside another container is declared, but its elements have no type.
      const { narrow } = shape;
      if (narrow === 0) throw new Error("a plan that declares a position without a type");
      return (writer, value) => writeByWireType(scope, writer, narrowed(value, narrow), narrow);
    }
  }
}

function narrowed(value: unknown, narrow: number): unknown {
  const fits = narrow === ID.LIST ? Array.isArray(value) : entriesOf(value) !== null;
  return fits ? value : refuse();
}

/** Writes an enum member by its name. */
function writeMember(writer: MessageWriter, type: EnumType, value: unknown): void {
  const ordinal = typeof value === "string" ? type.definition.ordinals.get(value) : undefined;
  if (ordinal === undefined) refuse();
  writer.ensure(5);
  writer.pos = putUint32(writer.buf, writer.pos, ordinal);
}

type WriteElements = (writer: MessageWriter, items: readonly unknown[]) => void;

function elementsWriter(scope: Scope, element: Shape, declared: boolean): WriteElements {
  if (!declared) {
    if (element.op !== "dynamic") throw new Error("a plan with a known element type that is not declared");
    return (writer, items) => writeUndeclared(scope, writer, items, element);
  }
  const write = payloadWriter(scope, element);
  const tracked = trackedElement(scope, element);
  const bools = element.op === "scalar" && element.kind.word === "bool";
  return (writer, items) => {
    beginCollection(writer, items.length);
    const nulls = element.nullable && items.includes(null);
    const flags =
      (nulls ? DECLARED_LIST_WITH_NULLS : DECLARED_LIST) | (tracked === null ? 0 : LIST_FLAG.TRACKED);
    if (items.length > 0) putByte(writer, flags);
    // Python writes and reads no reference flags for lists of bools without nulls.
    const flagged = bools && !nulls ? null : tracked;
    // By index, so that a hole is an undefined element. Every writer refuses undefined.
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      if (nulls && item === null) {
        putByte(writer, NULL);
        continue;
      }
      if (flagged !== null) {
        if (!writeReferenceFlag(writer, item, flagged)) continue;
      } else if (nulls) {
        putByte(writer, NOT_NULL);
      }
      write(writer, item);
    }
    writing.depth--;
  };
}

/** The tracked type of elements, keys and values of a declared shape; null where they have no reference flag. */
export function trackedElement(scope: Scope, shape: Shape): TrackedType | null {
  if (!scope.tracked || shape.op === "dynamic") return null;
  // A value of t.js keeps identities inside itself. A reference to another one would pass by its validator.
  if (shape.op === "extension" && isJs(shape.type)) return null;
  const tracked = trackedByShape(shape);
  return isTracked(tracked.wireType) ? tracked : null;
}

function mapWriter(scope: Scope, shape: MapShape): WriteValue {
  const keys = sideOf(scope, shape.key, shape.keyDeclared);
  const values = sideOf(scope, shape.value, shape.valueDeclared);
  return (writer, value) => writeEntries(scope, writer, entriesOf(value) ?? refuse(), keys, values);
}

/** The wire type that a declared side reports for each value: one constant, because all have the declared type. */
const DECLARED_TYPE: WireType = -1;

function sideOf(scope: Scope, shape: Shape, declared: boolean): Side {
  if (!declared) {
    if (shape.op !== "dynamic") throw new Error("a plan with a known key or value type that is not declared");
    return dynamicSide(scope, shape);
  }
  const write = payloadWriter(scope, shape);
  const tracked = trackedElement(scope, shape);
  return {
    declared: true,
    wireTypeOf: (value) => (value !== null || shape.nullable ? DECLARED_TYPE : refuse()),
    trackedAs: () => tracked,
    write: (writer, value) => write(writer, value),
  };
}
