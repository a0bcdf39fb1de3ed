// Names in generated code: identifiers for tags and wire names.
//
// Owns: the choice of an identifier, and that no two names in a file are equal. Does not own: the rule that converts
// TypeScript names to wire names (schema/names.ts). This module does the opposite conversion.

import { isIdentifier, isIntegerLike, wireNameOf } from "../../schema/names.js";

/** Words that must not, or should not, be names of constants in generated code. */
const taken = new Set(
  (
    "break case catch class const continue debugger default delete do else enum export extends false finally for " +
    "function if import in instanceof new null return super switch this throw true try typeof var void while with " +
    "yield let static await async of implements interface package private protected public arguments eval " +
    "undefined NaN Infinity Object Array Map Set Date String Number Boolean BigInt Symbol Promise Error Buffer " +
    "Uint8Array Int8Array Int16Array Int32Array BigInt64Array Uint16Array Uint32Array BigUint64Array Float32Array " +
    "Float64Array JSON Math globalThis message service t unary serverStream clientStream bidiStream Infer"
  ).split(" "),
);

/** The names in use. Each name is given only once. */
export class Names {
  readonly #used = new Set<string>(taken);

  /** Takes the first candidate that is not in use, else the last candidate with a number. */
  take(...candidates: readonly string[]): string {
    const free = candidates.map(identifier).find((candidate) => !this.#used.has(candidate));
    const last = identifier(candidates.at(-1) ?? "");
    let name = free ?? last;
    for (let number = 2; this.#used.has(name); number++) name = `${last}${number}`;
    this.#used.add(name);
    return name;
  }
}

/** `payment.Line Item` as `PaymentLineItem`. */
export function pascal(text: string): string {
  const words = text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  return words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
}

/** `BillingService` as `billing-service`, for files. */
export function kebab(text: string): string {
  const words = wireNameOf(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
  return words.join("-") || "service";
}

/**
 * The characters that generated names may contain: letters of scripts that Unicode completed long ago. Unicode adds
 * letters every year, and a compiler only knows the letters of its own Unicode version.
 */
const OLD_LETTERS =
  /[\w$\u00aa-\u052f\u0531-\u0587\u05d0-\u05ea\u0620-\u06d3\u0900-\u0bff\u0e00-\u0fff\u10a0-\u10ff\u1e00-\u1fff\u3041-\u30ff\u3400-\u4db5\u4e00-\u9fcc\uac00-\ud7a3]/u;

/** The text, with "_" for each character that some compiler may not accept in a name. */
function identifier(text: string): string {
  const stays = (letter: string): boolean => OLD_LETTERS.test(letter) && /[\p{ID_Continue}$]/u.test(letter);
  const word = text.replace(/./gsu, (letter) => (stays(letter) ? letter : "_"));
  return isIdentifier(word) ? word : `_${word}`;
}

/** The key of an object member in TypeScript, and whether its wire name must be written explicitly. */
export interface Key {
  readonly key: string;
  readonly explicitName: boolean;
}

/** Keys for the wire names of one message or service, in order. */
export function keysOf(wireNames: readonly string[], reserved: readonly string[] = []): readonly Key[] {
  const used = new Set<string>(["__proto__", ...reserved]);
  return wireNames.map((wire) => {
    const camel = wire.replace(/(?<=[^_])_+([\p{L}\p{N}])/gu, (_, letter: string) => letter.toUpperCase());
    const fitting = [camel, wire].find(
      (key) => identifier(key) === key && !used.has(key) && !isIntegerLike(key) && wireNameOf(key) === wire,
    );
    if (fitting !== undefined) {
      used.add(fitting);
      return { key: fitting, explicitName: false };
    }
    let key = identifier(camel);
    while (used.has(key)) key = `${key}_`;
    used.add(key);
    return { key, explicitName: true };
  });
}
