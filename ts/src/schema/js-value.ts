// Values of `t.js`: any value that structuredClone takes, with a validator of Standard Schema if the user gives one.
//
// Owns: the extension that stands for such a value in descriptors and plans, and safe calls of validators. Does not own: the
// schema (`js.ts`), the bytes of the values (`codec/native/`).

import type { ExtensionDefinition } from "./extension-coder.js";
import type { StandardIssue, StandardSchema } from "./types.js";

const unused = (): never => {
  throw new Error("values of t.js are not encoded by an extension");
};

/** The type of all values of `t.js` in a descriptor: an extension whose values only this library encodes. */
export const JS_DEFINITION: ExtensionDefinition = {
  tag: "aster/Js",
  namespace: "aster",
  typeName: "Js",
  encode: unused,
  decode: unused,
  is: null,
};

/** The validator of a `t.js` with a Standard Schema. */
export type Validator = StandardSchema;

/** What a validator says about a value. */
export type Validated =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly problem: string;
      readonly path: readonly PropertyKey[];
      readonly cause?: unknown;
    };

/** Runs a validator. It is code of the user, so it may throw, and it may be asynchronous, which a codec cannot wait for. */
export function validated(validator: Validator, value: unknown): Validated {
  try {
    const result = validator["~standard"].validate(value);
    if (result instanceof Promise) {
      result.catch(() => {}); // nobody waits for it
      return {
        ok: false,
        problem: "the validator is asynchronous, but a value must be checked at once",
        path: [],
      };
    }
    const { issues } = result;
    if (issues === undefined && typeof result === "object" && "value" in result)
      return { ok: true, value: result.value };
    if (issues === undefined)
      return { ok: false, problem: "the validator gave neither a value nor issues", path: [] };
    return { ok: false, ...firstIssue(issues) };
  } catch (cause) {
    return { ok: false, problem: "the validator failed", path: [], cause };
  }
}

function firstIssue(issues: readonly StandardIssue[]): { problem: string; path: readonly PropertyKey[] } {
  const [first] = issues;
  const path = (first?.path ?? []).map((step) => (typeof step === "object" ? step.key : step));
  return { problem: String(first?.message ?? "the validator refused the value"), path };
}
