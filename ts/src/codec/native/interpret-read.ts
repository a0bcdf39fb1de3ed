// The interpreter for reading NATIVE payloads: closures from shapes.
//
// Owns: the executor for processes that forbid code generation. Generated readers call it for extensions, dynamic positions
// and scalars that they do not read in place.

import { recordOf } from "../../schema/validate.js";
import { COST } from "../costs.js";
import { costOfInterpreted, fieldReader, payloadReader, type Reading } from "../interpret-read.js";
import { noMember } from "../read-dynamic.js";
import type { Reader } from "../reader.js";
import { MAX_ELEMENTS } from "../refusal.js";
import type { FieldShape, MessageType, ReadValue, Shape } from "../shape.js";
import { costOfElement, costOfEntry, costOfMember } from "../shape-costs.js";
import { readBigInteger, readCount, readElementCount, readInteger } from "./format.js";
import { isInteger } from "./interpret-write.js";
import { isJs } from "./js-extension.js";
import { layoutOf, type Target } from "./layout.js";
import { readBlockText } from "./text.js";
import { jsReader } from "./validator.js";

/** The readers of messages, by type. */
export type MessageReaders = (type: MessageType) => ReadValue;

/** Makes the readers of all messages of a target, each at its first use. */
export function interpretedReaders(target: Target): MessageReaders {
  const readers = new Map<MessageType, ReadValue>();
  const readerOf = (type: MessageType): ReadValue => {
    let known = readers.get(type);
    if (known === undefined) {
      known = messageReader(target, type, readerOf);
      readers.set(type, known);
    }
    return known;
  };
  return readerOf;
}

function messageReader(target: Target, type: MessageType, messages: MessageReaders): ReadValue {
  let fields: { readonly index: number; readonly read: ReadValue }[] | null = null;
  let cost = 0;
  return (reader) => {
    fields ??= layoutOf(type).map((index) => ({
      index,
      read: valueReader(target, (type.fields[index] as FieldShape).shape, messages),
    }));
    if (cost === 0) cost = costOfInterpreted(type);
    reader.enter(cost);
    if (fields.length === 0) readEmpty(reader);
    const values: unknown[] = new Array(fields.length);
    for (const { index, read } of fields) values[index] = read(reader);
    reader.depth--;
    const result = Object.create(type.definition.prototype) as Record<string, unknown>;
    for (const [index, { key }] of type.fields.entries()) result[key] = values[index];
    return result;
  };
}

/** Reads the byte of a message without fields. */
export function readEmpty(reader: Reader): void {
  if (reader.byte() !== 0) reader.fail("a message without fields has content");
}

/** Reads a null flag. */
export function readPresent(reader: Reader): boolean {
  const flag = reader.byte();
  if (flag > 1) reader.fail(`a null flag is ${flag}, but only 0 and 1 are allowed`);
  return flag === 1;
}

const noMessages: MessageReaders = () => {
  throw new Error("a reader without messages");
};

/** Makes the reader of a value: its null flag where nullable, then the value. */
export function valueReader(target: Target, shape: Shape, messages: MessageReaders = noMessages): ReadValue {
  const read = presentReader(target, shape, messages);
  return shape.nullable ? (reader) => (readPresent(reader) ? read(reader) : null) : read;
}

function presentReader(target: Target, shape: Shape, messages: MessageReaders): ReadValue {
  const reading: Reading = { scope: target.scope, presenceFlagged: false };
  switch (shape.op) {
    case "scalar": {
      const { kind } = shape;
      if (kind.word === "string") return target.inPlace ? (reader) => reader.text() : readBlockText;
      if (kind.word === "int" && kind.js === "bigint") return readBigInteger;
      if (!isInteger(kind.word, kind.js)) return payloadReader(reading, shape);
      return (reader) => {
        const value = readInteger(reader);
        return kind.fits(value) ? value : reader.fail(`${value} is not ${kind.expected}`);
      };
    }
    case "message":
      return (reader) => messages(shape.type)(reader);
    case "enum": {
      const { definition } = shape.type;
      const { members } = definition;
      return (reader) => {
        const ordinal = readCount(reader);
        return members[ordinal] ?? reader.fail(noMember(definition, ordinal));
      };
    }
    case "list":
    case "set": {
      const read = valueReader(target, shape.element, messages);
      const isSet = shape.op === "set";
      const base = isSet ? COST.set : COST.list;
      const cost = isSet ? costOfMember(shape.element) : costOfElement(shape.element);
      return (reader) => {
        const count = readElementCount(reader, MAX_ELEMENTS);
        reader.enter(base + count * cost);
        const items: unknown[] = new Array(count);
        for (let index = 0; index < count; index++) items[index] = read(reader);
        reader.depth--;
        if (!isSet) return items;
        reader.hashLoad(count)?.addAll(items);
        return new Set(items);
      };
    }
    case "map": {
      const key = valueReader(target, shape.key, messages);
      const value = valueReader(target, shape.value, messages);
      const base = shape.record ? COST.record : COST.map;
      const cost = costOfEntry(shape.key, shape.value, shape.record);
      return (reader) => {
        const count = readElementCount(reader, MAX_ELEMENTS);
        reader.enter(base + count * cost);
        const load = shape.record ? null : reader.hashLoad(count);
        let capacity = 0;
        const record = recordOf([]);
        const map = new Map<unknown, unknown>();
        for (let index = 0; index < count; index++) {
          const k = key(reader);
          const v = value(reader);
          if (shape.record) {
            capacity = reader.recordKey(k as string, capacity);
            record[k as string] = v;
          } else {
            load?.add(k);
            map.set(k, v);
          }
        }
        reader.depth--;
        return shape.record ? record : map;
      };
    }
    case "extension":
    case "dynamic":
      if (shape.op === "extension" && isJs(shape.type)) return jsReader(shape.validator);
      return fieldReader(reading, { ...shape, nullable: false });
  }
}
