// Names in generated code: from tags and wire names to identifiers that mean the same on the wire.
//
// Owns: that choice, and that no two names of a file meet. Does not own: the rule from TypeScript names to wire
// names (schema/names.ts), of which this is the way back.

import { isIdentifier, isIntegerLike, wireNameOf } from "../../schema/names.js";

/** Words that cannot be, or had better not be, the name of a constant in generated code. */
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

/** Gives each thing a name of its own. */
export class Names {
  readonly #used = new Set<string>(taken);

  /** The first of the wishes that is free, else the last with a number. */
  take(...wishes: readonly string[]): string {
    const free = wishes.map(identifier).find((wish) => !this.#used.has(wish));
    const last = identifier(wishes.at(-1) ?? "");
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
 * What may stand in generated names, where it may stand in an identifier at all: scripts that were complete long ago. Unicode
 * adds letters every year, and a compiler knows those of the year in which it was made.
 */
const OLD_LETTERS =
  /[\w$\u00aa-\u052f\u0531-\u0587\u05d0-\u05ea\u0620-\u06d3\u0900-\u0bff\u0e00-\u0fff\u10a0-\u10ff\u1e00-\u1fff\u3041-\u30ff\u3400-\u4db5\u4e00-\u9fcc\uac00-\ud7a3]/u;

/** The wish, with "_" for what no compiler has to take in a name. */
function identifier(wish: string): string {
  const stays = (letter: string): boolean => OLD_LETTERS.test(letter) && /[\p{ID_Continue}$]/u.test(letter);
  const word = wish.replace(/./gsu, (letter) => (stays(letter) ? letter : "_"));
  return isIdentifier(word) ? word : `_${word}`;
}

/** A member of an object: its key in TypeScript, and whether the wire name has to be told. */
export interface Key {
  readonly key: string;
  readonly told: boolean;
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
      return { key: fitting, told: false };
    }
    let key = identifier(camel);
    while (used.has(key)) key = `${key}_`;
    used.add(key);
    return { key, told: true };
  });
}
