/** Rows and tables: written values are read back in place, member by member and as a whole, for every schema. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AsterError } from "../../ts/src/errors.js";
import { rows } from "../../ts/src/rows/rows.js";
import { field, wireType } from "../../ts/src/schema/decorators.js";
import { message, messageBehind } from "../../ts/src/schema/message.js";
import { asSchema } from "../../ts/src/schema/schema.js";
import { t } from "../../ts/src/schema/t.js";
import { seen } from "../conformance/rows-seen.js";
import { type Loose, samples } from "./rows-arbitraries.js";

const Line = message("shop/Line", { sku: t.string, quantity: t.int, price: t.optional(t.float) });
const Order = message("shop/Order", {
  orderId: t.string,
  amountCents: t.int,
  lines: t.list(Line),
  labels: t.record(t.string).default({}),
  note: t.optional(t.string),
  currency: t.string.default("EUR"),
});
const orders = rows(Order);
const loosely = rows as (schema: Loose) => Loose;
const order = { orderId: "o-1", amountCents: 1250, lines: [{ sku: "tea", quantity: 2, price: 1.5 }] };

describe("any schema that rows can hold", () => {
  it("is read back equal: as a whole, member by member, and as a table", () => {
    fc.assert(
      fc.property(samples, ({ schema, values }) => {
        const form = loosely(schema);
        for (const value of values) {
          const view = form.row(form.encode(value));
          expect(form.toObject(view)).toEqual(value);
          expect(seen(view, value)).toEqual(value);
        }
        const table = form.table(form.encodeTable(values));
        expect(table.length).toBe(values.length);
        expect(table.toArray()).toEqual(values);
        for (const { key } of messageBehind(asSchema(schema, "sample"), "sample").fields) {
          expect(table.column(key).toArray()).toEqual(values.map((value) => value[key]));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is written the same when the buffer was used before", () => {
    const first = orders.encode(order);
    orders.encode({ ...order, orderId: "x".repeat(900), note: "\u{1f600}".repeat(90) });
    expect(orders.encode(order)).toEqual(first);
  });
});

describe("a row", () => {
  const view = orders.row(orders.encode(order));

  it("has members by their names, with defaults", () => {
    expect([view.orderId, view.amountCents, view.note, view.currency]).toEqual(["o-1", 1250, null, "EUR"]);
    expect([view.lines.length, view.lines.at(-1)?.sku, view.lines.at(1)]).toEqual([1, "tea", undefined]);
    expect(view.lines.at(0)?.toObject()).toEqual(order.lines[0]);
  });

  it("is decoded to an object with the brand of its message, and can be printed to a console", () => {
    expect(Object.getPrototypeOf(view.toObject())).toBe(Object.getPrototypeOf(Order.of(order as Loose)));
    expect(orders.toObject(view)).toEqual(view.toObject());
    expect(() => orders.toObject({} as Loose)).toThrow(TypeError);
    expect(() => rows(Line).toObject(view as Loose)).toThrow("a row view of shop/Line");
  });

  it("can have members with any name, also names that every object has", () => {
    const Odd = message("shop/Odd", {
      constructor: t.int,
      toObject: t.string,
      // biome-ignore lint/suspicious/noThenProperty: the test is about a field with this name
      then: t.bool,
      toString: t.list(t.int).name("to_string"),
    } as Loose);
    const odd = loosely(Odd);
    // biome-ignore lint/suspicious/noThenProperty: as above
    const value = { constructor: 1, toObject: "mine", then: true, toString: [1] };
    const read = odd.row(odd.encode(value));
    expect([read.constructor, read.toObject, read.then, [...read.toString]]).toEqual([1, "mine", true, [1]]);
    expect({ ...odd.toObject(read) }).toEqual(value);
  });

  it("is decoded to objects of a wire class, with methods", () => {
    class Point {
      x = 0;
      get length(): number {
        return Math.abs(this.x);
      }
    }
    field(t.float)(Point.prototype as Loose, "x");
    wireType("shop/Point")(Point);
    const points = rows(Point);
    const made = points.row(points.encode(Object.assign(new Point(), { x: -2 }))).toObject();
    expect(made).toBeInstanceOf(Point);
    expect(made.length).toBe(2);
  });
});

describe("maps, records and sets that are read in place", () => {
  const Bag = message("shop/Bag", {
    map: t.map(t.string, t.int),
    record: t.record(t.int),
    set: t.set(t.float),
    byNumber: t.map(t.int, t.string),
  });
  const bags = rows(Bag);
  const hostile = ["__proto__", "constructor", "toString", "é", "日本", ""];
  const entries = hostile.map((key, index): [string, number] => [key, index]);
  const view = bags.row(
    bags.encode({
      map: new Map(entries),
      record: new Map(entries),
      set: new Set([1, Number.NaN]),
      byNumber: new Map([[5, "five"]]),
    }),
  );

  it("find keys that are property names of every object, but only when they contain them", () => {
    for (const [key, index] of entries) {
      expect([view.map.get(key), view.record.get(key), view.map.has(key)]).toEqual([index, index, true]);
    }
    expect([view.map.get("valueOf"), view.record.has("hasOwnProperty"), view.map.get("\ud800")]).toEqual([
      undefined,
      false,
      undefined,
    ]);
    expect([view.byNumber.get(5), view.byNumber.get(6), view.byNumber.get("5" as Loose)]).toEqual([
      "five",
      undefined,
      undefined,
    ]);
    expect([view.set.has(1), view.set.has(Number.NaN), view.set.has(2), view.set.size]).toEqual([
      true,
      true,
      false,
      2,
    ]);
  });

  it("return all entries; records are objects without prototype", () => {
    expect([...view.map]).toEqual(entries);
    expect([...view.map.keys()]).toEqual(hostile);
    expect([...view.record.values()]).toEqual(entries.map(([, index]) => index));
    expect(view.map.toMap()).toEqual(new Map(entries));
    expect(view.set.toSet()).toEqual(new Set([1, Number.NaN]));
    const { record } = view.toObject();
    expect(Object.getPrototypeOf(record)).toBeNull();
    expect(Object.keys(record)).toEqual(hostile);
    expect("polluted" in {}).toBe(false);
  });
});

describe("a value that does not fit", () => {
  const refused = (run: () => unknown): AsterError => {
    try {
      run();
    } catch (error) {
      if (error instanceof AsterError) return error;
      throw error;
    }
    throw new Error("nothing was refused");
  };

  it.each<[string, () => unknown, string | undefined]>([
    ["a string for a number", () => orders.encode({ ...order, amountCents: "1" as Loose }), "amountCents"],
    [
      "an integer that is too large for a number",
      () => orders.encode({ ...order, amountCents: 2 ** 53 }),
      "amountCents",
    ],
    ["a lone surrogate", () => orders.encode({ ...order, orderId: "\udc00" }), "orderId"],
    ["null where it is not allowed", () => orders.encode({ ...order, orderId: null as Loose }), "orderId"],
    ["an explicit undefined", () => orders.encode({ ...order, orderId: undefined as Loose }), "orderId"],
    [
      "a member of an element",
      () => orders.encode({ ...order, lines: [{ sku: 1 as Loose, quantity: 1 }] }),
      "lines[0].sku",
    ],
    [
      "a missing member",
      () => orders.encode({ ...order, lines: [{ sku: "a" } as Loose] }),
      "lines[0].quantity",
    ],
    [
      "a row of a table",
      () => orders.encodeTable([order, { ...order, labels: { a: 1 as Loose } }]),
      "[1].labels.a",
    ],
    ["not a message", () => orders.encode(3 as Loose), undefined],
  ])("%s is refused with its path", (_what, run, path) => {
    const error = refused(run);
    expect([error.codeName, error.reason, error.details.get("path")]).toEqual([
      "INVALID_ARGUMENT",
      "VALUE_MISFIT",
      path,
    ]);
  });

  it("an integer that is too large for a number is refused when it is read", () => {
    const Wide = message("shop/Wide", { n: t.bigint });
    const Narrow = message("shop/Wide", { n: t.int });
    for (const n of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
      const bytes = rows(Wide).encode({ n });
      expect(rows(Wide).row(bytes).n).toBe(n);
      const error = refused(() => rows(Narrow).row(bytes).n);
      expect(error.message).toBe(
        "INVALID_ARGUMENT: shop/Wide.n: an integer that is too large for a number; declare it as t.bigint",
      );
    }
    const edge = rows(Narrow).row(rows(Wide).encode({ n: -(2n ** 53n - 1n) }));
    expect(edge.n).toBe(Number.MIN_SAFE_INTEGER);
  });

  it("null at a position that does not allow it is refused when it is read", () => {
    const Some = message("shop/One", { text: t.string, list: t.list(t.int) });
    const Maybe = message("shop/One", { text: t.optional(t.string), list: t.list(t.optional(t.int)) });
    const view = rows(Some).row(rows(Maybe).encode({ text: null, list: [1, null] }));
    expect(refused(() => view.text).message).toContain("shop/One.text: null where a value is required");
    expect(view.list.at(0)).toBe(1);
    expect(refused(() => view.list.at(1)).message).toContain("shop/One.list[]: null");
    expect(refused(() => view.toObject()).reason).toBe("MALFORMED_MESSAGE");
  });

  it.each<[string, Loose, string]>([
    [
      "a date",
      message("no/A", { when: t.list(t.date) }),
      "rows(no/A): when: rows cannot hold values of this type",
    ],
    ["anything", message("no/B", { any: t.any }), "rows(no/B): any: rows cannot hold values of this type"],
    [
      "a typed array",
      message("no/C", { n: t.float64Array }),
      "rows(no/C): n: rows cannot hold values of this type",
    ],
    ["not a message", t.list(Line), "rows() needs a message schema"],
    ["not a schema", 3, "rows(): number is not a schema"],
  ])("a schema with %s has no rows", (_what, schema, text) => {
    expect(() => rows(schema)).toThrow(new TypeError(text));
  });

  it("rows cannot hold a message that contains itself", () => {
    const Node: Loose = message("no/Node", {
      get next() {
        return t.optional(Node);
      },
    });
    expect(() => rows(Node)).toThrow(/rows\(no\/Node\): .*rows cannot hold a message that contains itself$/);
  });

  it("a shared value is written for each use", () => {
    const Pair = message("shop/Pair", { left: t.shared(Line), right: t.shared(Line) }, { refs: true });
    const left = Line.of({ sku: "tea", quantity: 1 });
    const view = rows(Pair).row(rows(Pair).encode({ left, right: left }));
    expect(view.toObject()).toEqual({ left, right: left });
    expect(view.toObject().left).not.toBe(view.toObject().right);
  });

  it("encoding inside of encoding changes neither result", () => {
    let inner = new Uint8Array();
    const outer = orders.encode({
      ...order,
      get orderId() {
        inner = orders.encode(order) as Uint8Array<ArrayBuffer>;
        return "o-1";
      },
    });
    expect(outer).toEqual(inner);
  });
});
