// The definition of an extension, and safe calls of its user's functions.
//
// Owns: the definition. Executors and the validator call encoders and decoders only through `bytesOfExtension` and
// `valueOfExtension`, so that no error in them can damage a message.

import { typedArrayClass } from "./arrays.js";
import type { Tag } from "./names.js";

/** The tag and the functions of an extension. */
export interface ExtensionDefinition extends Tag {
  readonly encode: (value: unknown) => unknown;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** True for values of the extension. Null when the coder has no `is`. */
  readonly is: ((value: unknown) => boolean) | null;
}

/** The result of a coder, or the reason why there is none. */
export type Coded<V> =
  | { readonly ok: true; readonly value: V }
  | { readonly ok: false; readonly problem: string; readonly cause: unknown };

function failed(problem: string, cause?: unknown): { ok: false; problem: string; cause: unknown } {
  return { ok: false, problem, cause };
}

/** Encodes a value. An error of `is` is thrown to the caller. */
export function bytesOfExtension(definition: ExtensionDefinition, value: unknown): Coded<Uint8Array> {
  const { tag, encode, is } = definition;
  if (value === null || value === undefined || is?.(value) === false)
    return failed(`expected a value of the extension ${tag}`);
  let bytes: unknown;
  try {
    bytes = encode(value);
  } catch (cause) {
    return failed(`the encoder of ${tag} refused the value`, cause);
  }
  if (typedArrayClass(bytes) === "Uint8Array") return { ok: true, value: bytes as Uint8Array };
  return failed(`the encoder of ${tag} did not return a Uint8Array`);
}

/** Decodes bytes. The decoder may keep them. */
export function valueOfExtension(definition: ExtensionDefinition, bytes: Uint8Array): Coded<unknown> {
  const { tag, decode } = definition;
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (cause) {
    return failed(`the decoder of ${tag} refused the bytes`, cause);
  }
  if (value === null || value === undefined || value instanceof Promise)
    return failed(`the decoder of ${tag} did not return a value`);
  return { ok: true, value };
}
