// The interpreter, writing: closures built from shapes.
//
// Owns: the executor for processes where code generation is forbidden; generated writers are tested against it
// byte by byte. Also what generated writers call for forms that they do not spell out.

import type { MessageWriter } from "../message.js";
import { entriesOf, fieldInput } from "../schema/validate.js";
import { writeExtension } from "./extension.js";
import { type Form, formOfShape } from "./forms.js";
import { beginValue } from "./numbered.js";
import { putUint32 } from "./numbers.js";
import { refuse } from "./refusal.js";
import type { EnumType, FieldShape, MapShape, MessageType, Scope, Shape } from "./shape.js";
import { DECLARED_LIST, DECLARED_LIST_WITH_NULLS, ID, LIST_FLAG, NOT_NULL, NULL } from "./wire.js";
import {
  dynamicSide,
  isTracked,
  type Kind,
  putByte,
  type Side,
  writeDynamic,
  writeEntries,
  writeOfKind,
  writeSharedDynamic,
  writeUndeclared,
} from "./write-dynamic.js";
import { scalarWriter, type WriteValue } from "./write-scalar.js";
import { beginCollection, enterWriting, writeTypeInfo, writing } from "./writing.js";

/** Writes hash and fields of a message. */
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
  if (field === undefined) throw new Error("a plan whose order names no field");
  return {
    // A default is another object for each message that needs it.
    read: (value) => fieldInput(field.field, value, scope.tracked),
    write: leadWriter(scope, field),
  };
}

/** Writes a field with what precedes it. */
export function leadWriter(scope: Scope, { shape, lead }: FieldShape): WriteValue {
  if (lead === "plain") return fieldWriter(scope, shape);
  if (lead === "flag") return flagWriter(scope, shape);
  if (shape.op === "dynamic") return (writer, value) => writeSharedDynamic(scope, writer, value, shape);
  const write = presentWriter(scope, shape);
  const form = formOfShape(shape);
  return (writer, value) => {
    if (value === null && shape.nullable) putByte(writer, NULL);
    else if (beginValue(writer, value, form)) write(writer, value);
  };
}

/** Writes a field: the null flag where the place is nullable, then the value with what it brings as a field. */
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

/** Writes the payload of a value of a declared type. */
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
      return (writer, value) => writeExtension(writer, shape.type, value);
    case "dynamic": {
      // Declared though dynamic: a bare list or dict inside another one.
      const { narrow } = shape;
      if (narrow === 0) throw new Error("a plan that declares a place without a type");
      return (writer, value) => writeOfKind(scope, writer, narrowed(value, narrow), narrow);
    }
  }
}

function narrowed(value: unknown, narrow: number): unknown {
  const fits = narrow === ID.LIST ? Array.isArray(value) : entriesOf(value) !== null;
  return fits ? value : refuse();
}

/** Writes an enum member by its name. */
export function writeMember(writer: MessageWriter, type: EnumType, value: unknown): void {
  const ordinal = typeof value === "string" ? type.definition.ordinals.get(value) : undefined;
  if (ordinal === undefined) refuse();
  writer.ensure(5);
  writer.pos = putUint32(writer.buf, writer.pos, ordinal);
}

type WriteElements = (writer: MessageWriter, items: readonly unknown[]) => void;

function elementsWriter(scope: Scope, element: Shape, declared: boolean): WriteElements {
  if (!declared) {
    if (element.op !== "dynamic") throw new Error("a plan with an undeclared element of a known type");
    return (writer, items) => writeUndeclared(scope, writer, items, element);
  }
  const write = payloadWriter(scope, element);
  const form = trackedForm(scope, element);
  const bools = element.op === "scalar" && element.kind.word === "bool";
  return (writer, items) => {
    beginCollection(writer, items.length);
    const nulls = element.nullable && items.includes(null);
    const flags =
      (nulls ? DECLARED_LIST_WITH_NULLS : DECLARED_LIST) | (form === null ? 0 : LIST_FLAG.TRACKED);
    if (items.length > 0) putByte(writer, flags);
    // Python's one exception: its loop for bools looks only at nulls.
    const flagged = bools && !nulls ? null : form;
    // By index: holes are undefined elements, which no writer takes.
    for (let index = 0; index < items.length; index++) {
      const item = items[index];
      if (nulls && item === null) {
        putByte(writer, NULL);
        continue;
      }
      if (flagged !== null) {
        if (!beginValue(writer, item, flagged)) continue;
      } else if (nulls) {
        putByte(writer, NOT_NULL);
      }
      write(writer, item);
    }
    writing.depth--;
  };
}

/** As what elements, keys and values of a declared shape are numbered, or null where they are not. */
export function trackedForm(scope: Scope, shape: Shape): Form | null {
  if (!scope.tracked || shape.op === "dynamic") return null;
  const form = formOfShape(shape);
  return isTracked(form.kind) ? form : null;
}

function mapWriter(scope: Scope, shape: MapShape): WriteValue {
  const keys = sideOf(scope, shape.key, shape.keyDeclared);
  const values = sideOf(scope, shape.value, shape.valueDeclared);
  return (writer, value) => writeEntries(scope, writer, entriesOf(value) ?? refuse(), keys, values);
}

/** The kind of everything on a declared side: which one does not matter, only that it is always the same. */
const DECLARED_KIND: Kind = -1;

function sideOf(scope: Scope, shape: Shape, declared: boolean): Side {
  if (!declared) {
    if (shape.op !== "dynamic") throw new Error("a plan with an undeclared side of a known type");
    return dynamicSide(scope, shape);
  }
  const write = payloadWriter(scope, shape);
  const form = trackedForm(scope, shape);
  return {
    declared: true,
    kindOf: (value) => (value !== null || shape.nullable ? DECLARED_KIND : refuse()),
    formOf: () => form,
    write: (writer, value) => write(writer, value),
  };
}
