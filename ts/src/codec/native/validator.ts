// Validators of `t.js`: they run before a value is sent, and again when it arrives.
//
// Owns: these two calls. The sender sends its own value, not what the validator returns: the receiver does not trust the
// sender, so it validates the same input, and gets its output.

import { type Validator, validated } from "../../schema/js-value.js";
import { textOfPath } from "../../schema/validate.js";
import { refuse } from "../refusal.js";
import type { ReadValue } from "../shape.js";
import type { WriteValue } from "../write-scalar.js";
import { readJs } from "./js-read.js";
import { writeJs } from "./js-write.js";

/** Makes the writer of a `t.js`. */
export function jsWriter(validator: Validator | null): WriteValue {
  if (validator === null) return writeJs;
  return (writer, value) => {
    const checked = validated(validator, value);
    // The path of the issue is found afterwards, by the validator again.
    if (!checked.ok) refuse(checked.problem, checked.cause);
    writeJs(writer, value);
  };
}

/** Makes the reader of a `t.js`. */
export function jsReader(validator: Validator | null): ReadValue {
  if (validator === null) return readJs;
  return (reader) => {
    const checked = validated(validator, readJs(reader));
    if (checked.ok) return checked.value;
    const path = textOfPath(checked.path);
    return reader.fail(
      `a value does not fit its schema${path && ` at ${path}`}: ${checked.problem}`,
      checked.cause,
    );
  };
}
