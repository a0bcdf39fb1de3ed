// The state of the message that is being written: nesting depth, object budget, names written so far.
//
// Owns: that state, type info with back references to names, and the start of a write. Encoding is synchronous and
// never nested: a getter that encodes is refused. So one state is enough, and generated code needs no parameter for it.

import type { MessageWriter } from "../message.js";
import { putUint32 } from "./numbers.js";
import { MAX_DEPTH, MAX_ELEMENTS, MAX_OBJECTS, refuse } from "./refusal.js";
import type { MessageType, NamedType } from "./shape.js";

/** The state of the one message that is being written. */
export interface Writing {
  busy: boolean;
  depth: number;
  budget: number;
  /** The number of this message. A type keeps the number of the message that last spelled its name. */
  message: number;
  /** Names written in full so far. */
  names: number;
  /** The index of the empty namespace among the names, or -1. All types without a namespace share it. */
  emptyNamespace: number;
}

/** The state of this process. */
export const writing: Writing = {
  busy: false,
  depth: 0,
  budget: 0,
  message: 0,
  names: 0,
  emptyNamespace: -1,
};

/** The error text for a getter that encodes a message while it is being encoded itself. */
export const NESTED_ENCODING = "a getter that runs during encoding must not encode another message";

/** Starts a message. */
export function beginWriting(): void {
  if (writing.busy) refuse(NESTED_ENCODING);
  writing.busy = true;
  writing.depth = 0;
  writing.budget = MAX_OBJECTS;
  writing.message++;
  writing.names = 0;
  writing.emptyNamespace = -1;
}

/** Records the names in the prefix of a root: the namespace has index 0, the type name index 1. */
export function nameRoot(type: MessageType): void {
  type.namedInMessage = writing.message;
  type.namespaceIndex = 0;
  type.nameIndex = 1;
  writing.names = 2;
  if (type.emptyNamespace) writing.emptyNamespace = 0;
}

/** Counts a message, list, set or map that begins. The caller decrements `depth` when it ends. */
export function enterWriting(): void {
  if (++writing.depth > MAX_DEPTH) refuse(`nested deeper than ${MAX_DEPTH}`);
  if (--writing.budget < 0) refuse(`more than ${MAX_OBJECTS} messages and collections`);
}

/** Begins a list, set or map: counts it and writes the number of elements. */
export function beginCollection(writer: MessageWriter, count: number): void {
  enterWriting();
  if (count > MAX_ELEMENTS) refuse(`a collection of more than ${MAX_ELEMENTS} elements`);
  writer.ensure(5);
  writer.pos = putUint32(writer.buf, writer.pos, count);
}

/** The largest size of type info that consists of back references. */
const REFERENCES_ROOM = 11;

/** Writes the type info of a named type: the full names once in a message, back references to them later. */
export function writeTypeInfo(writer: MessageWriter, type: NamedType): void {
  writer.ensure(type.info.length + REFERENCES_ROOM);
  const { buf } = writer;
  if (type.namedInMessage === writing.message) {
    buf[writer.pos] = type.info[0] as number;
    const next = putUint32(buf, writer.pos + 1, ((type.namespaceIndex + 1) << 1) | 1);
    writer.pos = putUint32(buf, next, ((type.nameIndex + 1) << 1) | 1);
    return;
  }
  type.namedInMessage = writing.message;
  if (type.emptyNamespace && writing.emptyNamespace >= 0) {
    type.namespaceIndex = writing.emptyNamespace;
    buf[writer.pos] = type.info[0] as number;
    const next = putUint32(buf, writer.pos + 1, ((type.namespaceIndex + 1) << 1) | 1);
    buf.set(type.nameBytes, next);
    writer.pos = next + type.nameBytes.length;
  } else {
    if (type.emptyNamespace) writing.emptyNamespace = writing.names;
    type.namespaceIndex = writing.names++;
    buf.set(type.info, writer.pos);
    writer.pos += type.info.length;
  }
  type.nameIndex = writing.names++;
}
