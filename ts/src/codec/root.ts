// Roots: the frame of a whole payload around a value.
//
// Owns: header byte, null answers, the reference flag and the prefix of a message at the root.

import type { MessageWriter } from "../message.js";
import { formOfKind } from "./forms.js";
import { expectOf, type Reading } from "./interpret-read.js";
import { payloadWriter } from "./interpret-write.js";
import { beginNumbers, endNumbers, numberOf } from "./numbered.js";
import { expectType, readTyped } from "./read-dynamic.js";
import type { Reader } from "./reader.js";
import { Malformed, refuse } from "./refusal.js";
import { type MessageType, type ReadBody, type Scope, type Shape, wordsOf } from "./shape.js";
import { FIRST, HEADER, HEADER_NULL, NOT_NULL, NULL } from "./wire.js";
import { putByte, writeDynamic } from "./write-dynamic.js";
import type { WriteValue } from "./write-scalar.js";
import { nameRoot } from "./writing.js";

/** How whole payloads of one root are written and read. */
export interface RootForm {
  /** What the root is called in errors. */
  readonly label: string;
  readonly write: WriteValue;
  readonly read: ReadBody;
  readonly readMarked: ReadBody;
}

/** The form of a root. */
export function rootOf(scope: Scope, shape: Shape): RootForm {
  const present = shape.op === "message" ? messageRoot(scope, shape.type) : otherWriter(scope, shape);
  const takesNull = shape.nullable || (shape.op === "dynamic" && shape.narrow === 0 && shape.only === null);
  const write: WriteValue = (writer, value) => {
    if (value === null && takesNull) writeNull(writer);
    else present(writer, value);
  };
  const reader = (marked: boolean): ReadBody => rootReader({ scope, marked }, shape, takesNull);
  return {
    label: shape.op === "message" ? shape.type.definition.tag : "the message",
    write: takesNull ? write : present,
    read: reader(false),
    readMarked: reader(true),
  };
}

function writeNull(writer: MessageWriter): void {
  putByte(writer, HEADER_NULL);
  putByte(writer, NULL);
}

/** A message at the root; where references are tracked, it has number 0. */
function messageRoot(scope: Scope, type: MessageType): WriteValue {
  const write = messageWriter(type);
  if (!scope.tracked) return write;
  const form = formOfKind(type);
  return (writer, value) => {
    beginNumbers();
    try {
      numberOf(value, form);
      write(writer, value);
    } finally {
      endNumbers();
    }
  };
}

/** The prefix holds everything up to the hash, which the message itself writes. */
function messageWriter(type: MessageType): WriteValue {
  const length = type.prefix.length - 4;
  const words = wordsOf(type.prefix);
  const room = words.length * 4;
  return (writer, value) => {
    writer.ensure(room);
    putWords(writer, words);
    writer.pos += length;
    nameRoot(type);
    type.write(writer, value);
  };
}

/** The last word may reach into the hash. A few words are written faster than a few bytes are copied. */
function putWords({ view, pos }: MessageWriter, words: Int32Array): void {
  for (let index = 0; index < words.length; index++) {
    view.setInt32(pos + index * 4, words[index] as number, true);
  }
}

function otherWriter(scope: Scope, shape: Shape): WriteValue {
  const write = shape.op === "scalar" ? payloadWriter(scope, shape) : null;
  return (writer, value) => {
    putByte(writer, HEADER);
    putByte(writer, NOT_NULL);
    if (shape.op === "dynamic") {
      writeDynamic(scope, writer, value, shape);
    } else if (shape.op === "scalar" && write !== null) {
      putByte(writer, shape.kind.id);
      write(writer, value);
    } else {
      refuse("such a value cannot stand alone");
    }
  };
}

function rootReader(reading: Reading, shape: Shape, takesNull: boolean): ReadBody {
  const present = shape.op === "message" ? messageReader(reading, shape.type) : otherReader(reading, shape);
  return (reader) => {
    const header = reader.byte();
    if ((header & ~HEADER_NULL) !== 0) reader.fail("the message has an unknown header");
    if ((header & 1) !== 0) return readNull(reader, takesNull);
    if (!reading.scope.tracked) {
      if (reader.isNull()) reader.fail("a null message without its header");
      return present(reader);
    }
    try {
      return present(reader, rootNumber(reader));
    } finally {
      reader.numbered.clear();
    }
  };
}

/** The number of the root where references are tracked: what a peer that tracks none wrote has none. */
function rootNumber(reader: Reader): number {
  const first = reader.pos < reader.end && reader.buf[reader.pos] === FIRST;
  if (reader.isNull()) reader.fail("a null message without its header");
  return first ? 0 : -1;
}

/** A null answer is `03`, which Python follows by the null flag. */
function readNull(reader: Reader, takesNull: boolean): null {
  if (reader.pos < reader.end && reader.buf[reader.pos] === NULL) reader.pos++;
  if (takesNull) return null;
  throw new Malformed("null where a message is required", 0, "NULL_MESSAGE");
}

function messageReader(reading: Reading, type: MessageType): ReadBody {
  const { scope, marked } = reading;
  const form = formOfKind(type);
  return (reader, number) => {
    expectType(reader, scope, type);
    const own = number === 0 ? reader.take(form) : undefined;
    const value = marked ? type.readMarked(reader, own) : type.read(reader, own);
    if (own !== undefined) reader.numbered.values[own] = value;
    return value;
  };
}

function otherReader(reading: Reading, shape: Shape): ReadBody {
  const expect = expectOf(reading, shape);
  return (reader) => readTyped(reader, reading.scope, expect);
}
