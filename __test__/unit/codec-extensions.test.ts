// Extensions: the user's encoder makes the bytes, at every position where a value may be. When the user's functions fail,
// the error is the one of a value that does not fit or of a malformed message, with path or tag and with the cause.

import { describe, expect, it } from "vitest";
import { AsterError, Code } from "../../ts/src/errors.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { codecsOf, decode, encode, type Loose, roundTrip } from "./support/executors.js";

class Point {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

const PointType = t.extension("geo/Point", {
  encode: (point: Point) => Uint8Array.of(point.x, point.y),
  decode(bytes) {
    if (bytes.length !== 2) throw new RangeError("a point has two bytes");
    return new Point(bytes[0] as number, bytes[1] as number);
  },
  is: (value): value is Point => value instanceof Point,
});

/** Values are strings, which t.any could also encode without the extension. */
const Word = t.extension("Word", {
  encode: (text: string) => Uint8Array.from(Buffer.from(text)),
  decode: (bytes) => Buffer.from(bytes).toString(),
  is: (value): value is string => typeof value === "string",
});

function failure(run: () => unknown): AsterError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(AsterError);
    return error as AsterError;
  }
  throw new Error("nothing was refused");
}

const p = new Point(1, 2);

describe("an extension can be used wherever a value can", () => {
  const Holder = message(
    "x/Holder",
    {
      one: PointType,
      again: PointType,
      maybe: t.optional(PointType),
      list: t.list(PointType),
      sparse: t.list(t.optional(PointType)),
      set: t.set(Word),
      map: t.map(Word, PointType),
      record: t.record(PointType),
      any: t.any,
      union: t.union(PointType, Word),
    },
    { types: [Word] },
  );
  const value = {
    one: p,
    again: p,
    maybe: null,
    list: [p, new Point(3, 4)],
    sparse: [null, p],
    set: new Set(["a", "b"]),
    map: new Map([["k", p]]),
    record: { k: p },
    any: [p, "plain", new Map<unknown, unknown>([["k", [p, p]]])],
    union: "a word",
  };

  it("and is decoded to the result of its decoder", () => {
    const back = roundTrip(Holder, value);
    expect(back).toEqual(value);
    expect(back.one).toBeInstanceOf(Point);
    expect(back.any[2].get("k")[1]).toBeInstanceOf(Point);
  });

  it("only the coder reads and writes the members of the user's objects", () => {
    const frozen = Object.freeze(new Point(9, 9));
    expect(roundTrip(message("x/O", { p: PointType }), { p: frozen })).toEqual({ p: new Point(9, 9) });
  });

  it("in t.any, `is` is called only for objects, not for primitives", () => {
    const Bag = message("x/Bag", { any: t.any }, { types: [Word, PointType] });
    expect(roundTrip(Bag, { any: "text" })).toEqual({ any: "text" });
    expect(roundTrip(Bag, { any: p })).toEqual({ any: p });
  });

  it("is tried before arrays, maps and plain objects, and after messages", () => {
    const Pair = t.extension("x/Pair", {
      encode: (pair: { a: number }) => Uint8Array.of(pair.a),
      decode: (bytes) => ({ a: bytes[0] as number, decoded: true }),
      is: (value): value is { a: number } => typeof value === "object" && value !== null && "a" in value,
    });
    const Branded = message("x/Branded", { a: t.int });
    const Bag = message("x/Bag", { any: t.any }, { types: [Pair, Branded] });
    expect(roundTrip(Bag, { any: { a: 1 } })).toEqual({ any: { a: 1, decoded: true } });
    expect(roundTrip(Bag, { any: Branded.of({ a: 1 }) })).toEqual({ any: { a: 1 } });
    expect(roundTrip(Bag, { any: { b: 1 } })).toEqual({ any: new Map([["b", 1]]) });
  });

  it("the first extension whose `is` returns true encodes the value", () => {
    const other = t.extension("x/Other", {
      encode: (_: Point) => new Uint8Array(0),
      decode: () => new Point(0, 0),
      is: (value): value is Point => value instanceof Point,
    });
    const U = message("x/U", { u: t.union(other, PointType) });
    expect(roundTrip(U, { u: p })).toEqual({ u: new Point(0, 0) });
  });
});

describe("a value that does not belong to the extension", () => {
  const Holder = message("x/Holder", { list: t.list(PointType), any: t.any });

  it.each([null, undefined, "text", { x: 1, y: 2 }, []])("%j is refused with its path", (wrong) => {
    for (const codec of codecsOf(Holder)) {
      const error = failure(() => encode(codec, { list: [p, wrong], any: null }));
      expect(error).toMatchObject({
        code: Code.INVALID_ARGUMENT,
        reason: "VALUE_MISFIT",
        rawMessage: "x/Holder at list[1]: expected a value of the extension geo/Point",
      });
      expect(error.details.get("path")).toBe("list[1]");
    }
  });

  it("in t.any the error lists the values that fit, and does not blame a value that fits", () => {
    class Stranger {}
    const error = failure(() => Holder.encode({ list: [], any: [p, new Stranger()] }));
    expect(error.rawMessage).toMatch(/^x\/Holder at any\[1\]: expected a value that t.any can hold/);
  });

  it("in a union it is refused", () => {
    const U = message("x/U", { u: t.union(PointType, Holder) });
    expect(() => U.encode({ u: "text" } as Loose)).toThrow(/x\/U at u: expected/);
  });

  it("an extension without `is` can only be used at positions of its own type", () => {
    const Blind = t.extension("x/Blind", { encode: (b: Uint8Array) => b, decode: (bytes) => bytes });
    const B = message("x/B", { own: Blind, any: t.any });
    const bytes = Uint8Array.of(1);
    expect(roundTrip(B, { own: bytes, any: bytes })).toEqual({ own: bytes, any: bytes });
    expect(B.encode({ own: bytes, any: null }).length).toBeLessThan(
      B.encode({ own: bytes, any: bytes }).length,
    );
    expect(() => B.encode({ own: bytes, any: p })).toThrow(/x\/B at any/);
  });
});

describe("errors of a coder", () => {
  const bad = (members: Loose): Loose =>
    message("x/Bad", {
      ok: t.int,
      p: t.extension("x/P", { encode: () => new Uint8Array(1), decode: () => 1, ...members }),
    });

  it.each([
    ["a string", "text"],
    ["nothing", undefined],
    ["a list of numbers", [1, 2]],
    ["a promise", Promise.resolve(new Uint8Array(1))],
    ["another array", Int8Array.of(1)],
    ["an object that imitates a Uint8Array", Object.create(Uint8Array.prototype)],
  ])("an encoder that returns %s is refused with the path", (_name, made) => {
    const error = failure(() => bad({ encode: () => made }).encode({ ok: 1, p: 1 }));
    expect(error.rawMessage).toBe("x/Bad at p: the encoder of x/P did not return a Uint8Array");
  });

  it("when an encoder throws, the error has path and cause, and the next message is not affected", () => {
    const cause = new Error("secret of the user");
    const schema = bad({
      encode(value: number) {
        if (value === 7) throw cause;
        return new Uint8Array(0);
      },
    });
    const error = failure(() => schema.encode({ ok: 1, p: 7 }));
    expect(error.rawMessage).toBe("x/Bad at p: the encoder of x/P refused the value");
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: true, cause });
    expect(schema.decode(schema.encode({ ok: 1, p: 8 }))).toEqual({ ok: 1, p: 1 });
  });

  it("an encoder that returns more than 64 MiB is refused", () => {
    const much = new Uint8Array(64 * 1024 * 1024 + 1);
    const error = failure(() => bad({ encode: () => much }).encode({ ok: 1, p: 1 }));
    expect(error.rawMessage).toMatch(/more than 67108864 bytes/);
  });

  it("an encoder that encodes a message is refused; if it catches the error, the outer message is still correct", () => {
    const Inner = message("x/Inner", { n: t.int });
    let inner: unknown;
    const schema = bad({
      encode() {
        try {
          Inner.encode({ n: 1 });
        } catch (error) {
          inner = error;
        }
        return Uint8Array.of(5);
      },
    });
    expect(schema.decode(schema.encode({ ok: 1, p: 1 }))).toEqual({ ok: 1, p: 1 });
    expect(inner).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: "VALUE_MISFIT" });
  });

  it("when a decoder throws, the message is malformed: the error has tag and cause, but not the text of the user", () => {
    const cause = new Error("secret of the user");
    const schema = bad({
      decode() {
        throw cause;
      },
    });
    const bytes = schema.encode({ ok: 1, p: 1 });
    for (const codec of codecsOf(schema)) {
      const error = failure(() => decode(codec, bytes));
      expect(error.rawMessage).toMatch(/^x\/Bad at byte \d+: the decoder of x\/P refused the bytes$/);
      expect(error).toMatchObject({
        code: Code.INVALID_ARGUMENT,
        reason: "MALFORMED_MESSAGE",
        isLocal: true,
        cause,
      });
    }
  });

  it.each([
    ["null", null],
    ["undefined", undefined],
    ["a promise", Promise.resolve(1)],
  ])("a decoder that returns %s is an error", (_name, made) => {
    const schema = bad({ decode: () => made });
    const bytes = schema.encode({ ok: 1, p: 1 });
    expect(() => schema.decode(bytes)).toThrow(/the decoder of x\/P did not return a value/);
  });

  it("a decoder may keep its bytes and may decode messages", () => {
    const Inner = message("x/Inner", { n: t.int });
    const packed = Inner.encode({ n: 7 });
    const schema = bad({
      encode: () => packed,
      decode: (bytes: Uint8Array) => ({ bytes, inner: Inner.decode(bytes) }),
    });
    const bytes = schema.encode({ ok: 1, p: 1 });
    const back = schema.decode(bytes);
    bytes.fill(0);
    expect(back).toEqual({ ok: 1, p: { bytes: packed, inner: { n: 7 } } });
  });

  it("a payload longer than the message is refused before memory is allocated", () => {
    const schema = bad({});
    const bytes = schema.encode({ ok: 1, p: 1 });
    const lie = Uint8Array.from([...bytes.subarray(0, bytes.length - 2), 0xff, 0xff, 0xff, 0x1f, 1]);
    expect(() => schema.decode(lie)).toThrow(/the message ends too early/);
  });
});

describe("schemas of extensions", () => {
  it.each([
    ["no coder", undefined, /must be an object \{ encode, decode, is\? \}/],
    ["no encoder", { decode: () => 1 }, /\.encode: must be a function/],
    ["no decoder", { encode: () => 1 }, /\.decode: must be a function/],
    ["a wrong predicate", { encode: () => 1, decode: () => 1, is: true }, /\.is: must be a function/],
    ["an unknown member", { encode: () => 1, decode: () => 1, check: () => true }, /\.check: unknown option/],
  ] as [string, Loose, RegExp][])("%s is a TypeError", (_name, coder, text) => {
    expect(() => t.extension("x/P", coder)).toThrow(TypeError);
    expect(() => t.extension("x/P", coder)).toThrow(text);
  });

  it("a coder may be an instance of a class", () => {
    class Coder {
      readonly offset = 1;
      encode(n: number): Uint8Array {
        return Uint8Array.of(n + this.offset);
      }
      decode(bytes: Uint8Array): number {
        return (bytes[0] as number) - this.offset;
      }
    }
    const M = message("x/M", { n: t.extension("x/N", new Coder()) });
    expect(roundTrip(M, { n: 5 })).toEqual({ n: 5 });
  });

  it("two extensions with the same tag are refused", () => {
    const again = t.extension("geo/Point", { encode: () => new Uint8Array(0), decode: () => 1 });
    const M = message("x/M", { a: PointType, b: again });
    expect(() => M.encode({ a: p, b: 1 })).toThrow(/two different types have the tag "geo\/Point"/);
  });

  it("a default is checked when it is declared, and each use gets its own value", () => {
    const M: Loose = message("x/M", { p: PointType.default(p) });
    const [a, b] = [M.decode(M.encode({})), M["~standard"].validate({}).value];
    expect([a, b]).toEqual([{ p }, { p }]);
    expect(b.p).not.toBe(p);
    expect(() => message("x/M", { p: PointType.default("x" as Loose) })).toThrow(
      /x\/M\.p: the default does not fit/,
    );
  });

  it("are refused in JSON mode, with the path", () => {
    const M: Loose = message("x/M", { list: t.list(PointType) });
    expect(() => M.encodeJson({ list: [p] })).toThrow(/list\[0\]: a value of an extension has no JSON form/);
    expect(() => M.decodeJson('{"list":[1]}')).toThrow(/list\[0\]: a value of an extension has no JSON form/);
    expect(() => M.jsonSchema()).toThrow(
      /x\/M at list\[\]: JSON mode, which the JSON Schema describes, cannot hold an extension/,
    );
  });

  it("are another type than a message with the same name", () => {
    const Mine = message("x/M", { any: t.any }, { types: [PointType] });
    const Theirs = message("x/M", { any: t.any }, { types: [message("geo/Point", { x: t.int })] });
    const bytes = Mine.encode({ any: p });
    expect(() => Theirs.decode(bytes)).toThrow(/geo\/Point is a message/);
  });
});
