// Roots: the start of a whole payload, around the root value.
//
// Owns: the header byte, null answers, and the reference flag and prefix of a message at the root.

import type { MessageWriter } from "../message.js";
import { expectOf, type Reading } from "./interpret-read.js";
import { payloadWriter } from "./interpret-write.js";
import { expectType, readTyped } from "./read-dynamic.js";
import type { Reader } from "./reader.js";
import { clearReferences, referenceIdOf, resetReferences } from "./references.js";
import { Malformed, refuse } from "./refusal.js";
import { type MessageType, type ReadValue, type Scope, type Shape, wordsOf } from "./shape.js";
import { trackedByWireType } from "./tracked-types.js";
import { HEADER, HEADER_NULL, NOT_NULL, NULL, REF_VALUE } from "./wire.js";
import { putByte, writeDynamic } from "./write-dynamic.js";
import type { WriteValue } from "./write-scalar.js";
import { nameRoot } from "./writing.js";

/** The functions that write and read whole payloads of one root. */
export interface RootFunctions {
  /** The name of the root in error texts. */
  readonly label: string;
  readonly write: WriteValue;
  readonly read: ReadValue;
  readonly readPresenceFlagged: ReadValue;
}

/** Makes the functions of a root. */
export function rootFunctions(scope: Scope, shape: Shape): RootFunctions {
  const present = shape.op === "message" ? messageRoot(scope, shape.type) : otherWriter(scope, shape);
  const takesNull = shape.nullable || (shape.op === "dynamic" && shape.narrow === 0 && shape.only === null);
  const write: WriteValue = (writer, value) => {
    if (value === null && takesNull) writeNull(writer);
    else present(writer, value);
  };
  const reader = (presenceFlagged: boolean): ReadValue =>
    rootReader({ scope, presenceFlagged }, shape, takesNull);
  return {
    label: shape.op === "message" ? shape.type.definition.tag : "the message",
    write: takesNull ? write : present,
    read: reader(false),
    readPresenceFlagged: reader(true),
  };
}

function writeNull(writer: MessageWriter): void {
  putByte(writer, HEADER_NULL);
  putByte(writer, NULL);
}

/** Makes the writer of a message at the root. Where references are tracked, the root has reference id 0. */
function messageRoot(scope: Scope, type: MessageType): WriteValue {
  const write = messageWriter(type);
  if (!scope.tracked) return write;
  const tracked = trackedByWireType(type);
  return (writer, value) => {
    resetReferences();
    try {
      referenceIdOf(value, tracked);
      write(writer, value);
    } finally {
      clearReferences();
    }
  };
}

/** Makes the writer of the prefix, which ends before the hash, and of the message, which begins with its hash. */
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

/** Writes whole words, which is faster than a copy of a few bytes. The last word may reach into the hash. */
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
      refuse("a value of this type cannot be the root of a message");
    }
  };
}

function rootReader(reading: Reading, shape: Shape, takesNull: boolean): ReadValue {
  const present = shape.op === "message" ? messageReader(reading, shape.type) : otherReader(reading, shape);
  return (reader) => {
    const header = reader.byte();
    if ((header & ~HEADER_NULL) !== 0) reader.fail(`the message has the unknown header ${header}`);
    if ((header & 1) !== 0) return readNull(reader, takesNull);
    if (!reading.scope.tracked) {
      if (reader.isNull()) reader.fail(NULL_WITHOUT_HEADER);
      return present(reader);
    }
    try {
      return present(reader, rootReferenceId(reader));
    } finally {
      reader.references.clear();
    }
  };
}

const NULL_WITHOUT_HEADER = "the root is null, but the header does not say so";

/** The reference id of the root: 0, or -1 when the peer does not track references and wrote no id. */
function rootReferenceId(reader: Reader): number {
  const isTracked = reader.pos < reader.end && reader.buf[reader.pos] === REF_VALUE;
  if (reader.isNull()) reader.fail(NULL_WITHOUT_HEADER);
  return isTracked ? 0 : -1;
}

/** Reads a null answer: the header byte 03. Python adds a null flag, which is optional here. */
function readNull(reader: Reader, takesNull: boolean): null {
  if (reader.pos < reader.end && reader.buf[reader.pos] === NULL) reader.pos++;
  if (takesNull) return null;
  throw new Malformed("null where a message is required", 0, "NULL_MESSAGE");
}

function messageReader(reading: Reading, type: MessageType): ReadValue {
  const { scope, presenceFlagged } = reading;
  const tracked = trackedByWireType(type);
  return (reader, referenceId) => {
    expectType(reader, scope, type);
    const own = referenceId === 0 ? reader.reserveReferenceId(tracked) : undefined;
    const value = presenceFlagged ? type.readPresenceFlagged(reader, own) : type.read(reader, own);
    if (own !== undefined) reader.references.values[own] = value;
    return value;
  };
}

function otherReader(reading: Reading, shape: Shape): ReadValue {
  const expect = expectOf(reading, shape);
  return (reader) => readTyped(reader, reading.scope, expect);
}
