import { describe, expect, it } from "vitest";
import { AsterError, Code } from "../../ts/src/errors.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { JsValueMaker } from "../fuzz/support/js-values.js";
import { Random } from "../fuzz/support/random.js";
import { difference } from "../fuzz/support/same-clone.js";
import { codecsOf, decode, encode, type Loose } from "./support/executors.js";

const holed: unknown[] = [1];
holed[2] = 3;

const codec = codecsOf(t.js)[0].native;
const roundTrip = (value: unknown): Loose => decode(codec, encode(codec, value));

/** Reads a payload whose root is a `t.js`: the first byte of a payload, then these bytes. */
const readHex = (hex: string): Loose => decode(codec, Buffer.from(`12${hex.replaceAll(" ", "")}`, "hex"));

describe("values of t.js", () => {
  it("come back as structuredClone gives them: 2,000 values with shared references and cycles", () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const value = new JsValueMaker(new Random(seed)).value();
      expect(difference(roundTrip(value), structuredClone(value)), `seed ${seed}`).toBeNull();
    }
  });

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["-0", -0],
    ["NaN", Number.NaN],
    ["a lone surrogate", "a\ud800"],
    ["a bigint of 20,000 bits", 3n ** 12_600n],
    ["a negative bigint", -(2n ** 64n)],
    ["an invalid Date", new Date(Number.NaN)],
    ["a sparse array", holed],
    ["an array with a name", Object.assign([1, 2], { index: 0 })],
    ["a match of a regular expression", /(?<a>b)/.exec("abc")],
    ["a boxed string", Object("text")],
    ["a boxed bigint", Object(7n)],
    ["a member __proto__", JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}')],
    ["keys that are integers", { 2: "b", 1: "a", x: 0 }],
    ["a DataView", new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)],
  ])("keep %s", (_, value) => {
    expect(difference(roundTrip(value), structuredClone(value))).toBeNull();
  });

  it("keep cycles and shared references through every collection", () => {
    const shared = { name: "shared" };
    const value: Loose = { map: new Map(), set: new Set(), list: [shared, shared], error: new Error("e") };
    value.map.set(value, shared).set(shared, value.map);
    value.set.add(value.set).add(shared);
    value.error.cause = value;
    const back = roundTrip(value);
    expect(difference(back, structuredClone(value))).toBeNull();
    expect(back.error.cause).toBe(back);
    expect(back.list[0]).toBe(back.list[1]);
  });

  it("keep the class, the message and the cause of errors, and never the stack", () => {
    const error = new RangeError("outer", { cause: new TypeError("inner", { cause: { code: 5 } }) });
    const back = roundTrip(error);
    expect(back).toBeInstanceOf(RangeError);
    expect(back.cause).toBeInstanceOf(TypeError);
    expect(back.cause.cause).toEqual({ code: 5 });
    expect(Object.keys(back)).toEqual([]);
    const text = Buffer.from(encode(codec, error)).toString("latin1");
    expect(text).not.toContain("native-js");
    class Custom extends TypeError {}
    expect(roundTrip(new Custom("mine")).constructor).toBe(TypeError);
    expect(Object.hasOwn(roundTrip(new Error()), "message")).toBe(false);
  });

  it("share one buffer between views, and send only the bytes that views show", () => {
    const buffer = Uint8Array.from({ length: 64 }, () => 7).buffer;
    const value = { low: new Uint8Array(buffer, 8, 8), high: new Uint16Array(buffer, 12, 4) };
    const back = roundTrip(value);
    expect(back.low.buffer).toBe(back.high.buffer);
    expect(back.low.byteOffset).toBe(8);
    const bytes = [...new Uint8Array(back.low.buffer)];
    expect(bytes).toEqual(Array.from({ length: 64 }, (_, at) => (at >= 8 && at < 20 ? 7 : 0)));
    expect([...new Uint8Array(roundTrip({ ...value, buffer }).buffer)]).toEqual(new Array(64).fill(7));
  });

  it("take a small Buffer without the rest of its pool", () => {
    const secret = Buffer.from("the secret of somebody else");
    const open = Buffer.from("open");
    expect(open.buffer).toBe(secret.buffer);
    const bytes = encode(codec, open);
    expect(Buffer.from(bytes).includes("secret")).toBe(false);
    const back = roundTrip(open);
    expect(Buffer.from(back).toString()).toBe("open");
    expect(Object.getPrototypeOf(back)).toBe(Uint8Array.prototype);
  });

  it("keep resizable buffers, and views that follow their length", () => {
    const Resizable = ArrayBuffer as unknown as new (size: number, options: object) => Loose;
    const buffer = new Resizable(8, { maxByteLength: 32 });
    const back = roundTrip({ buffer, view: new Uint8Array(buffer, 4) });
    expect(back.buffer).toMatchObject({ byteLength: 8, maxByteLength: 32, resizable: true });
    back.buffer.resize(16);
    expect(back.view.length).toBe(12);
  });

  it("are read as plain objects: the wire contains no prototype and no class of the program", () => {
    class Account {
      owner = "ada";
      get secret(): string {
        return "hidden";
      }
    }
    const back = roundTrip([new Account(), Object.create(null)]);
    expect(back.map(Object.getPrototypeOf)).toEqual([Object.prototype, Object.prototype]);
    expect(back[0]).toEqual({ owner: "ada" });
  });

  it.each<[string, unknown]>([
    ["a function", () => {}],
    ["a symbol", Symbol("s")],
    ["a boxed symbol", Object(Symbol("s"))],
    ["a promise", Promise.resolve()],
    ["a WeakMap", new WeakMap()],
    ["a WeakRef", new WeakRef({})],
    ["a generator", (function* () {})()],
    ["a SharedArrayBuffer", new SharedArrayBuffer(8)],
    ["a regular expression of 70,000 characters", new RegExp("a".repeat(70_000))],
  ])("refuse %s with the path of the value", (_, value) => {
    const Holder = codecsOf(message("js/Holder", { inner: t.js }))[0].native;
    expect(() => encode(Holder, { inner: { deep: [value] } })).toThrow(AsterError);
    expect(() => encode(codec, value)).toThrow(expect.objectContaining({ code: Code.INVALID_ARGUMENT }));
  });

  it("refuse more than 500 levels, in both directions", () => {
    const nested = (levels: number): unknown => {
      let value: unknown = 1;
      for (let level = 0; level < levels; level++) value = [value];
      return value;
    };
    expect(difference(roundTrip(nested(500)), nested(500))).toBeNull();
    expect(() => encode(codec, nested(501))).toThrow("nested deeper than 500");
    expect(() => readHex(`${"0d01".repeat(501)}02`)).toThrow("nested deeper than 500");
  });
});

describe("hostile values of t.js", () => {
  it.each([
    ["an unknown tag", "18", "unknown byte"],
    ["no value", "", "ends too early"],
    ["a value after the value", "0202", "1 bytes follow"],
    ["a reference to nothing", "0b00", "does not exist yet"],
    ["a reference to an unfinished view", "15 02 0b00 00 00", "not complete"],
    ["an array with more elements than bytes", "0d fe0010", "elements, but only"],
    ["a map with more entries than bytes", "0f fe0010", "elements, but only"],
    ["a set with more elements than bytes", "10 ffffffffff", "elements, but only"],
    ["a string that is longer than the message", "09 ffffffff7f 61", "ends too early"],
    ["a UTF-16 string that is longer than the message", "0a 05 6161", "ends too early"],
    ["a bigint without bytes", "07 00", "without bytes"],
    ["a bigint that is longer than the message", "07 ffffffff7f 01", "ends too early"],
    ["a key that does not exist", "0c 05 02 00", "reference to key"],
    ["a key that is no string", "0c 01 30 02 00", "where a string is expected"],
    ["an object without an end", "0c 01 0901 61 02", "ends too early"],
    ["the length of an array as a member", "0e 01 01 0906 6c656e677468 30 00", "member for its length"],
    ["an element behind the end of an array", "0e 01 01 0901 37 30 00", "behind its end"],
    ["a Date of text", "11 0900", "where a number is expected"],
    ["a pattern that is not valid", "12 0901 28 0900", "not valid"],
    ["flags that do not exist", "12 0901 61 0901 71", "not valid"],
    ["a boxed object", "17 0c 00", "where a primitive is expected"],
    ["a boxed null", "17 02", "where a primitive is expected"],
    ["an error of an unknown kind", "16 09 00", "unknown kind"],
    ["an error with unknown flags", "16 00 04", "unknown flags"],
    ["an error whose message is a number", "16 00 01 30", "where a string is expected"],
    ["a view of an unknown class", "15 1f 13 00 00 00 00", "unknown class"],
    ["a view of a number", "15 02 30 00 00 00", "not a buffer"],
    ["a view that is not aligned", "15 04 13 08 01 02 00", "does not fit its buffer"],
    ["a view behind its buffer", "15 02 13 08 09 00 00", "does not fit its buffer"],
    ["a view that is longer than its buffer", "15 02 13 08 00 09 00", "does not fit its buffer"],
    ["a view that follows a fixed length", "15 82 13 08 00 00", "does not fit its buffer"],
    ["a buffer of 4 GiB", "13 ffffffffff", "too small for it"],
    ["a resizable buffer of 4 GiB", "14 00 ffffffffff", "too small for it"],
    ["a resizable buffer above its largest size", "14 08 04", "larger than its largest size"],
    ["bytes outside of their buffer", "13 04 01 02 04 61616161", "outside of their buffer"],
    ["buffer bytes that are not there", "13 04 01 00 04 61", "ends too early"],
    ["a length that is a string", "0d fd", "where a number is expected"],
  ])("are refused: %s", (_, hex, problem) => {
    const refused = expect.objectContaining({ code: Code.INVALID_ARGUMENT, reason: "MALFORMED_MESSAGE" });
    expect(() => readHex(hex)).toThrow(refused);
    expect(() => readHex(hex)).toThrow(problem);
  });

  it("are refused at every length that is too short, and never read past their end", () => {
    const whole = encode(codec, {
      list: [1, "two", 3n, new Date(4), /5/g, new Map([[6, new Set(["seven"])]]), new Uint16Array([8])],
      error: new TypeError("nine", { cause: holed }),
    });
    for (let length = 0; length < whole.length; length++) {
      expect(() => decode(codec, whole.slice(0, length)), `${length} bytes`).toThrow(AsterError);
    }
  });

  it("cannot make memory out of few bytes: many long sparse arrays, many hidden buffers", () => {
    const long = "0e ff00e1f505 00"; // an array of 100,000,000 holes
    const many = readHex(`0d ff10270000 ${long.repeat(10_000)}`);
    expect(many[9999]).toHaveLength(100_000_000);
    const holes = (count: number) => `0e fe0004 00`.repeat(count); // arrays of 1,024 holes
    expect(() => readHex(`0d ff10270000 ${holes(10_000)}`)).toThrow("bytes of estimated size when decoded");
    const buffers = `0d ff80000000 ${"13 ff00000f00".repeat(128)} ${"00".repeat(128)}`;
    expect(() => readHex(buffers)).toThrow("bytes of estimated size when decoded");
  });

  it("reach no prototype through their keys", () => {
    const value = readHex("0c 01 0909 5f5f70726f746f5f5f 0c 01 0908 706f6c6c75746564 31 00 00");
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(value, "__proto__")?.value).toEqual({ polluted: 1 });
    expect("polluted" in {}).toBe(false);
    const list = readHex("0e 00 01 0909 5f5f70726f746f5f5f 0c 00 00");
    expect(Object.getPrototypeOf(list)).toBe(Array.prototype);
  });
});
