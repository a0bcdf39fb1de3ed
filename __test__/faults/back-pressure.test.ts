/** Back-pressure through a link: slow readers stop only their own writers, and nothing is lost when they go on. */
import { randomBytes } from "node:crypto";
import { AsterClient } from "aster-rpc";
import { ledger, localPair } from "aster-rpc/testing";
import { describe, expect, it } from "vitest";
import { type Child, child } from "../boundary/support/child.js";
import { local, Probe, probe, tally } from "../boundary/support/probe.mjs";

const FULL = process.env.ASTER_TEST_FULL === "1";
const MIB = 1024 * 1024;
const data = randomBytes(16_384);
// The most that a writer may have in flight: the stream's budget on both sides, and the buffers of the transport.
const UNDER_WAY = 2 * MIB + 8 * MIB;
/** How long the reader stands still. */
const STILL_MS = FULL ? 60_000 : 3000;

const time = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a reader that stands still", () => {
  it("does not stop other streams and calls on the same connection", async () => {
    const books = ledger();
    const pair = await localPair([probe()], { ledger: books, link: { seed: 1, delayMs: 2 } });
    const stub = pair.stub(Probe);
    const still = Array.from({ length: 8 }, () => stub.count({ id: 1000, data }));
    for (const stream of still) await stream.next();
    // Eight streams wait with full budgets. The others on the connection go on.
    for (let id = 0; id < 300; id++) expect(await stub.echo({ id })).toMatchObject({ id });
    let items = 0;
    for await (const { id } of stub.count({ id: 500, data })) expect(id).toBe(items++);
    expect(items).toBe(500);
    const sum = await stub.sum(
      (function* () {
        for (let id = 0; id < 200; id++) yield { id, data };
      })(),
    );
    expect(sum.id).toBe(19_900);
    // Then the eight go on, and nothing is missing.
    for (const stream of still) {
      let next = 1;
      for await (const { id } of stream) expect(id).toBe(next++);
      expect(next).toBe(1000);
    }
    await books.settled();
    expect(books.check()).toEqual([]);
    await pair.close();
  }, 60_000);

  it("costs a writer that offers gigabytes its budget and no more, and loses nothing when it goes on", async () => {
    const seen = tally();
    const books = ledger();
    const pair = await localPair([probe(seen)], { ledger: books });
    // 200,000 items of 16 KiB: 3 GiB.
    const stream = pair.stub(Probe).count({ id: 200_000, data });
    await stream.next();
    await time(STILL_MS);
    const offered = seen.pulled;
    expect(offered * data.length).toBeLessThan(UNDER_WAY);
    await time(STILL_MS / 3);
    expect(seen.pulled).toBe(offered);
    for (let id = 1; id < 5000; id++) expect((await stream.next()).value?.id).toBe(id);
    await stream.return();
    await books.settled();
    expect(books.check()).toEqual([]);
    await pair.close();
  }, 120_000);

  it("stops an upload to a handler in another process, whose memory does not grow", async () => {
    const server: Child = child("server.mjs", ["--quiet"]);
    const { ticket } = await server.line("ready");
    const client = await AsterClient.connect(ticket as string, local);
    const stub = client.stub(Probe);
    await stub.echo({ id: 1, data });
    const before = process.memoryUsage.rss();
    server.process.kill("SIGSTOP");
    let offered = 0;
    let stop = false;
    const upload = stub.sum(
      (function* () {
        // The library takes items only while the budget lasts.
        for (let id = 0; !stop; id++) {
          offered = id + 1;
          yield { id: 1, data };
        }
      })(),
      { timeoutMs: null },
    );
    // Shorter than the time after which a silent peer counts as dead.
    await time(2000);
    const taken = offered;
    expect(taken * data.length).toBeLessThan(UNDER_WAY);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MIB);
    server.process.kill("SIGCONT");
    while (offered < taken + 2000) await time(5);
    stop = true;
    // Every item that was offered was added up by the handler.
    expect((await upload).id).toBe(offered);
    await client.close();
    await server.kill();
  }, 60_000);
});
