/**
 * The memory of a server whose peers ask for much and read nothing: it stays within the sums of docs/limits.md, other peers
 * are answered meanwhile, and the memory is returned after it.
 */
import { AsterClient } from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { Child } from "../boundary/support/child.js";
import { Hoard, local } from "./support/hoard.mjs";

const FULL = process.env.ASTER_TEST_FULL === "1";
/** What one connection can cost (docs/limits.md), and garbage of JavaScript that was not collected yet. */
const MOST_MIB = 256;
/** What may remain after an attack. */
const REST_MIB = 32;
const MIB = 1 << 20;

const processes = new URL("./processes/", import.meta.url);
const children: Child[] = [];
const clients: AsterClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const child of children.splice(0)) await child.kill();
});

function start(script: string, args: readonly string[], flags: readonly string[] = []): Child {
  const child = new Child(script, args, flags, processes);
  children.push(child);
  return child;
}

async function memory(victim: Child): Promise<number> {
  victim.lines.length = 0;
  victim.say("memory");
  return (await victim.line("memory")).mib as number;
}

describe("a peer that reads nothing", () => {
  const calls = FULL ? 1000 : 200;
  const usual = [
    ["responses", "blob", calls, 8 * MIB],
    ["large items of streams", "blobs", calls, 8 * MIB],
  ] as const;
  // Each case waits for the idle timeout of the transport, so some run only in the full test.
  const more = [
    ["small items of streams", "blobs", calls, 1000],
    ["requests that are held", "hold", 30, 8 * MIB],
  ] as const;
  it.each<readonly [string, string, number, number]>(FULL ? [...usual, ...more] : usual)(
    "and asks for %s costs its budget and no more, and nothing remains",
    async (_, method, count, bytes) => {
      const victim = start("victim.mjs", [], ["--expose-gc"]);
      const ticket = (await victim.line("ready")).ticket as string;
      const client = await AsterClient.connect(ticket, local);
      clients.push(client);
      const stub = client.stub(Hoard);
      // The first calls load code and make the buffers of the port.
      for (let warm = 0; warm < 20; warm++) await stub.blob({ bytes: 100_000 });
      const before = await memory(victim);
      const greedy = start("greedy.mjs", [ticket, method, String(count), String(bytes)]);
      await greedy.line("asked");
      let most = 0;
      for (let round = 0; round < 40; round++) {
        expect((await stub.blob({ bytes: 1000 })).data).toHaveLength(1000);
        most = Math.max(most, (await memory(victim)) - before);
      }
      expect(most).toBeLessThan(MOST_MIB);
      await greedy.kill();
      // A killed process closes no connection. The server learns of it by the idle timeout of the transport.
      await expect
        .poll(async () => (await memory(victim)) - before, { timeout: 60_000, interval: 250 })
        .toBeLessThan(REST_MIB);
      expect((await stub.blob({ bytes: 1000 })).data).toHaveLength(1000);
    },
    120_000,
  );
});
