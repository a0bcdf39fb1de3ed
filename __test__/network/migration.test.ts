/** Changes of the network under live calls: a stream, unary calls and a session, judged by the ledger. */
import { beforeAll, describe, expect, it } from "vitest";
import { labProblem, runAlone } from "./lab/run.mjs";

interface Moved {
  readonly name: string;
  readonly error?: string;
  readonly failed: readonly string[];
  readonly kind: string;
  readonly violations: readonly unknown[];
}

const SURVIVED = [
  "the client gets another address",
  "the server gets another address",
  "both get another address at once",
  "the relay is restarted while it is used",
  "the client is stopped for 5 s",
];
const BLOCKED = "UDP is blocked and passes again: direct, relay, direct";

const problem = labProblem();

describe.skipIf(problem !== null)("live calls", () => {
  const results = new Map<string, Moved>();
  beforeAll(() => {
    for (const moved of runAlone("migrate.mjs", [...SURVIVED, BLOCKED]) as Moved[])
      results.set(moved.name, moved);
  }, 180_000);

  it.each(SURVIVED)("go on when %s", (name) => {
    expect(results.get(name)).toMatchObject({ failed: [], violations: [] });
    expect(results.get(name)?.error).toBeUndefined();
  });

  it("end when UDP is blocked, nothing is lost or repeated, and later calls find a way", () => {
    const moved = results.get(BLOCKED);
    expect(moved).toMatchObject({ kind: "direct", violations: [] });
    expect(moved?.error).toBeUndefined();
  });
});
