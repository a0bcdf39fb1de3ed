/** Columns: one field of many rows, read without the other fields; and lists of numbers as views of the buffer. */
import { describe, expect, it } from "vitest";
import { rows } from "../../ts/src/rows/rows.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";

const Sale = message("c/Sale", {
  saleId: t.string,
  city: t.string,
  amountCents: t.int,
  quantity: t.int32,
  discount: t.optional(t.float),
  big: t.bigint,
  paid: t.bool,
});
const sales = rows(Sale);
const sale = (n: number) => ({
  saleId: `sale-${n}`,
  city: ["Ghent", "Zürich", "東京"][n % 3] ?? "",
  amountCents: n * 7,
  quantity: -n,
  discount: n % 3 === 0 ? null : n / 4,
  big: BigInt(n) << 40n,
  paid: n % 2 === 0,
});

describe("a column of 100,000 rows", () => {
  const count = 100_000;
  const bytes = sales.encodeTable(
    (function* () {
      for (let n = 0; n < count; n++) yield sale(n);
    })(),
  );
  const table = sales.table(bytes);

  it("is read without decoding strings: invalid strings elsewhere in the table are no error until they are read", () => {
    // The check does not read strings either, so it accepts the bytes before and after the change.
    expect(
      table
        .column("saleId")
        .toArray()
        .every((id, n) => id === `sale-${n}`),
    ).toBe(true);
    const broken = bytes.slice();
    for (let at = 0; at < broken.length; at++) if (isText(at)) broken[at] = 0xff;
    const view = sales.table(broken);
    let sum = 0;
    for (const cents of view.column("amountCents")) sum += cents;
    expect(sum).toBe((7 * count * (count - 1)) / 2);
    expect(view.row(count - 1).quantity).toBe(1 - count);
    expect(() => view.row(5).city).toThrow("c/Sale.city: a string that is not valid UTF-8");
    expect(() => view.column("saleId").at(0)).toThrow("c/Sale.saleId: a string that is not valid UTF-8");
    expect(() => view.toArray()).toThrow("a string that is not valid UTF-8");
  });

  /** True when a byte belongs to a string. A row begins with 8 bytes of nulls and 7 slots; the slots have the offsets. */
  const starts = Array.from({ length: count }, (_, index) => {
    const view = new DataView(bytes.buffer);
    return view.getUint32(8 + Math.ceil(count / 64) * 8 + index * 8 + 4, true);
  });
  let cursor = 0;
  function isText(at: number): boolean {
    while (cursor + 1 < count && (starts[cursor + 1] as number) <= at) cursor++;
    return at >= (starts[cursor] as number) + 64;
  }

  it("is copied to a typed array of the right kind", () => {
    expect(table.column("quantity").toTypedArray()).toEqual(
      Float64Array.from({ length: count }, (_, n) => 0 - n),
    );
    const big = table.column("big").toTypedArray();
    expect([big.constructor, big[3], big.length]).toEqual([BigInt64Array, 3n << 40n, count]);
    const paid = table.column("paid").toTypedArray();
    expect([paid.constructor, paid[0], paid[1]]).toEqual([Uint8Array, 1, 0]);
  });

  it("accepts a value for null, or refuses null", () => {
    const discounts = table.column("discount");
    expect(discounts.at(3)).toBeNull();
    expect(() => discounts.toTypedArray()).toThrow("c/Sale.discount: null at index 0");
    expect(discounts.toTypedArray(-1).slice(0, 4)).toEqual(new Float64Array([-1, 0.25, 0.5, -1]));
    expect(() => discounts.toTypedArray("none" as never)).toThrow(TypeError);
    expect(() => table.column("city").toTypedArray()).toThrow(
      "c/Sale.city: toTypedArray() needs a field of numbers",
    );
    expect(() => table.column("nothing" as never)).toThrow("c/Sale has no field nothing");
  });

  it("has the same index rules as an array", () => {
    const cents = table.column("amountCents");
    expect([cents.length, cents.at(2), cents.at(-1), cents.at(count), cents.at(-count - 1)]).toEqual([
      count,
      14,
      7 * (count - 1),
      undefined,
      undefined,
    ]);
    expect(table.at(-1)?.amountCents).toBe(7 * (count - 1));
    expect(table.at(count)).toBeUndefined();
    for (const wrong of [-1, count, 0.5, Number.NaN, "0" as never]) {
      expect(() => table.row(wrong)).toThrow(RangeError);
    }
  });
});

describe("a table in columnar form: one row of lists", () => {
  const Ticks = message("c/Ticks", {
    timeMicros: t.list(t.bigint),
    price: t.list(t.float),
    size: t.list(t.int32),
    side: t.list(t.int8),
    venue: t.list(t.string),
  });
  const ticks = rows(Ticks);
  const count = 1000;
  const columns = {
    timeMicros: BigInt64Array.from({ length: count }, (_, n) => BigInt(n) * 1000n),
    price: Float64Array.from({ length: count }, (_, n) => n / 8),
    size: Int32Array.from({ length: count }, (_, n) => -n),
    side: Int8Array.from({ length: count }, (_, n) => n % 3),
    venue: Array.from({ length: count }, (_, n) => `v${n % 4}`),
  };
  const bytes = ticks.encode(columns);
  const view = ticks.row(bytes);

  it("accepts typed arrays, with the same bytes as for arrays of the same numbers", () => {
    const arrays = Object.fromEntries(
      Object.entries(columns).map(([key, items]) => [key, Array.from(items as never)]),
    );
    expect(ticks.encode(arrays as never)).toEqual(bytes);
    expect(ticks.encode({ ...columns, size: Float64Array.from(columns.size) })).toEqual(bytes);
  });

  it("returns them as views of the buffer", () => {
    const price = view.price.asTypedArray(Float64Array);
    const size = view.size.asTypedArray(Int32Array);
    expect([price, size]).toEqual([columns.price, columns.size]);
    expect(view.timeMicros.asTypedArray(BigInt64Array)).toEqual(columns.timeMicros);
    expect(view.side.asTypedArray(Int8Array)).toEqual(columns.side);
    for (const array of [price, size]) expect(array.buffer).toBe(bytes.buffer);
    expect(view.venue.at(-1)).toBe("v3");
    expect(() => view.venue.asTypedArray(Uint8Array)).toThrow(
      "c/Ticks.venue[]: asTypedArray() needs a list of numbers",
    );
  });

  it("refuses a number in a typed array that does not fit, with its path", () => {
    const size = Float64Array.from([1, 2, 0.5]);
    expect(() => ticks.encode({ ...columns, size })).toThrow(
      "c/Ticks at size[2]: expected an integer from -2147483648 to 2147483647, got 0.5",
    );
    expect(() => ticks.encode({ ...columns, price: columns.timeMicros as never })).toThrow(
      "c/Ticks at price[0]",
    );
    expect(() => ticks.encode({ ...columns, price: new DataView(new ArrayBuffer(8)) as never })).toThrow(
      "at price",
    );
    const Whole = message("c/Whole", { n: t.list(t.int), flags: t.list(t.bool) });
    expect(() => rows(Whole).encode({ n: new BigInt64Array(1) as never, flags: [] })).toThrow(
      "c/Whole at n[0]",
    );
    expect(() => rows(Whole).encode({ n: [], flags: new Uint8Array([2]) as never })).toThrow(
      "c/Whole at flags[0]",
    );
  });
});
