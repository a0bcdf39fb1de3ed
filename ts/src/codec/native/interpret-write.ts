// The interpreter for writing NATIVE payloads: closures from shapes.
//
// Owns: the executor for processes that forbid code generation. Generated writers call it for extensions and dynamic positions.
// Kinds without a shorter form have the bytes of XLANG.

import type { MessageWriter } from "../../message.js";
import { entriesOf, fieldInput } from "../../schema/validate.js";
import { fieldWriter } from "../interpret-write.js";
import { MAX_ELEMENTS, refuse } from "../refusal.js";
import type { FieldShape, MessageType, Shape } from "../shape.js";
import { writeText } from "../text.js";
import { putByte } from "../write-dynamic.js";
import { scalarWriter, type WriteValue } from "../write-scalar.js";
import { enterWriting, writing } from "../writing.js";
import { INTEGER_ROOM, LENGTH_ROOM, putBigInteger, putInteger, putLength } from "./format.js";
import { isJs } from "./js-extension.js";
import { layoutOf, type Target } from "./layout.js";
import { writeBlockText } from "./text.js";
import { jsWriter } from "./validator.js";

/** The writers of messages, by type. */
export type MessageWriters = (type: MessageType) => WriteValue;

/** Makes the writers of all messages of a target, each at its first use: messages may contain each other. */
export function interpretedWriters(target: Target): MessageWriters {
  const writers = new Map<MessageType, WriteValue>();
  const writerOf = (type: MessageType): WriteValue => {
    let known = writers.get(type);
    if (known === undefined) {
      known = messageWriter(target, type, writerOf);
      writers.set(type, known);
    }
    return known;
  };
  return writerOf;
}

function messageWriter(target: Target, type: MessageType, messages: MessageWriters): WriteValue {
  let fields: { readonly shape: FieldShape; readonly write: WriteValue }[] | null = null;
  return (writer, value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) refuse();
    fields ??= layoutOf(type).map((index) => {
      const shape = type.fields[index] as FieldShape;
      return { shape, write: valueWriter(target, shape.shape, messages) };
    });
    enterWriting();
    // An empty message takes one byte, so that the length of a message limits the length of a list.
    if (fields.length === 0) putByte(writer, 0);
    for (const { shape, write } of fields) write(writer, fieldInput(shape.field, value));
    writing.depth--;
  };
}

const noMessages: MessageWriters = () => {
  throw new Error("a writer without messages");
};

/** Makes the writer of a value: its null flag where nullable, then the value. */
export function valueWriter(target: Target, shape: Shape, messages: MessageWriters = noMessages): WriteValue {
  const write = presentWriter(target, shape, messages);
  if (!shape.nullable) return write;
  return (writer, value) => {
    putByte(writer, value === null ? 0 : 1);
    if (value !== null) write(writer, value);
  };
}

function presentWriter(target: Target, shape: Shape, messages: MessageWriters): WriteValue {
  switch (shape.op) {
    case "scalar": {
      const { kind } = shape;
      if (kind.word === "string") return target.inPlace ? writeText : writeBlockText;
      if (kind.word === "int" && kind.js === "bigint") return bigintWriter(kind.fits);
      return isInteger(kind.word, kind.js) ? integerWriter(kind.fits) : scalarWriter(kind);
    }
    case "message":
      return (writer, value) => messages(shape.type)(writer, value);
    case "enum": {
      const { ordinals } = shape.type.definition;
      return (writer, value) => writeLength(writer, ordinals.get(value as string) ?? refuse());
    }
    case "list":
    case "set": {
      const write = valueWriter(target, shape.element, messages);
      const isList = shape.op === "list";
      return (writer, value) => writeElements(writer, isList ? listItems(value) : setItems(value), write);
    }
    case "map": {
      const key = valueWriter(target, shape.key, messages);
      const item = valueWriter(target, shape.value, messages);
      return (writer, value) =>
        writeElements(writer, entriesOf(value) ?? refuse(), (at, entry) => {
          const [k, v] = entry as [unknown, unknown];
          key(at, k);
          item(at, v);
        });
    }
    case "extension":
    case "dynamic":
      if (shape.op === "extension" && isJs(shape.type)) return jsWriter(shape.validator);
      return fieldWriter(target.scope, { ...shape, nullable: false });
  }
}

/** The kinds that NATIVE writes as its own integers: their values are numbers. */
export function isInteger(word: string, js: string): boolean {
  return (word === "int" && js === "number") || word === "int32" || word === "uint32";
}

function integerWriter(fits: (value: unknown) => boolean): WriteValue {
  return (writer, value) => {
    if (!fits(value)) refuse();
    writer.ensure(INTEGER_ROOM);
    writer.pos = putInteger(writer.buf, writer.pos, value as number);
  };
}

function bigintWriter(fits: (value: unknown) => boolean): WriteValue {
  return (writer, value) => {
    if (!fits(value)) refuse();
    writer.ensure(INTEGER_ROOM);
    writer.pos = putBigInteger(writer.buf, writer.pos, value as bigint);
  };
}

function writeLength(writer: MessageWriter, length: number): void {
  writer.ensure(LENGTH_ROOM);
  writer.pos = putLength(writer.buf, writer.pos, length);
}

function listItems(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : refuse();
}

function setItems(value: unknown): readonly unknown[] {
  return value instanceof Set ? [...(value as Set<unknown>)] : refuse();
}

function writeElements(writer: MessageWriter, items: readonly unknown[], write: WriteValue): void {
  enterWriting();
  if (items.length > MAX_ELEMENTS) refuse(`a collection of more than ${MAX_ELEMENTS} elements`);
  writeLength(writer, items.length);
  // By index, so that a hole is an undefined element. Every writer of a schema but that of t.js refuses undefined.
  for (let index = 0; index < items.length; index++) write(writer, items[index]);
  writing.depth--;
}
