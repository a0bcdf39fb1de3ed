// Extension types: `t.extension(tag, coder)`. The user's own encoder makes the bytes of their values.
//
// Owns: the schema of an extension, and the checks of its coder. `extension-coder.ts` calls the coder.

import type { ExtensionDefinition } from "./extension-coder.js";
import { splitTag } from "./names.js";
import { SchemaObject } from "./schema.js";
import type { ExtensionCoder } from "./types.js";

class ExtensionSchema extends SchemaObject {
  readonly definition: ExtensionDefinition;

  constructor(definition: ExtensionDefinition) {
    super({ kind: "extension", extension: definition });
    this.definition = definition;
  }

  get tag(): string {
    return this.definition.tag;
  }
}

const MEMBERS = ["encode", "decode", "is"];

function define(tag: unknown, coder: unknown): ExtensionDefinition {
  const parts = splitTag(tag, "t.extension()");
  const what = `t.extension(${JSON.stringify(tag)})`;
  if (typeof coder !== "object" || coder === null)
    throw new TypeError(`${what}: the coder must be an object { encode, decode, is? }`);
  const { encode, decode, is } = coder as Partial<ExtensionCoder<unknown>>;
  if (typeof encode !== "function") throw new TypeError(`${what}.encode: must be a function`);
  if (typeof decode !== "function") throw new TypeError(`${what}.decode: must be a function`);
  if (is !== undefined && typeof is !== "function") throw new TypeError(`${what}.is: must be a function`);
  if (Object.getPrototypeOf(coder) === Object.prototype) {
    const unknown = Object.keys(coder).find((key) => !MEMBERS.includes(key));
    if (unknown !== undefined) throw new TypeError(`${what}.${unknown}: unknown option`);
  }
  return {
    ...parts,
    encode: (value) => encode.call(coder, value),
    decode: (bytes) => decode.call(coder, bytes),
    is: is === undefined ? null : (value) => is.call(coder, value) === true,
  };
}

/** Makes the schema of an extension. `t.extension` declares its types. */
export function extension(tag: string, coder: unknown): SchemaObject {
  return new ExtensionSchema(define(tag, coder));
}
