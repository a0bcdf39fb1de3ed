/** Streams that never wait, floods of small calls, and very many pending calls: other calls get their turns. */
import { AsterClient, AsterServer, Code, implement } from "aster-rpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Child } from "../boundary/support/child.js";
import { Hoard, local } from "./support/hoard.mjs";

const PENDING = process.env.ASTER_TEST_FULL === "1" ? 100_000 : 20_000;
const processes = new URL("./processes/", import.meta.url);

let server: AsterServer;
let client: AsterClient;
let other: AsterClient;
let made: number;
const children: Child[] = [];

beforeEach(async () => {
  made = 0;
  server = await AsterServer.start({
    ...local,
    identity: "ephemeral",
    access: "open",
    services: [
      implement(Hoard, {
        blob: ({ bytes }) => ({ data: new Uint8Array(bytes) }),
        *blobs({ bytes }) {
          const data = new Uint8Array(bytes);
          for (;;) {
            made += 1;
            yield { data };
          }
        },
        hold: async (_, { signal }) => {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          return { bytes: 0 };
        },
      }),
    ],
  });
  client = await AsterClient.connect(server.ticket, local);
  other = await AsterClient.connect(server.ticket, local);
});
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill();
  await client.close();
  await other.close();
  await server.close();
});

describe("a generator that never waits", () => {
  it("does not keep other calls and timers of the server from their turns, however fast it is read", async () => {
    const streams = Array.from({ length: 4 }, () => client.stub(Hoard).blobs({ bytes: 10 }));
    let read = 0;
    const reading = streams.map(async (stream) => {
      for await (const _ of stream) read += 1;
    });
    for (let round = 0; round < 20; round++) {
      const before = read;
      await Promise.all([
        other.stub(Hoard).blob({ bytes: 1 }),
        new Promise((resolve) => setTimeout(resolve, 1)),
      ]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(made).toBeGreaterThanOrEqual(read);
      expect(read).toBeGreaterThanOrEqual(before);
    }
    for (const stream of streams) await stream.return();
    await Promise.all(reading);
    expect(read).toBeGreaterThan(0);
  });
});

describe("a peer that floods with small calls", () => {
  it("does not keep the calls of other peers from being answered", async () => {
    const flood = new Child("flood.mjs", [server.ticket], [], processes);
    children.push(flood);
    await flood.line("flooding");
    for (let round = 0; round < 50; round++) {
      expect((await other.stub(Hoard).blob({ bytes: round })).data).toHaveLength(round);
    }
    expect((await flood.line("answered")).count).toBeGreaterThan(0);
  });
});

describe("very many pending calls of one client", () => {
  it("all end when they are cancelled, and the calls of another client are answered meanwhile", async () => {
    const controller = new AbortController();
    const stub = client.stub(Hoard);
    const request = { data: new Uint8Array() };
    const options = { signal: controller.signal, timeoutMs: null };
    const codes = new Map<unknown, number>();
    const calls = Array.from({ length: PENDING }, () =>
      stub.hold(request, options).then(
        () => {
          throw new Error("the handler never answers");
        },
        (error: { readonly code: unknown }) => {
          codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
        },
      ),
    );
    expect((await other.stub(Hoard).blob({ bytes: 5 })).data).toHaveLength(5);
    controller.abort();
    await Promise.all(calls);
    expect([...codes]).toEqual([[Code.CANCELLED, PENDING]]);
    expect((await stub.blob({ bytes: 6 })).data).toHaveLength(6);
    await expect.poll(async () => (await server.node.info()).openCalls).toBe(0);
  }, 120_000);
});
