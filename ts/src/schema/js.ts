// The builder of `t.js`.
//
// Owns: the function that is a schema at the same time, and the check of its argument.

import type { Validator } from "./js-value.js";
import { SchemaObject } from "./schema.js";

/**
 * `t.js`: the schema of any value, and at the same time the function that makes a schema with a validator. So it is a function
 * whose prototype is that of schemas.
 */
export function jsBuilder(): SchemaObject {
  const build = (validator: unknown): SchemaObject =>
    new SchemaObject({ kind: "js", validator: asValidator(validator) });
  // Functions have members of their own that would hide those of a schema.
  Reflect.deleteProperty(build, "name");
  Reflect.deleteProperty(build, "length");
  Object.setPrototypeOf(build, SchemaObject.prototype);
  const { node, fieldOptions } = new SchemaObject({ kind: "js", validator: null });
  return Object.freeze(Object.assign(build, { node, fieldOptions })) as unknown as SchemaObject;
}

function asValidator(value: unknown): Validator {
  const usable = (typeof value === "object" && value !== null) || typeof value === "function";
  const standard = usable ? (value as Partial<Validator>)["~standard"] : undefined;
  if (typeof standard?.validate !== "function" || standard.version !== 1) {
    throw new TypeError(
      "t.js(): needs a validator of Standard Schema, such as a schema of zod, valibot or arktype",
    );
  }
  return value as Validator;
}
