/**
 * A million calls, twenty thousand connects and a hundred thousand sessions in one process leave nothing behind. Only with `npm run test:full`; `ASTER_SOAK`
 * divides the numbers, for a shorter run.
 */
import { describe, expect, it } from "vitest";
import { child, type Line } from "../boundary/support/child.js";

const FULL = process.env.ASTER_TEST_FULL === "1";
const PART = Number(process.env.ASTER_SOAK ?? 1);

interface Sample extends Line {
  readonly part: "calls" | "connects" | "sessions";
  readonly heapMiB: number;
  readonly rssMiB: number;
  readonly descriptors: number;
  readonly handles: number;
  readonly listeners: number;
  readonly openCalls: number;
  readonly violations: number;
}

describe.skipIf(!FULL)("a soak", () => {
  it("of calls of every kind, connects and sessions keeps heap, memory, descriptors, handles and listeners flat", async () => {
    const args = [String(1_000_000 / PART), String(20_000 / PART), String(100_000 / PART)];
    const soak = child("../../faults/processes/soak.mjs", args, ["--expose-gc"]);
    try {
      await soak.line("over");
    } finally {
      await soak.kill();
    }
    const samples = soak.lines.filter(({ event }) => event === "sample") as Sample[];
    console.log(samples.map((sample) => JSON.stringify(sample)).join("\n"));
    expect(samples.length).toBe(15);
    for (const { violations, listeners, openCalls } of samples)
      expect({ violations, listeners, openCalls }).toEqual({ violations: 0, listeners: 0, openCalls: 0 });
    for (const part of ["calls", "connects", "sessions"] as const) {
      // The first fifth of each part warms up. The samples after it are compared.
      const [, first, ...later] = samples.filter((sample) => sample.part === part);
      const last = later.at(-1);
      if (first === undefined || last === undefined) throw new Error("there are no samples");
      expect(last.heapMiB - first.heapMiB, `${part}: heap`).toBeLessThan(8);
      expect(last.rssMiB - first.rssMiB, `${part}: memory`).toBeLessThan(64);
      expect(last.descriptors, `${part}: descriptors`).toBeLessThanOrEqual(first.descriptors);
      expect(last.handles, `${part}: handles`).toBeLessThanOrEqual(first.handles);
    }
  }, 3_000_000);
});
