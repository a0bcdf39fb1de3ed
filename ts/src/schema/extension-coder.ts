// What an extension is, and what calling its user's functions may give.
//
// Owns: the extension definition. Both executors and the validator go through `bytesOfExtension` and
// `valueOfExtension`, so that no mistake in an encoder or decoder becomes a broken message.

import { typedArrayClass } from "./arrays.js";
import type { Tag } from "./names.js";

/** What an extension is, as data. */
export interface ExtensionDefinition extends Tag {
  readonly encode: (value: unknown) => unknown;
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Tells the extension's values from others; null when the coder has no `is`. */
  readonly is: ((value: unknown) => boolean) | null;
}

/** What a coder made of a value or of bytes, or why there is nothing. */
export type Coded<V> =
  | { readonly ok: true; readonly value: V }
  | { readonly ok: false; readonly problem: string; readonly cause: unknown };

function failed(problem: string, cause?: unknown): { ok: false; problem: string; cause: unknown } {
  return { ok: false, problem, cause };
}

/** The bytes of a value. What `is` throws goes to the caller. */
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
  return failed(`the encoder of ${tag} gave no Uint8Array`);
}

/** The value of bytes, which the decoder may keep. */
export function valueOfExtension(definition: ExtensionDefinition, bytes: Uint8Array): Coded<unknown> {
  const { tag, decode } = definition;
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (cause) {
    return failed(`the decoder of ${tag} refused the bytes`, cause);
  }
  if (value === null || value === undefined || value instanceof Promise)
    return failed(`the decoder of ${tag} gave no value`);
  return { ok: true, value };
}
