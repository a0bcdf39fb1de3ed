// Reading values that a reference flag precedes, where a root tracks references.
//
// Owns: the four flags, and that a reference names a value that was there and fits its place. Which values are
// preceded by a flag is in the plan, and in the flags of lists and maps.

import { asDeclared, asLoose, type Form, fitsDynamic, fitsForm, fitsOnWire, formOfKind } from "./forms.js";
import { type Expect, nullFor, readTypeInfo } from "./read-dynamic.js";
import type { Reader } from "./reader.js";
import type { ReadBody, Scope } from "./shape.js";
import { AGAIN, FIRST, ID, NOT_NULL, NULL } from "./wire.js";
import type { Kind } from "./write-dynamic.js";

/** As what a value of that type is numbered in a place. */
export function formAt({ form }: Expect, kind: Kind): Form {
  return "op" in form ? formOfKind(kind) : form;
}

/**
 * A value that a reference flag precedes.
 * @param form as what it is numbered; null when its type follows the flag, and `read` takes its number itself
 */
export function readReferable(reader: Reader, expect: Expect, form: Form | null, read: ReadBody): unknown {
  switch (reader.byte()) {
    case NULL:
      return nullFor(reader, expect);
    case NOT_NULL:
      return read(reader);
    case FIRST: {
      if (form === null) return read(reader, TAKE_NUMBER);
      const number = reader.take(form);
      const value = read(reader, number);
      reader.numbered.values[number] = value;
      return value;
    }
    case AGAIN:
      return readAgain(reader, expect);
    default:
      reader.pos--;
      return reader.fail("a reference flag that cannot stand here");
  }
}

/** Tells `typedReader` that the value has a number, which it takes once the type is known. */
const TAKE_NUMBER = -2;

/** Reads a value that its type precedes, behind a reference flag. */
export function typedReader(scope: Scope, expect: Expect): ReadBody {
  return (reader, number) => {
    const kind = readTypeInfo(reader, scope);
    const read: ReadBody = kind === ID.NONE ? (at) => nullFor(at, expect) : expect.ofKind(reader, kind);
    if (number !== TAKE_NUMBER) return read(reader);
    const taken = reader.take(formAt(expect, kind));
    const value = read(reader, taken);
    reader.numbered.values[taken] = value;
    return value;
  };
}

/** The one type whose values are what a user's function made: null, too. */
function isExtension({ kind }: Form): boolean {
  return typeof kind !== "number" && kind.kind === "extension";
}

/** A value once more: by a number that was given out, and only where its type fits. */
export function readAgain(reader: Reader, expect: Expect): unknown {
  const number = reader.uint32();
  const { values, forms, count } = reader.numbered;
  if (number >= count) reader.fail(`a reference to value ${number}, which was not there`);
  const value = values[number];
  const seen = forms[number] as Form;
  const { form } = expect;
  if (value === null && !isExtension(seen)) return nullFor(reader, expect);
  if (seen === form) return value;
  const fits = "op" in form ? fitsDynamic(seen.kind, form) : fitsForm(seen, form);
  const kept = fits ? ("op" in form ? asLoose(value, seen) : asDeclared(value, seen, form)) : undefined;
  if (kept !== undefined) return kept;
  return reader.fail(
    "op" in form || !fitsOnWire(seen, form)
      ? "a reference to a value of another type than declared"
      : "a reference to a value of another JavaScript kind than declared, as t.int and t.bigint or t.map and t.record are",
  );
}
