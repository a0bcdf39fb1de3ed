// The state of the message being written: depth, budget of objects, names already written.
//
// Owns: that state, the naming of types with back references, and the entry and exit of a write. Encoding is
// synchronous and never nested (a getter that encodes while it is read is refused), so one state is enough and
// generated code reaches it without a parameter.

import type { MessageWriter } from "../message.js";
import { putUint32 } from "./numbers.js";
import { MAX_DEPTH, MAX_ELEMENTS, MAX_OBJECTS, refuse } from "./refusal.js";
import type { MessageType, NamedType } from "./shape.js";

/** State of the one message being written. */
export interface Writing {
  busy: boolean;
  depth: number;
  budget: number;
  /** A number of its own for each message: what was named in another one is not named in this one. */
  message: number;
  /** Names written in full so far. */
  names: number;
  /** The number of the empty namespace, which all types share, or -1. */
  emptyNamespace: number;
}

/** That state. */
export const writing: Writing = {
  busy: false,
  depth: 0,
  budget: 0,
  message: 0,
  names: 0,
  emptyNamespace: -1,
};

/** Starts a message. */
export function beginWriting(): void {
  if (writing.busy) refuse("a member that is read by encoding must not encode on its own");
  writing.busy = true;
  writing.depth = 0;
  writing.budget = MAX_OBJECTS;
  writing.message++;
  writing.names = 0;
  writing.emptyNamespace = -1;
}

/** The prefix of a root names its type in full: the numbers 0 and 1. */
export function nameRoot(type: MessageType): void {
  type.namedIn = writing.message;
  type.namespaceNumber = 0;
  type.nameNumber = 1;
  writing.names = 2;
  if (type.emptyNamespace) writing.emptyNamespace = 0;
}

/** A message, list, set or map begins; `depth--` when it ends. */
export function enterWriting(): void {
  if (++writing.depth > MAX_DEPTH) refuse(`nested deeper than ${MAX_DEPTH}`);
  if (--writing.budget < 0) refuse(`more than ${MAX_OBJECTS} messages and collections`);
}

/** Begins a list, set or map: writes its count, with room for it. */
export function beginCollection(writer: MessageWriter, count: number): void {
  enterWriting();
  if (count > MAX_ELEMENTS) refuse(`a collection of more than ${MAX_ELEMENTS} elements`);
  writer.ensure(5);
  writer.pos = putUint32(writer.buf, writer.pos, count);
}

/** Room that a type info by back references needs at most. */
const REFERENCES_ROOM = 11;

/** Writes the type info of a named type: in full the first time in a message, then by reference. */
export function writeTypeInfo(writer: MessageWriter, type: NamedType): void {
  writer.ensure(type.info.length + REFERENCES_ROOM);
  const { buf } = writer;
  if (type.namedIn === writing.message) {
    buf[writer.pos] = type.info[0] as number;
    const next = putUint32(buf, writer.pos + 1, ((type.namespaceNumber + 1) << 1) | 1);
    writer.pos = putUint32(buf, next, ((type.nameNumber + 1) << 1) | 1);
    return;
  }
  type.namedIn = writing.message;
  if (type.emptyNamespace && writing.emptyNamespace >= 0) {
    type.namespaceNumber = writing.emptyNamespace;
    buf[writer.pos] = type.info[0] as number;
    const next = putUint32(buf, writer.pos + 1, ((type.namespaceNumber + 1) << 1) | 1);
    buf.set(type.nameBytes, next);
    writer.pos = next + type.nameBytes.length;
  } else {
    if (type.emptyNamespace) writing.emptyNamespace = writing.names;
    type.namespaceNumber = writing.names++;
    buf.set(type.info, writer.pos);
    writer.pos += type.info.length;
  }
  type.nameNumber = writing.names++;
}
