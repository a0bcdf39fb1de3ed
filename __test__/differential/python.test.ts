/**
 * Random types and values between TypeScript and the codec of the Python reference, in both directions, byte for byte;
 * damaged messages, which must be the same value when both sides accept them; JSON texts; and the contracts of random
 * services. The seeds are the same each time. `--full` of the test script uses more seeds, and
 * `node scripts/fuzz.mjs --only python` uses other seeds.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareWorld, newTally, type Tally } from "./support/compare.ts";
import { compareContracts } from "./support/contracts.ts";
import { compareJson } from "./support/json.ts";
import { hasPython, type Reference, startReference } from "./support/python.ts";

const full = process.env.ASTER_TEST_FULL === "1";
const WORLDS = full ? 2200 : 100;
const SERVICES = 4;
const AMOUNT = { values: 25, damaged: 10 };

let reference: Reference;
beforeAll(() => {
  if (hasPython) reference = startReference();
});
afterAll(() => reference?.stop());

describe.skipIf(!hasPython)("the same values in TypeScript and in Python", () => {
  const tally: Tally = newTally();

  it(
    `agree on ${WORLDS * AMOUNT.values * 2} random values of ${WORLDS} random schemas, bytes and values`,
    async () => {
      for (let seed = 1; seed <= WORLDS; seed++) await compareWorld(reference, seed, AMOUNT, tally);
      expect(tally.values).toBe(WORLDS * AMOUNT.values * 2);
    },
    full ? 3_600_000 : 120_000,
  );

  it("agree on damaged messages that both accept, and Python accepts all that TypeScript accepts", () => {
    expect(tally.damaged).toBe(WORLDS * AMOUNT.damaged);
    expect(tally.bothTake).toBeGreaterThan(tally.damaged / 20);
    // In JavaScript, but not in Python, a list can be a key or an element of a set.
    const kinds = [...tally.weTake.keys()].filter((kind) => !kind.startsWith("TypeError: unhashable type"));
    expect(kinds).toEqual([]);
    // Python checks less, so it accepts messages that TypeScript refuses on purpose (docs/fuzzing.md#targets).
    expect(tally.pythonTakes.size).toBeGreaterThan(3);
  });
});

describe.skipIf(!hasPython)("the same values in JSON mode", () => {
  it(
    `are the same texts in TypeScript and in Python, and are read by both: ${WORLDS * AMOUNT.values} random ones`,
    async () => {
      let texts = 0;
      for (let seed = 1; seed <= WORLDS; seed++)
        texts += (await compareJson(reference, seed, AMOUNT.values)).texts;
      expect(texts).toBeGreaterThan((WORLDS * AMOUNT.values) / 2);
    },
    full ? 1_200_000 : 60_000,
  );
});

describe.skipIf(!hasPython)("the same services in TypeScript and in Python", () => {
  it(
    `have equal contract ids, canonical bytes and manifests: ${WORLDS * SERVICES} random ones`,
    async () => {
      let compared = 0;
      for (let seed = 1; seed <= WORLDS; seed++)
        compared += await compareContracts(reference, seed, SERVICES);
      expect(compared).toBe(WORLDS * SERVICES);
    },
    full ? 600_000 : 60_000,
  );
});
