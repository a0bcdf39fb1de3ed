/** Slow readers stop writers in both directions, and cancelled streams leave no state behind. */
import { AsterClient, AsterServer } from "aster-rpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Child, child } from "../boundary/support/child.js";
import { fresh, local, Probe, probe, tally } from "../boundary/support/probe.mjs";
import { failureOf, until } from "../boundary/support/until.js";

const MIB = 1024 * 1024;
// The most that a writer may have in flight: the stream's budget on both sides, and the buffers of the transport.
const UNDER_WAY = 1 * MIB + 1 * MIB + 8 * MIB;

describe("a reader that stops", () => {
  const children: Child[] = [];
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of children.splice(0)) await one.kill();
    for (const thing of open.splice(0).reverse()) await thing.close();
  });

  async function rss(server: Child): Promise<{ mib: number; pulled: number }> {
    server.lines.length = 0;
    server.say("rss");
    return (await server.line("rss")) as unknown as { mib: number; pulled: number };
  }

  /** The state of a writer that makes no more progress. */
  async function settled<T>(state: () => T | Promise<T>): Promise<T> {
    let last = await state();
    await until(
      async () => {
        const before = JSON.stringify(last);
        await new Promise((resolve) => setTimeout(resolve, 150));
        last = await state();
        return JSON.stringify(last) === before;
      },
      10_000,
      "the writer stops",
    );
    return last;
  }

  // Random bytes, because compression would hide how much is in flight.
  const data = Uint8Array.from({ length: 16_384 }, () => Math.floor(Math.random() * 256));

  it("stops the generator of a handler in another process, whose memory does not grow", async () => {
    const server = child("server.mjs", ["--quiet"]);
    children.push(server);
    const { ticket } = await server.line("ready");
    const client = await AsterClient.connect(ticket as string, local);
    open.push(client);
    const stub = client.stub(Probe);
    await stub.echo({ id: 1, data });
    const before = await rss(server);
    const stream = stub.count({ id: 200_000, data });
    await stream.next();
    const pulled = await settled(async () => (await rss(server)).pulled);
    expect(pulled * data.length).toBeLessThan(UNDER_WAY);
    expect((await rss(server)).mib - before.mib).toBeLessThan(1 + 8 + 32);
    // The reader continues: everything arrives, in order.
    for (let id = 1; id < 4000; id++) expect((await stream.next()).value?.id).toBe(id);
    await stream.return();
  });

  it("stops the iterable of an upload and the sends of a bidi call", async () => {
    const server = child("server.mjs", ["--quiet"]);
    children.push(server);
    const { ticket } = await server.line("ready");
    const client = await AsterClient.connect(ticket as string, local);
    open.push(client);
    const stub = client.stub(Probe);
    await stub.echo({ id: 1, data });
    server.process.kill("SIGSTOP");
    let fed = 0;
    const upload = failureOf(
      stub.sum(
        (function* () {
          for (;;) {
            fed += 1;
            yield { id: 1, data };
          }
        })(),
        { timeoutMs: 4000 },
      ),
    );
    const chat = stub.talk({ timeoutMs: 4000 });
    let said = 0;
    const chatting = failureOf(
      (async () => {
        for (;;) {
          await chat.send({ id: 1, data });
          said += 1;
        }
      })(),
    );
    await settled(() => [fed, said]);
    expect(fed * data.length).toBeLessThan(UNDER_WAY);
    expect(said * data.length).toBeLessThan(UNDER_WAY);
    await Promise.all([upload, chatting]);
  });
});

describe("a thousand cancelled streams", () => {
  let server: AsterServer;
  let client: AsterClient;
  const seen = tally();
  beforeAll(async () => {
    server = await AsterServer.start({ ...fresh, services: [probe(seen)], access: "open" });
    client = await AsterClient.connect(server.ticket, local);
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  const leaving: Record<string, (signal: AbortSignal) => Promise<void>> = {
    break: async () => {
      for await (const { id } of client.stub(Probe).count({ id: -1 })) if (id === 1) break;
    },
    "return()": async () => {
      const stream = client.stub(Probe).count({ id: -1 });
      await stream.next();
      await stream.return();
    },
    "an aborted signal": async () => {
      const controller = new AbortController();
      const stream = client.stub(Probe).count({ id: -1 }, { signal: controller.signal });
      await stream.next();
      controller.abort();
      await failureOf(drained(stream));
    },
    "a bidi call that is left": async () => {
      const chat = client.stub(Probe).talk();
      await chat.send({ id: 1 });
      await chat.next();
      await chat.return();
    },
  };

  async function batch(leave: (signal: AbortSignal) => Promise<void>, count: number): Promise<void> {
    const { signal } = new AbortController();
    for (let round = 0; round < count / 25; round++) {
      await Promise.all(Array.from({ length: 25 }, () => leave(signal)));
    }
    await until(async () => (await server.node.info()).openCalls === 0, 5000, "no call is open");
  }

  // Only how many there are, because timers and immediates of the test runner change.
  const handles = () => process.getActiveResourcesInfo().length;

  it.each(Object.keys(leaving))("by %s leave no handle, no open call and no memory", async (way) => {
    const leave = leaving[way]!;
    await batch(leave, 250);
    globalThis.gc?.();
    const before = { handles: handles(), heap: process.memoryUsage().heapUsed };
    await batch(leave, 250);
    for (let turn = 0; turn < 500 && handles() > before.handles; turn++) await new Promise(setImmediate);
    expect(handles(), process.getActiveResourcesInfo().join()).toBeLessThanOrEqual(before.handles);
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before.heap).toBeLessThan(48 * MIB);
    expect(seen.started).toBe(seen.returned + seen.finished);
  });

  async function drained(stream: AsyncIterable<unknown>): Promise<void> {
    for await (const item of stream) expect(item).toBeDefined();
  }
});
