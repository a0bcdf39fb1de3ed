/**
 * Error texts name what a wrong value is, and show no text of a peer as it is. Decoded messages work in drafts of immer and
 * become plain objects.
 */
import { runInNewContext } from "node:vm";
import { enableMapSet, produce } from "immer";
import { describe, expect, it } from "vitest";
import { AsterError, Code } from "../../ts/src/errors.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { codecsOf, encode, type Loose } from "./support/executors.js";

const detached = (array: Uint8Array | Float64Array): Loose => {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
};

describe("a value that does not fit is named", () => {
  it.each<[string, Loose, () => unknown, string]>([
    ["bytes", t.bytes, () => runInNewContext("new Uint8Array(2)"), "a Uint8Array of another realm"],
    ["bytes", t.bytes, () => new SharedArrayBuffer(2), "a SharedArrayBuffer"],
    ["bytes", t.bytes, () => new ArrayBuffer(2), "an ArrayBuffer"],
    ["bytes", t.bytes, () => new DataView(new ArrayBuffer(2)), "a DataView"],
    ["bytes", t.bytes, () => new Int16Array(2), "an Int16Array"],
    ["bytes", t.bytes, () => detached(new Uint8Array(8)), "a Uint8Array over a detached ArrayBuffer"],
    ["a view", t.bytes.view, () => detached(new Uint8Array(8)), "a Uint8Array over a detached ArrayBuffer"],
    [
      "an array",
      t.float64Array,
      () => detached(new Float64Array(8)),
      "a Float64Array over a detached ArrayBuffer",
    ],
    ["a time", t.timestamp, () => new Date(Number.NaN), "an invalid Date"],
    ["a time", t.timestamp, () => runInNewContext("new Date(0)"), "a Date of another realm"],
    ["a map", t.map(t.string, t.int), () => runInNewContext("new Map()"), "a Map of another realm"],
    ["a set", t.set(t.int), () => runInNewContext("new Set()"), "a Set of another realm"],
    ["a text", t.string, () => new Map(), "a Map"],
    ["a number", t.int, () => Promise.resolve(1), "a Promise"],
    ["a number", t.int, () => new Proxy({}, {}), "a Proxy"],
    ["a number", t.int, () => [], "an array"],
    ["a number", t.int, () => ({}), "an object"],
  ])("%s", (_, schema, make, expected) => {
    const Holder = message("w/Holder", { value: schema });
    for (const codec of codecsOf(Holder)) {
      let caught: unknown;
      try {
        encode(codec, { value: make() });
      } catch (error) {
        caught = error;
      }
      expect(caught).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: "VALUE_MISFIT" });
      expect((caught as AsterError).rawMessage).toMatch(
        new RegExp(`at value: expected .*, got ${expected}$`),
      );
    }
  });

  it("an empty array that is not detached fits", () => {
    const Holder = message("w/Holder", { bytes: t.bytes, floats: t.float64Array });
    const value = { bytes: new Uint8Array(0), floats: new Float64Array(0) };
    expect(Holder.decode(Holder.encode(value))).toEqual(value);
  });
});

describe("the message of an error", () => {
  const hostile = "a\u001b[2J\nb\u202ec\u2028d\ud800e\u0085";

  it("shows a text of a peer on one line, without characters for a terminal", () => {
    const error = new AsterError(Code.NOT_FOUND, hostile, { isLocal: false });
    expect(error.message).toBe("NOT_FOUND: a\\u001b[2J\\u000ab\\u202ec\\u2028d\ufffde\\u0085");
    expect(error.rawMessage).toBe(hostile);
  });

  it("keeps the lines of this process", () => {
    expect(new AsterError(Code.NOT_FOUND, "a\nb\u001b").message).toBe("NOT_FOUND: a\nb\\u001b");
  });

  it("escapes names that a peer sends", () => {
    const Holder = message("w/Holder", { map: t.map(t.string, t.int) });
    const text = JSON.stringify({ map: { "k\n\u202e\u001b": "x" } });
    expect(() => Holder.decodeJson(text)).toThrow(/map\[k\\n\\u\{202e\}\\u\{1b\}\]: /);
  });
});

describe("a decoded message", () => {
  const Line = message("w/Line", { text: t.string });
  const Page = message("w/Page", {
    lines: t.list(Line),
    by: t.record(Line),
    ids: t.map(t.string, Line),
    tags: t.set(t.string),
    any: t.any,
    next: t.optional(Line),
  });
  const value = {
    lines: [{ text: "a" }],
    by: { a: { text: "b" } },
    ids: new Map([["k", { text: "c" }]]),
    tags: new Set(["x"]),
    any: Line.of({ text: "d" }),
    next: null,
  };

  it("can be changed in a draft, and stays a value of its message", () => {
    enableMapSet();
    const page = Page.decode(Page.encode(value));
    const next = produce(page, (draft: Loose) => {
      draft.lines[0].text = "new";
      draft.ids.get("k").text = "newer";
    });
    expect(page.lines[0]?.text).toBe("a");
    expect(next.lines[0]?.text).toBe("new");
    expect(Page.is(next)).toBe(true);
    expect(Page.decode(Page.encode(next)).ids.get("k")?.text).toBe("newer");
  });

  it("has no new enumerable member from the mark", () => {
    const page = Page.decode(Page.encode(value));
    expect(Object.keys(page)).toEqual(["lines", "by", "ids", "tags", "any", "next"]);
    const inherited: string[] = [];
    for (const key in page) inherited.push(key);
    expect(inherited).toEqual(Object.keys(page));
  });

  it("becomes plain at every depth with toPlain, which encode takes", () => {
    const plain = Page.toPlain(Page.decode(Page.encode(value)));
    expect(plain).toStrictEqual({ ...value, any: { text: "d" } });
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
    expect(Object.getPrototypeOf((plain as Loose).by)).toBe(Object.prototype);
    expect(Object.getPrototypeOf((plain as Loose).lines[0])).toBe(Object.prototype);
    expect(Page.encode({ ...plain, any: null }).length).toBeGreaterThan(10);
  });

  it("keeps shared objects and cycles in toPlain", () => {
    const Loop: Loose = message(
      "w/Loop",
      {
        get self() {
          return t.shared(t.optional(Loop));
        },
      },
      { refs: true },
    );
    const one: Loose = {};
    one.self = one;
    const plain = Loop.toPlain(Loop.decode(Loop.encode(one)));
    expect(plain.self).toBe(plain);
  });

  it("a record member __proto__ stays data in toPlain", () => {
    const Bag = message("w/Bag", { bag: t.record(t.int) });
    const bag = JSON.parse('{"__proto__": 1}') as Record<string, number>;
    const plain = Bag.toPlain(Bag.decode(Bag.encode({ bag })));
    expect(Object.keys(plain.bag as object)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(plain.bag)).toBe(Object.prototype);
  });

  it.each([null, 1, {}, { text: "a" }])("toPlain refuses %j", (wrong) => {
    expect(() => Line.toPlain(wrong as never)).toThrow(/toPlain\(\) needs a value of w\/Line/);
  });
});
