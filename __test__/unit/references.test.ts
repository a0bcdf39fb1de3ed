// Shared values and cycles: which values keep their identity, and how invalid references are rejected. With both executors.

import { describe, expect, it } from "vitest";
import { codecBy } from "../../ts/src/codec/codec.js";
import { MessageWriter } from "../../ts/src/message.js";
import { field, wireType } from "../../ts/src/schema/decorators.js";
import { message } from "../../ts/src/schema/message.js";
import { asFloat, PlainDate } from "../../ts/src/schema/plain-values.js";
import { t } from "../../ts/src/schema/t.js";
import { codecsOf, decode, encode, type Loose, readField, roundTrip } from "./support/executors.js";

const Leaf = message("r/Leaf", { n: t.int });
const Color = t.enum("r/Color", ["RED", "GREEN"]);

function holder(fields: Loose, options: Loose = { refs: true }): Loose {
  return message("r/Holder", fields, options);
}

describe("an object at two positions is decoded as one object", () => {
  const leaf = Leaf.of({ n: 1 });

  it("in shared fields", () => {
    const { a, b } = roundTrip(holder({ a: t.shared(Leaf), b: t.optional(t.shared(Leaf)) }), {
      a: leaf,
      b: leaf,
    });
    expect(a).toBe(b);
  });

  it("in lists, sets and maps, and between them", () => {
    const schema = holder({
      list: t.list(Leaf),
      set: t.set(Leaf),
      map: t.map(Leaf, Leaf),
      record: t.record(Leaf),
    });
    const back = roundTrip(schema, {
      list: [leaf, leaf],
      set: new Set([leaf]),
      map: new Map([[leaf, leaf]]),
      record: { k: leaf },
    });
    const found = [...back.list, ...back.set, ...back.map.keys(), ...back.map.values(), back.record.k];
    expect(new Set(found).size).toBe(1);
    expect(back.list[0]).toEqual({ n: 1 });
  });

  it("in t.any, and between t.any and a declared position", () => {
    const schema = holder({ any: t.shared(t.any), list: t.anyList, leaf: t.shared(Leaf) });
    const back = roundTrip(schema, { any: leaf, list: [leaf, [leaf], 5], leaf });
    expect(back.any).toBe(back.leaf);
    expect(back.list[0]).toBe(back.leaf);
    expect(back.list[1][0]).toBe(back.leaf);
  });

  it("also dates, bytes, typed arrays, lists and maps", () => {
    const items = [new Date(5), Uint8Array.of(1), Int32Array.of(2), [3], new Set([4]), new Map([[5, 6]])];
    const back = roundTrip(holder({ one: t.anyList }), { one: [...items, ...items] });
    expect(back.one.slice(6)).toEqual(items);
    for (const [index, item] of items.entries()) {
      expect(back.one[index]).toEqual(item);
      expect(back.one[index]).toBe(back.one[index + 6]);
    }
  });

  it("but not in plain fields, and nowhere without refs", () => {
    const plain = roundTrip(holder({ a: Leaf, b: Leaf, c: t.shared(Leaf), d: t.shared(Leaf) }), {
      a: leaf,
      b: leaf,
      c: leaf,
      d: leaf,
    });
    expect(new Set([plain.a, plain.b, plain.c]).size).toBe(3);
    expect(plain.c).toBe(plain.d);
    const without = roundTrip(holder({ a: t.shared(Leaf), b: t.shared(Leaf) }, {}), { a: leaf, b: leaf });
    expect(without.a).not.toBe(without.b);
  });

  it("a root without refs does not track references, whatever the messages inside declare", () => {
    const Inner = message("r/Inner", { list: t.list(Leaf) }, { refs: true });
    const back = roundTrip(message("r/Outer", { inner: Inner }), { inner: { list: [leaf, leaf] } });
    expect(back.inner.list[0]).not.toBe(back.inner.list[1]);
  });

  it("equal strings and numbers are written each time; an asFloat object is a number without identity", () => {
    const one = asFloat(1);
    const day = "2024-01-31";
    const schema = holder({ map: t.anyMap, days: t.list(t.date), texts: t.shared(t.string) });
    const value = {
      map: new Map<unknown, unknown>([
        ["a", one],
        ["b", one],
        [null, "x"],
      ]),
      days: [day, day],
      texts: "x",
    };
    const back = roundTrip(schema, value);
    expect([...back.map.values()]).toEqual([1, 1, "x"]);
    expect(back.days).toEqual([day, day]);
  });

  it("enum members are shared objects in t.any, and strings elsewhere", () => {
    const red = Color.value("RED");
    const schema = holder({ list: t.anyList, color: t.shared(t.optional(Color)), colors: t.list(Color) });
    const back = roundTrip(schema, { list: [red, [red], 1], color: "RED", colors: ["RED", "RED"] });
    expect(back).toEqual({ list: [red, [red], 1], color: "RED", colors: ["RED", "RED"] });
  });

  it("each message gets its own object for a default", () => {
    const Item = message("r/Item", { tags: t.shared(t.list(t.string)).default([]) });
    const back = roundTrip(holder({ items: t.list(Item) }), { items: [{}, {}] });
    expect(back.items).toEqual([{ tags: [] }, { tags: [] }]);
    expect(back.items[0].tags).not.toBe(back.items[1].tags);
    expect((Item as Loose).of({}).tags).not.toBe((Item as Loose).of({}).tags);
  });
});

describe("references together with other features", () => {
  it("compatible mode keeps identity, also when the two sides have different fields", () => {
    const node = (fields: Loose): Loose => {
      const Node: Loose = message(
        "r/Versioned",
        {
          name: t.string,
          ...fields,
          get next() {
            return t.optional(t.shared(Node));
          },
          get all() {
            return t.list(Node);
          },
        },
        { refs: true, compatible: true },
      );
      return Node;
    };
    const Old = node({});
    const New = node({ note: t.string.default("none"), extra: t.optional(t.shared(t.anyList)) });
    const one: Loose = { name: "one", all: [] };
    one.next = one;
    one.all.push(one, { name: "two", next: one, all: [] });
    const fresh = New.decode(Old.encode(one));
    expect(fresh).toMatchObject({ name: "one", note: "none", extra: null });
    expect(fresh.next).toBe(fresh);
    expect(fresh.all[0]).toBe(fresh);
    expect(fresh.all[1].next).toBe(fresh);
    const back = Old.decode(New.encode(fresh));
    expect(back.next).toBe(back);
    expect(back.all[1].next).toBe(back);
    expect(Object.keys(back)).toEqual(["name", "next", "all"]);
  });

  it("each object of a class is made once", () => {
    class Point {
      x = 0;
      twin: Point | null = null;
    }
    field(t.int)(Point.prototype, "x");
    field(t.optional(t.shared(t.ref(() => Point as Loose))))(Point.prototype, "twin");
    (wireType("r/Point", { refs: true }) as Loose)(Point);
    const point = new Point();
    point.x = 5;
    point.twin = point;
    const back = roundTrip(Point, point);
    expect(back).toBeInstanceOf(Point);
    expect(back.x).toBe(5);
    expect(back.twin).toBe(back);
  });

  it("the decoder of an extension is called once for each object", () => {
    const Box = t.extension("r/Box", {
      encode: (value: { n: number }) => Uint8Array.of(value.n),
      decode: (bytes: Uint8Array) => ({ n: bytes[0] ?? 0 }),
      is: (value: unknown): value is { n: number } =>
        typeof value === "object" && value !== null && "n" in value,
    } as Loose);
    const schema = holder({
      list: t.list(Box),
      one: t.shared(Box),
      another: t.optional(t.shared(Box)),
      map: t.map(t.string, t.int32Array),
      any: t.anyList,
    });
    const box = { n: 3 };
    const items = Int32Array.of(1, 2);
    const value = {
      list: [box, box],
      one: box,
      another: { n: 4 },
      map: new Map([
        ["a", items],
        ["b", items],
      ]),
      any: [items, box, 1],
    };
    const back = roundTrip(schema, value);
    expect(back).toEqual(value);
    expect(back.list[1]).toBe(back.list[0]);
    expect(back.one).toBe(back.list[0]);
    expect(back.any[1]).toBe(back.one);
    expect(back.map.get("b")).toBe(back.map.get("a"));
    expect(back.any[0]).toBe(back.map.get("a"));
  });

  it("a view and a copy of bytes are different: bytes that may outlive the call are not a view", () => {
    const schema = holder({ aView: t.shared(t.bytes.view), copy: t.shared(t.bytes), any: t.shared(t.any) });
    const bytes = Uint8Array.of(1, 2, 3);
    for (const codec of codecsOf(schema)) {
      const writer = new MessageWriter(8);
      codec.write(writer, { aView: bytes, copy: bytes, any: bytes });
      const back: Loose = codec.read(writer.buf, 0, writer.pos, false);
      expect([back.aView, back.copy, back.any]).toEqual([bytes, bytes, bytes]);
      const lent = [back.aView, back.copy, back.any].map(({ buffer }) => buffer === writer.buf.buffer);
      expect(lent).toEqual([true, false, false]);
    }
  });

  /** Writes with one schema and reads with another that has the same bytes but other JavaScript types. */
  function reread(given: Loose, kept: Loose, value: Loose): Loose {
    const bytes = holder(given).encode(value);
    const found = codecsOf(holder(kept)).map((codec) => {
      try {
        return decode(codec, bytes) as Loose;
      } catch (error) {
        return String(error);
      }
    });
    expect(found[1]).toEqual(found[0]);
    return found[0];
  }

  it("scalars with two JavaScript types are converted to the type of each position", () => {
    const when = new Date(1_700_000_000_123);
    const times = {
      a: t.shared(t.timestamp),
      b: t.shared(t.timestamp),
      c: t.shared(t.any),
      d: t.shared(t.timestamp),
    };
    const back = reread(
      times,
      { ...times, a: t.shared(t.timestampMicros), d: t.shared(t.timestampMicros) },
      { a: when, b: when, c: when, d: when },
    );
    expect(back).toEqual({ a: 1_700_000_000_123_000n, b: when, c: when, d: 1_700_000_000_123_000n });
    const days = { days: t.list(t.date), any: t.shared(t.any), others: t.list(t.date) };
    const prefix = Buffer.from(holder(days).encode({ days: [], any: null, others: [] })).subarray(0, -3);
    const payload = Buffer.from("010d0001000000010dfe01fe01", "hex");
    const read = holder(days).decode(Buffer.concat([prefix, payload]));
    expect(read).toEqual({ days: ["1970-01-02"], any: new PlainDate("1970-01-02"), others: ["1970-01-02"] });
  });

  it("containers with two JavaScript types are refused, because one object cannot have both types", () => {
    const lists = { a: t.shared(t.list(t.int)), b: t.shared(t.list(t.int)) };
    const list = [1];
    expect(reread(lists, { ...lists, b: t.shared(t.list(t.bigint)) }, { a: list, b: list })).toMatch(
      /with another JavaScript representation than declared/,
    );
    const maps = { a: t.shared(t.map(t.string, t.int)), b: t.shared(t.map(t.string, t.int)) };
    const map = new Map([["k", 1]]);
    expect(reread(maps, { ...maps, b: t.shared(t.record(t.int)) }, { a: map, b: map })).toMatch(
      /with another JavaScript representation than declared/,
    );
    expect(
      reread(maps, { a: t.shared(t.record(t.int)), b: t.shared(t.record(t.int)) }, { a: map, b: map }),
    ).toEqual({ a: { k: 1 }, b: { k: 1 } });
  });
});

describe("one object for two types", () => {
  it("is written once for each type, because no reader could use it for both", () => {
    const none: never[] = [];
    const schema = holder({
      ints: t.shared(t.list(t.int)),
      texts: t.shared(t.list(t.string)),
      more: t.shared(t.list(t.int)),
      other: t.shared(t.list(t.string)),
    });
    const back = roundTrip(schema, { ints: none, texts: none, more: none, other: none });
    expect(back.ints).toBe(back.more);
    expect(back.texts).toBe(back.other);
    expect(back.ints).not.toBe(back.texts);
  });

  it("also when the two types refer to each other", () => {
    const A: Loose = message(
      "r/A",
      {
        get b() {
          return t.shared(B);
        },
      },
      { refs: true },
    );
    const B: Loose = message("r/B", {
      get a() {
        return t.shared(A);
      },
    });
    const both: Loose = {};
    both.a = both;
    both.b = both;
    const back = roundTrip(A, both);
    expect(back.b.a).toBe(back);
    expect(back.b).not.toBe(back);
  });
});

describe("cycles", () => {
  const Node: Loose = message(
    "r/Node",
    {
      name: t.string,
      get next() {
        return t.optional(t.shared(Node));
      },
      get kids() {
        return t.list(Node);
      },
      any: t.any,
    },
    { refs: true },
  );
  const node = (name: string, more: Loose = {}): Loose =>
    Node.of({ name, next: null, kids: [], any: null, ...more });

  it("of one object and of three objects are decoded", () => {
    const one = node("one");
    one.next = one;
    const self = roundTrip(Node, one);
    expect(self.next).toBe(self);
    const three = [node("a"), node("b"), node("c")];
    for (const [index, each] of three.entries()) each.next = three[(index + 1) % 3];
    const back = roundTrip(Node, three[0]);
    expect(back.next.next.next).toBe(back);
    expect([back.name, back.next.name, back.next.next.name]).toEqual(["a", "b", "c"]);
  });

  it("of children that refer to their parent are decoded", () => {
    const root = node("root");
    root.kids = [node("x", { next: root }), node("y", { next: root })];
    const back = roundTrip(Node, root);
    expect(back.kids.map((kid: Loose) => kid.next)).toEqual([back, back]);
    expect(back.kids[0].next).toBe(back);
  });

  it("of containers that contain themselves, as element, key and value, are decoded", () => {
    const list: Loose[] = [1];
    list.push(list);
    const set = new Set<Loose>([list]);
    set.add(set);
    const map = new Map<Loose, Loose>([[set, list]]);
    map.set(map, map);
    // The field is a plain position, so its value is one level deeper.
    const back = roundTrip(Node, node("n", { any: [list, set, map, null] })).any;
    expect(back[0][1]).toBe(back[0]);
    expect([...back[1]]).toEqual([back[0], back[1]]);
    expect(back[1].has(back[1])).toBe(true);
    expect(back[2].get(back[1])).toBe(back[0]);
    expect(back[2].get(back[2])).toBe(back[2]);
  });

  it("keep one hidden class and the brand of their message", () => {
    const one = node("one");
    one.next = one;
    const back = roundTrip(Node, one);
    expect(Object.keys(back)).toEqual(["name", "next", "kids", "any"]);
    expect(Object.getPrototypeOf(back)).toBe(Node.prototype);
  });

  it("through plain positions would not end, and are refused with their path", () => {
    const Plain: Loose = message(
      "r/Plain",
      {
        get self() {
          return t.optional(Plain);
        },
      },
      { refs: true },
    );
    const loop: Loose = {};
    loop.self = loop;
    const problem = {
      code: 3,
      reason: "VALUE_MISFIT",
      rawMessage: expect.stringMatching(/^r\/Plain at self\.self.*: nested deeper than 50$/),
    };
    for (const codec of codecsOf(Plain))
      expect(() => encode(codec, loop)).toThrow(expect.objectContaining(problem));
    expect(Plain["~standard"].validate(loop).issues[0].path).toHaveLength(50);
  });

  it("are refused with their path where references are not tracked, and in both cases when they are too deep", () => {
    const Loop: Loose = message("r/Loop", {
      get all() {
        return t.list(Loop);
      },
    });
    const loop: Loose = { all: [{ all: [] }] };
    loop.all.push(loop);
    expect(() => Loop.encode(loop)).toThrow(
      /^INVALID_ARGUMENT: r\/Loop at all\[1\]\.all\[1\].*: nested deeper than 50$/,
    );
    let chain: Loose = node("end");
    for (let made = 1; made < 49; made++) chain = node("link", { next: chain });
    expect(roundTrip(Node, chain).next.next.name).toBe("link");
    // The list of children of the last object is the fiftieth level.
    expect(() => Node.encode(node("too many", { next: chain }))).toThrow(/nested deeper than 50/);
  });

  it("show their path in the error of a value that does not fit", () => {
    const one = node("one");
    one.next = one;
    one.kids = [one, node("two", { kids: [node("three", { name: 5 })] })];
    expect(() => Node.encode(one)).toThrow(/r\/Node at kids\[1\]\.kids\[0\]\.name: expected a string/);
  });

  it("are refused in JSON mode, with their path", () => {
    const one = node("one");
    one.kids = [node("two", { next: one })];
    expect(() => Node.encodeJson(one)).toThrow(
      expect.objectContaining({
        code: 3,
        rawMessage: expect.stringMatching(/kids\[0\]\.next.*contains itself/),
      }),
    );
    const shared = node("leaf");
    const text = Node.encodeJson(node("root", { kids: [shared, shared] }));
    expect(Node.decodeJson(text)).toEqual(node("root", { kids: [shared, shared] }));
  });

  it("are copied by Standard Schema as decoding would", () => {
    const one = node("one");
    one.kids = [one, one];
    const { value } = Node["~standard"].validate(one);
    expect(value).not.toBe(one);
    expect(value.kids).toEqual([value, value]);
    expect(value.kids[0]).toBe(value);
  });
});

describe("a value that uses one object very often", () => {
  it("is refused in limited time when each use is written", () => {
    const Tree: Loose = message("r/Tree", {
      get two() {
        return t.list(Tree);
      },
    });
    let tree: Loose = { two: [] };
    for (let level = 0; level < 22; level++) tree = { two: [tree, tree] };
    expect(() => Tree.encode(tree)).toThrow(/more than 1000000 messages and collections/);
    const Shared: Loose = message(
      "r/Shared",
      {
        get two() {
          return t.list(Shared);
        },
      },
      { refs: true },
    );
    let shared: Loose = { two: [] };
    for (let level = 0; level < 20; level++) shared = { two: [shared, shared] };
    const bytes = Shared.encode(shared);
    expect(bytes.length).toBeLessThan(400);
    const { two } = Shared.decode(bytes);
    expect(two[0] === two[1] && two[0].two[0] === two[0].two[1]).toBe(true);
  });
});

/** The result of both executors for a payload that is the only field of a message with references. */
const read = (schema: Loose, payload: string): Loose =>
  readField(message("r/One", { x: schema }, { types: [Leaf, Color], refs: true }), payload);

describe("valid encodings that no known writer uses are decoded", () => {
  const ints = t.list(t.int);
  const self = (value: Loose): boolean => value[0] === value;
  it.each([
    ["ints with reference flags", ints, "03 0d 0002 fe01 ff04", [1, 1, 2]],
    ["ints and nulls with reference flags", t.list(t.optional(t.int)), "03 0f 0002 fd fe01", [1, null, 1]],
    ["undeclared strings with reference flags", t.list(t.string), "02 09 15 000461 fe01", ["a", "a"]],
    ["elements without reference flags", t.list(Leaf), "01 0c PAYLOAD", [{ n: 1 }]],
    ["a null of type NONE with a reference id", t.anyList, "16 02 09 24 00 fe01", [null, null]],
    [
      "bools with reference flags in a map",
      t.map(t.string, t.bool),
      "02 2c 02 0461 0001 0462 fe01",
      new Map([
        ["a", true],
        ["b", true],
      ]),
    ],
    ["bools with a null", t.list(t.optional(t.bool)), "03 0f 0001 fd fe01", [true, null, true]],
    ["a date twice", t.list(t.date), "02 0d 00 01000000 fe01", ["1970-01-02", "1970-01-02"]],
  ] as [string, Loose, string, unknown][])("%s", (_name, schema, payload, value) => {
    const hash = Buffer.from(Leaf.encode({ n: 1 }))
      .subarray(-5)
      .toString("hex");
    expect(read(schema, payload.replace("PAYLOAD", hash))).toEqual(value);
  });

  it("a shared list without a reference id", () => {
    expect(read(t.shared(ints), "ff 01 0c 02")).toEqual([1]);
    expect(read(t.shared(ints), "00 01 0c 02")).toEqual([1]);
    expect(read(t.optional(t.shared(ints)), "fd")).toBeNull();
  });

  it("a list that contains itself", () => {
    expect(self(read(t.shared(t.anyList), "00 16 01 09 16 fe 01"))).toBe(true);
  });
});

describe("hostile references are refused", () => {
  const ints = t.list(t.int);
  it.each([
    ["to a value that is not decoded yet", t.anyList, "16 01 09 16 fe 01"],
    ["to an id of more than 32 bits", t.anyList, "16 01 09 16 fe ffffffffffffffffff"],
    ["to an id beyond the last value", t.anyList, "16 02 09 16 00 00 fe 02"],
    ["without an id", t.anyList, "16 02 09 16 00 00 fe"],
    ["with an unknown flag", t.anyList, "16 01 09 16 01"],
    ["with an unknown list flag", t.anyList, "16 01 41 16 0000"],
    ["in a list without reference flags", t.anyList, "16 01 08 16 fe00"],
    ["from a nullable field that is not shared", t.optional(Leaf), "fe 00"],
    ["from a field that is not nullable", Leaf, "fe 00"],
    ["to the message from a list of ints", t.shared(ints), "fe 00"],
    ["to the message from a list of other messages", t.list(Leaf), "01 0d fe 00"],
    ["to the message from a list of ints with flags", ints, "01 0d fe 00"],
    [
      "from a position for lists of ints to a list of any values",
      t.list(t.list(t.int)),
      "01 0d 00 01 0d fe 01",
    ],
    ["to a null from a position that does not allow null", t.map(t.string, t.list(t.int)), "01 14 0461"],
    [
      "to the map itself as a key, where keys are strings",
      t.shared(t.map(t.string, t.int)),
      "00 01 25 01 fe01 02",
    ],
    ["to a string where an int is declared", t.anyMap, "18 01 25 01 fe00"],
    ["a null that is not allowed", t.shared(ints), "fd"],
    ["more elements than bytes", t.list(Leaf), "ffff7f 0d 00"],
    ["type id NONE where a message is declared", t.optional(t.shared(Leaf)), "ff 24"],
    ["type id NONE with a reference id", t.optional(t.shared(Leaf)), "00 24"],
  ] as [string, Loose, string][])("%s", (_name, schema, payload) => {
    expect(read(schema, payload)).toBeInstanceOf(Error);
  });

  it("a null with a reference id where null is not allowed", () => {
    const Two = message("r/Two", { a: t.list(t.optional(ints)), b: t.list(ints) }, { refs: true });
    const head = Buffer.from(Two.encode({ a: [], b: [] })).subarray(0, -2);
    for (const codec of codecsOf(Two)) {
      const read = (payload: string): unknown => {
        const bytes = Buffer.concat([head, Buffer.from(payload.replaceAll(" ", ""), "hex")]);
        return decode(codec, bytes);
      };
      expect(read("02 09 24 00 fe01 00")).toEqual({ a: [null, null], b: [] });
      expect(() => read("01 09 24 00 01 0d fe01")).toThrow(/null where a value is required/);
    }
  });

  it("a root that is only a reference, and reference flags where the root has no refs", () => {
    const One = message("r/One", { x: ints }, { refs: true });
    expect(() => One.decode(Uint8Array.of(2, 0xfe, 0))).toThrow(/is not allowed here/);
    const Plain = message("r/One", { x: ints });
    const tracked = Buffer.from(One.encode({ x: [] })).subarray(0, -1);
    const list = Buffer.from("010d0002", "hex");
    expect(One.decode(Buffer.concat([tracked, list]))).toEqual({ x: [1] });
    expect(() => Plain.decode(Buffer.concat([tracked, list]))).toThrow(
      /reference flags, but the schema does not declare refs/,
    );
    // Only the flag of the root has the same meaning with and without refs.
    expect(Plain.decode(Buffer.concat([tracked, Buffer.from([0])]))).toEqual({ x: [] });
  });

  it("a million and one tracked values, when writing and when reading", () => {
    const flags = message(
      "r/Flags",
      { a: t.list(t.optional(t.bool)), b: t.list(t.optional(t.bool)) },
      { refs: true },
    );
    const days = message("r/Days", { a: t.list(t.date), b: t.list(t.date) }, { refs: true });
    const half = Array.from({ length: 500_000 }, () => "2024-01-31");
    expect(() => days.encode({ a: half, b: half })).toThrow(/more than 1000000 tracked values/);
    const head = Buffer.from(flags.encode({ a: [], b: [] })).subarray(0, -2);
    const many = Buffer.alloc(3 + 1 + 2 * 600_000);
    many.set([0xc0, 0xcf, 0x24, 0x0f]);
    for (const codec of codecsOf(flags)) {
      const bytes = Buffer.concat([head, many, many]);
      expect(() => decode(codec, bytes)).toThrow(/more than 1000000 tracked values/);
    }
  });

  it("decoded values are released after the message", () => {
    const codec = codecBy("generated", holder({ list: t.list(Leaf) }));
    const bytes = encode(codec, { list: [{ n: 1 }] });
    decode(codec, bytes);
    // An id of an earlier message is not valid in this message.
    bytes[bytes.length - 6] = 0xfe;
    expect(() => decode(codec, bytes)).toThrow(/reference to value|another type|follow the message/);
  });
});
