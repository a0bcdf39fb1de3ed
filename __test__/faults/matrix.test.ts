/**
 * The fault matrix: every fault with every pattern of calls. The ledger judges each cell: no call without an end, nothing
 * lost, repeated or reordered. A cell is repeated with its seed: `ASTER_FAULT_SEED=7`. `npm run test:full` adds the long faults.
 */
import type { Code } from "aster-rpc";
import { ledger, localPair } from "aster-rpc/testing";
import { describe, expect, it } from "vitest";
import { probe } from "../boundary/support/probe.mjs";
import { type Fault, faults } from "./support/faults.js";
import { Lanes } from "./support/lanes.js";
import { type Pattern, patterns, type Size } from "./support/patterns.js";
import { sessionProbe } from "./support/session-probe.mjs";

const FULL = process.env.ASTER_TEST_FULL === "1";
const SEED = Number(process.env.ASTER_FAULT_SEED ?? 20_261_130);
const SIZE: Size = { items: 40, bytes: 300, timeoutMs: 10_000 };
/** Longer than every fault and every deadline together. */
const PATIENCE_MS = 180_000;

/** A seed of its own for each cell, the same in every run. */
function seedOf(fault: Fault, pattern: Pattern): number {
  let seed = SEED;
  for (const char of `${fault.name}/${pattern.name}`) seed = (Math.imul(seed, 31) + char.charCodeAt(0)) >>> 0;
  return seed;
}

async function cell(fault: Fault, pattern: Pattern): Promise<void> {
  const books = ledger();
  const seed = seedOf(fault, pattern);
  const pair = await localPair([probe(), sessionProbe()], { link: { seed, ...fault.link }, ledger: books });
  const lanes = new Lanes(pattern, pair.client, { ...SIZE, ...fault.size });
  const during = fault.during ?? (() => lanes.more(60));
  await during({ pair, lanes });
  await lanes.stop();
  await books.settled({ timeoutMs: 5000 });
  const what = `seed ${seed}`;
  const allowed = new Set<Code>(fault.may ?? []);
  expect(lanes.ok, what).toBeGreaterThan(0);
  expect(
    lanes.failures.filter(({ code }) => !allowed.has(code)),
    what,
  ).toEqual([]);
  expect(lanes.late, `${what}: calls that ended long after their deadline`).toEqual([]);
  expect(books.check().slice(0, 5), what).toEqual([]);
  expect(books.entries.filter(({ event }) => event === "ended").length, what).toBeGreaterThanOrEqual(
    2 * lanes.ok,
  );
  await pair.close();
}

describe("the fault matrix", () => {
  it("has at least 31 faults", () => {
    expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
    expect(faults.length).toBeGreaterThanOrEqual(31);
  });

  for (const fault of faults) {
    describe.skipIf(fault.long && !FULL)(fault.name, () => {
      it.concurrent.each(patterns)("$name", (pattern) => cell(fault, pattern), PATIENCE_MS);
    });
  }
});
