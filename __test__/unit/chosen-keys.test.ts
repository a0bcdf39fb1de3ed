/**
 * Keys that a peer chooses so that they collide in the hash table of a Map or Set: the message is refused, in both executors
 * and in every form. Keys that nobody chose are taken.
 */
import { describe, expect, it } from "vitest";
import { MAX_STEPS, predictableHash } from "../../ts/src/codec/hash-load.js";
import { Code } from "../../ts/src/errors.js";
import { rows } from "../../ts/src/rows/rows.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { chosenBigints, chosenFloats } from "./support/chosen-keys.js";
import { codecsOf, encode, type Loose } from "./support/executors.js";

const COUNT = 8000;
const exhausted = { code: Code.RESOURCE_EXHAUSTED, reason: "LIMIT_EXCEEDED", isLocal: true };

/** Integers of 32 bits that share the low bits of their hash. */
function chosenIntegers(count: number): number[] {
  const chosen: number[] = [];
  for (let key = 0; chosen.length < count; key++) {
    if ((predictableHash(key) & 4095) === 7) chosen.push(key);
  }
  return chosen;
}

const floats = chosenFloats(COUNT);
const bigints = chosenBigints(COUNT);
const integers = chosenIntegers(COUNT);
const indexes = Array.from({ length: COUNT }, (_, at) => String((at + 1) * 65_536));

const ordinary: readonly [string, readonly unknown[]][] = [
  ["floats", Array.from({ length: COUNT }, (_, at) => at * 0.1)],
  ["integers in sequence", Array.from({ length: COUNT }, (_, at) => at)],
  ["large integers in sequence", Array.from({ length: COUNT }, (_, at) => 1_700_000_000_000 + at * 1000)],
  ["negative integers", Array.from({ length: COUNT }, (_, at) => -at * 7)],
];

describe("the hash of a key", () => {
  it("is that of V8, for keys that a peer can compute", () => {
    expect(new Set(floats).size).toBe(COUNT);
    expect(new Set(floats.map(predictableHash))).toEqual(new Set([12345]));
    expect(new Set(bigints.map(predictableHash))).toEqual(new Set([12345]));
    expect(predictableHash(-(bigints[0] as bigint))).toBe(12345);
  });

  it("is equal for equal keys", () => {
    expect(predictableHash(-0)).toBe(predictableHash(0));
    expect(predictableHash(5.0)).toBe(predictableHash(5));
    expect(predictableHash(0n)).toBe(0);
    expect(predictableHash(Number.NaN)).toBe(predictableHash(Number.NaN));
  });

  it("is not known for other strings and for objects", () => {
    for (const key of ["", "a", "01", "4294967295", "99999999999", "-1", {}, null, true])
      expect(predictableHash(key)).toBe(-1);
    expect(predictableHash("65536")).toBeGreaterThanOrEqual(0);
  });
});

const chosen: readonly [string, Loose, readonly unknown[]][] = [
  ["floats", t.float, floats],
  ["bigints", t.bigint, bigints],
  ["integers", t.int, integers],
  ["strings of digits", t.string, indexes],
];

/** Reads the value with both executors, and returns what they agree on. */
function read(schema: Loose, value: unknown): unknown {
  const codecs = codecsOf(schema);
  const bytes = encode(codecs[0], value);
  const [generated, interpreted] = codecs.map((codec) => {
    try {
      return codec.read(bytes, 0, bytes.length, false);
    } catch (error) {
      return error;
    }
  });
  if (generated instanceof Error) expect(interpreted).toMatchObject({ message: generated.message });
  else expect(interpreted).toEqual(generated);
  return generated;
}

describe("keys that collide are refused", () => {
  it.each(chosen)("%s as elements of a set", (_, element, keys) => {
    const Holder = message("k/Holder", { set: t.set(element) });
    expect(read(Holder, { set: new Set(keys) })).toMatchObject(exhausted);
  });

  it.each(chosen)("%s as keys of a map", (_, element, keys) => {
    const Holder = message("k/Holder", { map: t.map(element, t.int) });
    expect(read(Holder, { map: new Map(keys.map((key) => [key, 1])) })).toMatchObject(exhausted);
  });

  it.each(chosen)("%s in t.any", (_, _element, keys) => {
    const Holder = message("k/Holder", { any: t.any });
    expect(read(Holder, { any: new Set(keys) })).toMatchObject(exhausted);
    expect(read(Holder, { any: new Map(keys.map((key) => [key, 1])) })).toMatchObject(exhausted);
  });

  it.each(chosen)("%s where references are tracked", (_, element, keys) => {
    const Holder = message("k/Holder", { set: t.set(element), map: t.map(element, t.int) }, { refs: true });
    expect(read(Holder, { set: new Set(keys), map: new Map() })).toMatchObject(exhausted);
    const map = new Map(keys.map((key) => [key, 1]));
    expect(read(Holder, { set: new Set(), map })).toMatchObject(exhausted);
  });

  it("in JSON text, in compatible messages and in rows", () => {
    const Holder = message("k/Holder", { map: t.map(t.float, t.int) }, { compatible: true });
    const value = { map: new Map(floats.map((key) => [key, 1])) };
    expect(() => Holder.decodeJson(Holder.encodeJson(value))).toThrow(expect.objectContaining(exhausted));
    expect(() => Holder.decode(Holder.encode(value))).toThrow(expect.objectContaining(exhausted));
    const Row = message("k/Row", { set: t.set(t.float), map: t.map(t.float, t.int) });
    const view = rows(Row).row(rows(Row).encode({ set: new Set(floats), ...value }));
    expect(() => view.toObject()).toThrow(expect.objectContaining(exhausted));
    expect(() => view.set.toSet()).toThrow(expect.objectContaining(exhausted));
    expect(() => view.map.toMap()).toThrow(expect.objectContaining(exhausted));
  });

  it("also in many small collections of one message", () => {
    const Holder = message("k/Holder", { sets: t.list(t.set(t.float)) });
    const sets = Array.from({ length: 200 }, () => new Set(floats.slice(0, 500)));
    expect((200 * 500 * 499) / 2).toBeGreaterThan(MAX_STEPS);
    expect(read(Holder, { sets })).toMatchObject(exhausted);
  });
});

describe("keys that nobody chose are taken", () => {
  it.each(ordinary)("%s", (_, keys) => {
    const Holder = message("k/Holder", { set: t.set(t.float), any: t.any });
    expect(
      read(Holder, { set: new Set(keys), any: new Map(keys.map((key) => [key, key])) }),
    ).not.toBeInstanceOf(Error);
  });

  it("and a few that collide", () => {
    const Holder = message("k/Holder", { set: t.set(t.float) });
    const set = new Set(floats.slice(0, 1000));
    expect(read(Holder, { set })).toEqual({ set });
  });
});
