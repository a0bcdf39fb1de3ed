// Reference ids: the number of each tracked value in the message that is being written or read.
//
// Owns: both reference tables, and the limit of a million ids for one message. Does not own: the type check of back
// references (`tracked-types.ts`), or which values begin with a reference flag (the plan).

import type { MessageWriter } from "../message.js";
import { putUint32 } from "./numbers.js";
import { MAX_OBJECTS, refuse } from "./refusal.js";
import { allowsReference, type TrackedType } from "./tracked-types.js";
import { ID, REF, REF_VALUE } from "./wire.js";

/** The error text for a message with more tracked values than the limit. */
export const TOO_MANY_REFERENCES: string = `more than ${MAX_OBJECTS} tracked values in one message`;

/** A table that grew longer than this is released after the message. */
const MAX_KEPT = 4096;

/** Writing: the first reference id of each value. Only one message is written at a time. */
const firstIds = new Map<unknown, number>();
/** Writing: the tracked type for each id. Entries at `count` and above belong to earlier messages. */
const writtenTypes: TrackedType[] = [];
/** Writing: the next id of the same value, which was encoded again because a reference was not legal. */
const nextIds = new Map<number, number>();
let count = 0;

/** Starts the reference ids of a new message. */
export function resetReferences(): void {
  count = 0;
}

/** Releases the values of the message that was written. */
export function clearReferences(): void {
  if (firstIds.size > 0) firstIds.clear();
  if (nextIds.size > 0) nextIds.clear();
  if (writtenTypes.length > MAX_KEPT) writtenTypes.length = 0;
}

/** Assigns the next reference id. For values without identity: no back reference to them is ever written. */
export function assignReferenceId(tracked: TrackedType): void {
  if (count >= MAX_OBJECTS) refuse(TOO_MANY_REFERENCES);
  writtenTypes[count++] = tracked;
}

/** The existing reference id, or -1 after assigning a new one. */
export function referenceIdOf(value: unknown, tracked: TrackedType): number {
  const id = firstIds.get(value);
  if (id === undefined) {
    if (count >= MAX_OBJECTS) refuse(TOO_MANY_REFERENCES);
    firstIds.set(value, count);
    writtenTypes[count++] = tracked;
    return -1;
  }
  return writtenTypes[id] === tracked ? id : referenceIdWithType(id, tracked);
}

/** One object can be encoded as several types: the same empty array as a list of ints and as a list of strings. */
function referenceIdWithType(firstId: number, tracked: TrackedType): number {
  let id = firstId;
  while (!allowsReference(writtenTypes[id] as TrackedType, tracked)) {
    const next = nextIds.get(id);
    if (next === undefined) {
      nextIds.set(id, count);
      assignReferenceId(tracked);
      return -1;
    }
    id = next;
  }
  return id;
}

/** Numbers, bigints and strings have no identity. Neither has an `asFloat` object, which is encoded as a number. */
function hasIdentity(value: unknown, tracked: TrackedType): boolean {
  return typeof value === "object" ? tracked.wireType !== ID.FLOAT64 : typeof value === "boolean";
}

/** As `referenceIdOf`, for values that may have no identity: these get a new id each time. */
export function referenceIdOfAny(value: unknown, tracked: TrackedType): number {
  if (hasIdentity(value, tracked)) return referenceIdOf(value, tracked);
  assignReferenceId(tracked);
  return -1;
}

/** Writes the reference flag of a value. Returns false when it wrote a back reference: no payload follows then. */
export function writeReferenceFlag(writer: MessageWriter, value: unknown, tracked: TrackedType): boolean {
  writer.ensure(6);
  const id = referenceIdOfAny(value, tracked);
  if (id >= 0) {
    writer.buf[writer.pos] = REF;
    writer.pos = putUint32(writer.buf, writer.pos + 1, id);
    return false;
  }
  writer.buf[writer.pos++] = REF_VALUE;
  return true;
}

/** Reading: the tracked values of a message and their tracked types, by reference id. */
export class ReferenceTable {
  values: unknown[] = [];
  types: TrackedType[] = [];
  count = 0;

  /** Reserves the next id for a value that is about to be read, or returns -1 at the limit. The caller sets `values`. */
  reserve(tracked: TrackedType): number {
    const id = this.count;
    if (id >= MAX_OBJECTS) return -1;
    this.count = id + 1;
    this.values[id] = undefined;
    this.types[id] = tracked;
    return id;
  }

  /** Releases the values of the message that was read. */
  clear(): void {
    this.count = 0;
    this.values = [];
    if (this.types.length > MAX_KEPT) this.types = [];
  }
}
