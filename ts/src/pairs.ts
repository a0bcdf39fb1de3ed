// Pairs of strings as users give them: a Map, another iterable of pairs, or a plain object.
//
// Owns: the conversion to a new Map, and that nothing is dropped: what cannot be taken is refused with its path.
// Does not own: the limits for sending and the encoding (metadata.ts).

import { describeValue, optionError } from "./options.js";

/**
 * Pairs of strings, as a Map, another iterable of pairs such as `Headers` or `URLSearchParams`, or as a plain object.
 * Keys are case-sensitive, and each key may occur once.
 *
 * @example
 * const tenant: StringPairs = { tenant: "acme" };
 * const more: StringPairs = new Map([...Object.entries(tenant), ["trace-id", "4711"]]);
 * await billing.getInvoice({ customerId: "acme", status: "open" }, { metadata: more });
 */
export type StringPairs = Iterable<readonly [string, string]> | Readonly<Record<string, string>>;

/** More pairs can never be sent, and an iterable may have no end. */
const MOST_PAIRS = 65_536;

/**
 * Converts pairs to a new Map.
 * @throws {TypeError} with the path of what is no pair of well-formed strings
 */
export function pairsOf(given: unknown, path: string): Map<string, string> {
  const pairs = new Map<string, string>();
  let at = 0;
  for (const [key, value] of entriesOf(given, path)) {
    if (typeof key !== "string") throw optionError(path, `must have string keys, not ${describeValue(key)}`);
    const where = `${path}.${key.toWellFormed()}`;
    if (typeof value !== "string") throw optionError(where, `must be a string, not ${describeValue(value)}`);
    if (!key.isWellFormed()) throw optionError(where, "must have a key without lone surrogates");
    if (!value.isWellFormed()) throw optionError(where, "must be a string without lone surrogates");
    if (pairs.has(key)) throw optionError(where, "occurs twice");
    if (++at > MOST_PAIRS) throw optionError(path, `must have at most ${MOST_PAIRS} pairs`);
    pairs.set(key, value);
  }
  return pairs;
}

function entriesOf(given: unknown, path: string): Iterable<readonly [unknown, unknown]> {
  if (typeof given !== "object" || given === null) throw refusal(given, path);
  let iterate: unknown;
  let plain: boolean;
  try {
    iterate = (given as Partial<Iterable<unknown>>)[Symbol.iterator];
    plain = isPlain(given);
  } catch (cause) {
    throw Object.assign(optionError(path, "cannot be read"), { cause });
  }
  if (typeof iterate === "function") return pairsIn(given as Iterable<unknown>, path);
  if (plain) return ownPairs(given, path);
  throw refusal(given, path);
}

function* pairsIn(given: Iterable<unknown>, path: string): Iterable<readonly [unknown, unknown]> {
  let at = 0;
  for (const pair of given) {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw optionError(`${path}[${at}]`, `must be a pair of strings, not ${describeValue(pair)}`);
    yield pair as unknown as readonly [unknown, unknown];
    at++;
  }
}

function ownPairs(given: object, path: string): [string, unknown][] {
  for (const symbol of Object.getOwnPropertySymbols(given)) {
    if (Object.prototype.propertyIsEnumerable.call(given, symbol))
      throw optionError(path, "must have string keys, not a value of type symbol");
  }
  return Object.entries(given);
}

/** True for objects of a literal, also of another realm, and for objects without a prototype. */
function isPlain(given: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(given);
  return prototype === null || Object.hasOwn(prototype as object, "isPrototypeOf");
}

function refusal(given: unknown, path: string): TypeError {
  const found = typeof given === "object" && given !== null ? "another object" : describeValue(given);
  return optionError(path, `must be a plain object or an iterable of pairs, not ${found}`);
}
