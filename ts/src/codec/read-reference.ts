// Reading values that begin with a reference flag, where the root tracks references.
//
// Owns: the four reference flags, and the check that a back reference names an earlier value of a legal type.
// The plan, and the flags of lists and maps, decide which values begin with a reference flag.

import { type Expect, nullFor, readTypeInfo } from "./read-dynamic.js";
import type { Reader } from "./reader.js";
import type { ReadValue, Scope } from "./shape.js";
import {
  allowsReference,
  convertForDeclared,
  convertForDynamic,
  fitsDynamic,
  sameOnWire,
  type TrackedType,
  trackedByWireType,
} from "./tracked-types.js";
import { ID, NOT_NULL, NULL, REF, REF_VALUE } from "./wire.js";
import type { WireType } from "./write-dynamic.js";

/** The tracked type of a value of `wireType` at the position that `expect` describes. */
export function trackedTypeFor({ position }: Expect, wireType: WireType): TrackedType {
  return "op" in position ? trackedByWireType(wireType) : position;
}

/**
 * Reads a value that begins with a reference flag.
 * @param tracked the tracked type of the value; null when its type follows the flag: then `read` reserves the id
 */
export function readTracked(
  reader: Reader,
  expect: Expect,
  tracked: TrackedType | null,
  read: ReadValue,
): unknown {
  switch (reader.byte()) {
    case NULL:
      return nullFor(reader, expect);
    case NOT_NULL:
      return read(reader);
    case REF_VALUE: {
      if (tracked === null) return read(reader, RESERVE_ID);
      const id = reader.reserveReferenceId(tracked);
      const value = read(reader, id);
      reader.references.values[id] = value;
      return value;
    }
    case REF:
      return readBackReference(reader, expect);
    default:
      reader.pos--;
      return reader.fail("a reference flag that is not allowed here");
  }
}

/** Tells a `typedValueReader` to reserve a reference id as soon as it knows the type. */
const RESERVE_ID = -2;

/** Makes the reader of a value that begins with its type info, behind a reference flag. */
export function typedValueReader(scope: Scope, expect: Expect): ReadValue {
  return (reader, referenceId) => {
    const wireType = readTypeInfo(reader, scope);
    const read: ReadValue =
      wireType === ID.NONE ? (at) => nullFor(at, expect) : expect.readerFor(reader, wireType);
    if (referenceId !== RESERVE_ID) return read(reader);
    const id = reader.reserveReferenceId(trackedTypeFor(expect, wireType));
    const value = read(reader, id);
    reader.references.values[id] = value;
    return value;
  };
}

/** A user's `decode` function makes the values of an extension, so null can be such a value. */
function isExtension({ wireType }: TrackedType): boolean {
  return typeof wireType !== "number" && wireType.kind === "extension";
}

/** Reads a back reference: the id must be assigned already, and the type of the value must be legal here. */
export function readBackReference(reader: Reader, expect: Expect): unknown {
  const id = reader.uint32();
  const { values, types, count } = reader.references;
  if (id >= count) reader.fail(`a reference to value ${id}, but the message has ${count} values so far`);
  const value = values[id];
  const encodedAs = types[id] as TrackedType;
  const { position } = expect;
  if (value === null && !isExtension(encodedAs)) return nullFor(reader, expect);
  if (encodedAs === position) return value;
  const legal =
    "op" in position ? fitsDynamic(encodedAs.wireType, position) : allowsReference(encodedAs, position);
  const converted = !legal
    ? undefined
    : "op" in position
      ? convertForDynamic(value, encodedAs)
      : convertForDeclared(value, encodedAs, position);
  if (converted !== undefined) return converted;
  return reader.fail(
    "op" in position || !sameOnWire(encodedAs, position)
      ? "a reference to a value of another type than declared"
      : "a reference to a value with another JavaScript representation than declared, such as t.int and t.bigint, or t.map and t.record",
  );
}
