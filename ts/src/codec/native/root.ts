// Whole NATIVE payloads: the first byte, null, and the value of the root.
//
// Owns: these, and when the functions of a root are compiled: at first use. Roots that track references keep the bytes of
// XLANG behind the first byte, which has them already.

import { type RootFunctions, rootFunctions } from "../root.js";
import type { MessageType, ReadValue, Scope, Shape } from "../shape.js";
import { putByte } from "../write-dynamic.js";
import type { WriteValue } from "../write-scalar.js";
import { beginWriting, writing } from "../writing.js";
import { START } from "./format.js";
import { interpretedReaders, valueReader } from "./interpret-read.js";
import { interpretedWriters, valueWriter } from "./interpret-write.js";
import { hasTextInPlace, type Target } from "./layout.js";
import { generateReaders } from "./read-source.js";
import { beginText, endText, outerText, restoreText, writeWithText } from "./text.js";
import { generateWriters } from "./write-source.js";

/** Makes the functions that write and read NATIVE payloads of one root. */
export function nativeFunctions(scope: Scope, shape: Shape, generated: boolean): RootFunctions {
  const xlang = rootFunctions(scope, shape);
  const takesNull = shape.nullable || (shape.op === "dynamic" && shape.narrow === 0 && shape.only === null);
  const { write, read } = scope.tracked ? trackedRoot(xlang) : valueRoot(scope, shape, generated);
  const readRoot: ReadValue = (reader) => {
    const start = reader.byte();
    if (start !== START.NULL) return read(reader, start);
    return takesNull ? null : reader.fail("null where a value is required");
  };
  return {
    label: xlang.label,
    write: (writer, value) => {
      if (value === null && takesNull) putByte(writer, START.NULL);
      else write(writer, value);
    },
    read: readRoot,
    readPresenceFlagged: readRoot,
  };
}

/** `read` gets the first byte of the payload in place of a reference id. */
interface Functions {
  readonly write: WriteValue;
  readonly read: (reader: Parameters<ReadValue>[0], start: number) => unknown;
}

function trackedRoot(xlang: RootFunctions): Functions {
  return {
    write: (writer, value) => {
      putByte(writer, START.XLANG);
      xlang.write(writer, value);
    },
    read: (reader, start) => {
      if (start !== START.XLANG) reader.fail(`the message has the unknown first byte ${start}`);
      return xlang.read(reader);
    },
  };
}

function valueRoot(scope: Scope, shape: Shape, generated: boolean): Functions {
  const inPlace = hasTextInPlace(shape);
  const target: Target = { scope, inPlace };
  const present: Shape = { ...shape, nullable: false };
  let writeValue: WriteValue | null = null;
  let readValue: ReadValue | null = null;
  const writer = (): WriteValue => {
    writeValue ??= rootWriter(target, present, generated);
    return writeValue;
  };
  const reader = (): ReadValue => {
    readValue ??= rootReader(target, present, generated);
    return readValue;
  };
  if (inPlace) {
    return {
      write: (to, value) => {
        putByte(to, START.IN_PLACE);
        writer()(to, value);
      },
      read: (from, start) => {
        if (start !== START.IN_PLACE) from.fail(`the message has the unknown first byte ${start}`);
        return reader()(from);
      },
    };
  }
  return {
    write: (to, value) => writeWithText(to, value, writer(), restartWriting),
    read: (from, start) => {
      if (start !== START.TEXT_AT_END) from.fail(`the message has the unknown first byte ${start}`);
      const outer = outerText();
      try {
        beginText(from);
        const value = reader()(from);
        endText(from);
        return value;
      } finally {
        restoreText(outer);
      }
    },
  };
}

/** Starts the limits of the payload that is being written anew. */
function restartWriting(): void {
  writing.busy = false;
  beginWriting();
}

const generatedWriters = new WeakMap<Target["scope"], ReadonlyMap<MessageType, WriteValue>>();
const generatedReaders = new WeakMap<Target["scope"], ReadonlyMap<MessageType, ReadValue>>();

function rootWriter(target: Target, shape: Shape, generated: boolean): WriteValue {
  if (shape.op !== "message" || !generated) return valueWriter(target, shape, interpretedWriters(target));
  if (target.inPlace) return generateWriters(target, [shape.type]).get(shape.type) as WriteValue;
  let writers = generatedWriters.get(target.scope);
  if (writers === undefined) {
    writers = generateWriters(target, messagesOf(target.scope));
    generatedWriters.set(target.scope, writers);
  }
  return writers.get(shape.type) as WriteValue;
}

function rootReader(target: Target, shape: Shape, generated: boolean): ReadValue {
  if (shape.op !== "message" || !generated) return valueReader(target, shape, interpretedReaders(target));
  if (target.inPlace) return generateReaders(target, [shape.type]).get(shape.type) as ReadValue;
  let readers = generatedReaders.get(target.scope);
  if (readers === undefined) {
    readers = generateReaders(target, messagesOf(target.scope));
    generatedReaders.set(target.scope, readers);
  }
  return readers.get(shape.type) as ReadValue;
}

function messagesOf(scope: Scope): readonly MessageType[] {
  return scope.types.filter((type): type is MessageType => type.kind === "message");
}
