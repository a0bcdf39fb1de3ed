/**
 * Bytes that are not valid rows, or that change after they were checked: an error or other values, but never a crash, an
 * endless loop, or bytes from outside of the buffer.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AsterError } from "../../ts/src/errors.js";
import { rows } from "../../ts/src/rows/rows.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { type Loose, samples, touch } from "./rows-arbitraries.js";

const Inner = message("h/Inner", { a: t.string, b: t.optional(t.int32), deep: t.list(t.list(t.int16)) });
const All = message("h/All", {
  text: t.string,
  whole: t.int,
  flag: t.bool,
  blob: t.bytes.view,
  floats: t.list(t.float),
  flags: t.list(t.optional(t.bool)),
  texts: t.list(t.optional(t.string)),
  ids: t.set(t.int16),
  map: t.map(t.string, t.list(t.int32)),
  inner: t.optional(Inner),
  inners: t.list(Inner),
});
const all = rows(All);
const inner = (n: number) => ({ a: "a".repeat(n), b: n, deep: [[n], [], [n, n]] });
const value = (n: number) => ({
  text: `é${n}`,
  whole: n,
  flag: true,
  blob: new Uint8Array(n % 9),
  floats: [n, 0.5],
  flags: [true, null, ...Array<boolean>(n % 70).fill(false)],
  texts: ["a", null, "日本"],
  ids: new Set([n, -1]),
  map: new Map([
    ["k", [n]],
    ["__proto__", []],
  ]),
  inner: n % 2 === 0 ? inner(n) : null,
  inners: [inner(n), inner(1)],
});
const table = all.encodeTable([value(1), value(2), value(68)]);
const row = all.encode(value(4));

/** Reads everything in every way. Returns the error that stopped it. */
function readings(open: () => Loose): unknown[] {
  let view: Loose;
  try {
    view = open();
  } catch (error) {
    return [error];
  }
  const caught: unknown[] = [];
  const attempt = (run: () => unknown): void => {
    try {
      run();
    } catch (error) {
      caught.push(error);
    }
  };
  const each = (one: Loose): void => {
    attempt(() => touch(one));
    attempt(() => one.toObject());
    attempt(() => one.floats.toTypedArray());
    attempt(() => one.floats.asTypedArray(Float64Array));
    attempt(() => [one.map.get("k"), one.map.toMap(), one.ids.has(7), one.ids.toSet()]);
  };
  if (view.column === undefined) each(view);
  else {
    attempt(() => touch(view));
    attempt(() => view.toArray());
    for (let index = 0; index < Math.min(view.length, 5); index++) attempt(() => each(view.row(index)));
    for (const key of Object.keys(value(1))) attempt(() => touch(view.column(key)));
    attempt(() => view.column("whole").toTypedArray());
  }
  return caught;
}

const refusal = (error: unknown): boolean =>
  error instanceof AsterError && error.codeName === "INVALID_ARGUMENT" && error.isLocal;
/** Errors that reading changed bytes may also throw. */
const guarded = (error: unknown): boolean =>
  refusal(error) ||
  error instanceof RangeError ||
  (error instanceof AsterError && error.reason === "LIMIT_EXCEEDED");

const wrongWay = (errors: unknown[], fine: (error: unknown) => boolean): unknown[] =>
  errors.filter((error) => !fine(error));

/** Positions of 4 bytes that get a value with a meaning for the reader. */
const words = fc.constantFrom(0, 1, 7, 8, 9, 24, 63, 64, 65, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff);
const damage = fc.array(
  fc.oneof(
    fc.record({ at: fc.nat(), word: words }),
    fc.record({ at: fc.nat(), bit: fc.nat(7) }),
    fc.record({ at: fc.nat(), from: fc.nat() }),
  ),
  { minLength: 1, maxLength: 5 },
);

function damaged(bytes: Uint8Array, steps: readonly Loose[]): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const last = Math.max(0, copy.length / 8 - 1);
  for (const { at, word, bit, from } of steps) {
    const place = 8 * (at % (last + 1));
    if (word !== undefined) view.setUint32(place + (at & 4), word, true);
    else if (bit !== undefined) copy[at % copy.length] = (copy[at % copy.length] as number) ^ (1 << bit);
    else copy.copyWithin(place, 8 * (from % (last + 1)), 8 * (from % (last + 1)) + 8); // values that overlap
  }
  return copy;
}

describe("bytes that are not valid rows", () => {
  it.each([
    ["row", () => row, (bytes: Uint8Array) => all.row(bytes)],
    ["table", () => table, (bytes: Uint8Array) => all.table(bytes)],
  ] as const)("a %s cut anywhere is refused, or reads without a step outside", (_what, whole, open) => {
    for (let length = 0; length < whole().length; length++) {
      const errors = readings(() => open(whole().subarray(0, length)));
      expect(wrongWay(errors, refusal)).toEqual([]);
      // Only padding at the end may be missing.
      if (length < whole().length - 8) expect(errors).not.toEqual([]);
    }
  });

  it("damaged bytes are refused, or give other values", () => {
    fc.assert(
      fc.property(damage, fc.boolean(), (steps, asTable) => {
        const bytes = damaged(asTable ? table : row, steps);
        const errors = readings(() => (asTable ? all.table(bytes) : all.row(bytes)));
        expect(wrongWay(errors, refusal)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  it("random bytes for random schemas are refused, or read without access outside", () => {
    fc.assert(
      fc.property(samples, fc.array(words, { maxLength: 60 }), ({ schema }, numbers) => {
        const bytes = new Uint8Array(Uint32Array.from(numbers).buffer);
        for (const open of [() => rows(schema).row(bytes), () => rows(schema).table(bytes)]) {
          const errors: unknown[] = [];
          try {
            touch(open());
          } catch (error) {
            errors.push(error);
          }
          expect(wrongWay(errors, refusal)).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["2^53 rows", 0xffffffff, 0x1fffff],
    ["2^32 - 1 rows", 0xffffffff, 0],
    ["one row more than there are", 4, 0],
  ])("a table that claims %s is refused", (_what, low, high) => {
    const bytes = table.slice();
    new DataView(bytes.buffer).setUint32(0, low, true);
    new DataView(bytes.buffer).setUint32(4, high, true);
    expect(() => all.table(bytes)).toThrow(AsterError);
  });

  it("a table with a null row is refused, and so are values that are not bytes", () => {
    const bytes = table.slice();
    bytes[8] = 2;
    expect(() => all.table(bytes)).toThrow("h/All: a table with a null row");
    for (const wrong of [null, "bytes", [1], new ArrayBuffer(8), new DataView(new ArrayBuffer(8))]) {
      expect(() => all.row(wrong as Loose)).toThrow(TypeError);
    }
  });
});

describe("unusual memory", () => {
  const expected = all.table(table).toArray();

  it.each([1, 2, 3, 4, 5, 6, 7])(
    "a Buffer at an address of %i beyond a multiple of 8 gives the same values",
    (offset) => {
      const slab = Buffer.alloc(table.length + 8, 0xaa);
      slab.set(table, offset);
      const view = all.table(slab.subarray(offset, offset + table.length));
      expect(view.toArray()).toEqual(expected);
      const floats = view.row(2).floats.asTypedArray(Float64Array);
      expect([...floats]).toEqual([68, 0.5]);
      expect(floats.buffer === slab.buffer).toBe(false); // a view is not possible at this address
    },
  );

  it("an aligned list of numbers is a view: changes of the buffer are visible", () => {
    const bytes = row.slice();
    const floats = all.row(bytes).floats.asTypedArray(Float64Array);
    expect(floats.buffer).toBe(bytes.buffer);
    const copy = all.row(bytes).floats.toTypedArray();
    new DataView(bytes.buffer).setFloat64(floats.byteOffset, 99, true);
    expect([floats[0], copy[0], all.row(bytes).floats.at(0)]).toEqual([99, 4, 99]);
    expect(() => all.row(bytes).floats.asTypedArray(Float32Array)).toThrow(
      /h\/All.floats\[\]: the list is stored as Float64Array/,
    );
  });

  it("shared memory is copied once: later changes of another thread are not visible", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(table.length));
    shared.set(table);
    const view = all.table(shared);
    shared.fill(0xff);
    expect(view.toArray()).toEqual(expected);
  });

  it("a resizable buffer is copied once: it may shrink later", () => {
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: object,
    ) => ArrayBuffer & {
      resize(length: number): void;
    };
    const buffer = new Resizable(table.length, { maxByteLength: table.length * 2 });
    const bytes = new Uint8Array(buffer);
    bytes.set(table);
    const view = all.table(bytes);
    buffer.resize(8);
    expect(view.toArray()).toEqual(expected);
  });

  it("a detached buffer throws", () => {
    const bytes = row.slice();
    const view = all.row(bytes);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => view.whole).toThrow(TypeError);
    expect(() => touch(view)).toThrow();
    expect(() => all.row(bytes)).toThrow(TypeError);
  });

  it("bytes that change after the check give other values or an error, in limited time", () => {
    fc.assert(
      fc.property(damage, fc.boolean(), (steps, asTable) => {
        const bytes = (asTable ? table : row).slice();
        const view: Loose = asTable ? all.table(bytes) : all.row(bytes);
        bytes.set(damaged(bytes, steps));
        expect(
          wrongWay(
            readings(() => view),
            guarded,
          ),
        ).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});
