// The table of running calls: against a Map as the model, and what its garbage costs.
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, it } from "vitest";
import { CallTable } from "../../ts/src/port/call-table.js";

const number = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 32 - 1 }));

it("keeps what a Map keeps", () => {
  const step = fc.record({ number, remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2000 }), (steps) => {
      const [table, model] = [new CallTable<number>(), new Map<number, number>()];
      for (const [value, { number, remove }] of steps.entries()) {
        if (remove) expect(table.delete(number)).toBe(model.delete(number));
        else {
          table.set(number, value);
          model.set(number, value);
        }
        expect([table.size, table.has(number), table.get(number)]).toEqual([
          model.size,
          model.has(number),
          model.get(number),
        ]);
      }
      expect(table.values().sort((a, b) => a - b)).toEqual([...model.values()].sort((a, b) => a - b));
      for (const [number, value] of model) expect(table.get(number)).toBe(value);
    }),
  );
});

it("finds each of 100,000 calls, while others come and go, and shrinks again", () => {
  const table = new CallTable<number>();
  for (let call = 1; call <= 200_000; call += 2) table.set(call, call);
  for (let call = 200_001; call <= 400_000; call += 2) {
    table.set(call, call);
    expect(table.delete(call)).toBe(true);
  }
  let found = 0;
  for (let call = 1; call <= 200_000; call += 2)
    if (table.get(call) === call && table.delete(call)) found += 1;
  expect([found, table.size, table.values()]).toEqual([100_000, 0, []]);
});

it("leaves no garbage to the old generation", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const oldBytes = (): number =>
    getHeapSpaceStatistics().find((space) => space.space_name === "old_space")?.space_used_size ?? 0;
  const table = new CallTable<object>();
  let last = 0;
  const open = (): void => {
    last += 2;
    table.set(last, { last });
  };
  for (let i = 0; i < 64; i += 1) open();
  collect(); // the table is old now
  collect();
  const before = oldBytes();
  for (let i = 0; i < 400_000; i += 1) {
    open();
    table.delete(last - 128);
  }
  // 3.5 MiB with a Map.
  expect(oldBytes() - before).toBeLessThan(512 * 1024);
});
