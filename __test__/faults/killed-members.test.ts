/**
 * Members of a registry that are killed at random while a client calls their service by name, in every pattern. Each process
 * keeps its ledger in a file, and the ledgers together show that nothing was lost without an error, and nothing made twice.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type AsterClient, AsterNode, Code, type EndpointChange } from "aster-rpc";
import { type Ledger, ledger, readLedger } from "aster-rpc/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Child, child } from "../boundary/support/child.js";
import { Lanes } from "./support/lanes.js";
import { patterns } from "./support/patterns.js";

const FULL = process.env.ASTER_TEST_FULL === "1";
const MEMBERS = 3;
const KILLS = FULL ? 12 : 3;
const SEED = 20_261_201;
const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" } as const;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-killed-members-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Numbers from 0 to below `limit` that are the same in each run (mulberry32). */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

interface MemberProcess {
  readonly process: Child;
  readonly ticket: string;
  readonly endpointId: string;
}

class Members {
  readonly files: string[] = [];
  readonly live: MemberProcess[] = [];
  readonly killed: string[] = [];

  async start(): Promise<void> {
    const file = path.join(folder, `${this.files.length}.ledger`);
    this.files.push(file);
    const join = this.live.map(({ ticket }) => ticket).join(",");
    const started = child("../../faults/processes/member.mjs", [file, join]);
    const { ticket, endpointId } = await started.line("ready");
    this.live.push({ process: started, ticket: ticket as string, endpointId: endpointId as string });
  }

  /** Kills one, and starts another one that knows the rest. */
  async replace(index: number): Promise<void> {
    const [victim] = this.live.splice(index, 1);
    if (victim === undefined) throw new Error("no such member");
    await victim.process.kill();
    this.killed.push(victim.endpointId);
    await this.start();
  }
}

/** Follows a service until `done`, and gives the reason for each endpoint that is down. */
async function follow(
  node: AsterNode,
  done: (up: ReadonlySet<string>) => boolean,
): Promise<ReadonlyMap<string, EndpointChange["why"]>> {
  const up = new Set<string>();
  const why = new Map<string, EndpointChange["why"]>();
  for await (const change of node.registry.watch("Probe")) {
    if (change.up) up.add(change.endpointId);
    else {
      up.delete(change.endpointId);
      why.set(change.endpointId, change.why);
    }
    if (done(up)) return why;
  }
  throw new Error("the watch ended");
}

it("members that are killed at random lose no call in silence, and their successors are called", async () => {
  const members = new Members();
  const books: Ledger = ledger();
  for (let count = 0; count < MEMBERS; count += 1) await members.start();
  const join = members.live.map(({ ticket }) => ticket);
  const node = await AsterNode.start({ registry: { join: join.slice(0, 1) }, logger: silent, ...local });
  try {
    await follow(node, (up) => up.size === MEMBERS);
    const client = await node.connect({ service: "Probe" }, { interceptors: [books.client] });
    const size = { items: 20, bytes: 300, timeoutMs: 1500 };
    // A client of a service has the functions of a client that the lanes use.
    const lanes = patterns.map((pattern) => new Lanes(pattern, client as unknown as AsterClient, size));
    const next = numbers(SEED);
    for (let kill = 0; kill < KILLS; kill += 1) {
      await Promise.all(lanes.map((lane) => lane.more()));
      await members.replace(next(members.live.length));
      const successor = members.live.at(-1)?.endpointId ?? "";
      await follow(node, (up) => up.has(successor));
    }
    await Promise.all(lanes.map((lane) => lane.more()));
    await Promise.all(lanes.map((lane) => lane.stop()));
    await books.settled();
    const lost = [Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED];
    expect(
      lanes.flatMap(({ failures }) => failures).filter(({ code }) => !lost.includes(code as never)),
    ).toEqual([]);
    expect(
      lanes.flatMap(({ late }) => late),
      "calls that ended long after their deadline",
    ).toEqual([]);
    for (const lane of lanes) expect(lane.ok).toBeGreaterThan(KILLS);
    await client.close();
    // The handlers of a killed process did not end.
    const entries = members.files.flatMap(readLedger);
    const broken = books
      .check(entries)
      .filter(({ rule, what }) => !(rule === "NEVER_ENDED" && what.includes("handler")));
    expect(broken.slice(0, 5)).toEqual([]);
    if (FULL) await expectOnlyLive(node, members);
  } finally {
    await node.close();
    await Promise.all(members.live.map(({ process }) => process.kill()));
  }
}, 300_000);

/** After its lease a killed member is in no answer, and the living ones are. */
async function expectOnlyLive(node: AsterNode, members: Members): Promise<void> {
  const why = await follow(node, (up) => members.killed.every((id) => !up.has(id)) && up.size === MEMBERS);
  expect(new Set([...why.values()])).toEqual(new Set(["expired"]));
  const found = await node.registry.resolve("Probe");
  expect(found.map(({ endpointId }) => endpointId).sort()).toEqual(
    members.live.map(({ endpointId }) => endpointId).sort(),
  );
}
