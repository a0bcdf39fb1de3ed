/** Processes that end while nodes and calls are open: they end in time with the right exit code, and their peers are told. */
import { AsterClient, AsterServer, Code } from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { type Child, child } from "./support/child.js";
import { fresh, local, Probe, probe, tally } from "./support/probe.mjs";
import { failureOf, took } from "./support/until.js";

const children: Child[] = [];
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of children.splice(0)) await one.kill();
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function start(script: string, args: readonly string[] = []): Child {
  const one = child(script, args);
  children.push(one);
  return one;
}

async function serve() {
  const seen = tally();
  const server = await AsterServer.start({ ...fresh, services: [probe(seen)], access: "open" });
  open.push(server);
  return { server, seen };
}

async function connected(server: Child) {
  const { ticket } = await server.line("ready");
  const client = await AsterClient.connect(ticket as string, local);
  open.push(client);
  return client;
}

describe("a client process", () => {
  it("ends on its own within 2 s when it is idle, although nothing was closed", async () => {
    const { server } = await serve();
    const client = start("client.mjs", [server.ticket, "idle"]);
    await client.line("ready");
    const ms = await took(() => client.ended);
    expect(await client.ended).toEqual({ code: 0, signal: null, stderr: "" });
    expect(ms).toBeLessThan(2000);
  });

  it("lives until its last call has ended, and no longer", async () => {
    const { server } = await serve();
    const client = start("client.mjs", [server.ticket, "fall"]);
    await client.line("ready");
    const ms = await took(() => client.ended);
    expect(await client.ended).toEqual({ code: 0, signal: null, stderr: "" });
    expect(ms).toBeLessThan(300 + 2000);
  });

  it.each([
    ["exit", 7],
    ["throw", 1],
  ])("ends at once by %s with calls of every kind in flight, with code %i", async (way, code) => {
    const { server, seen } = await serve();
    const client = start("client.mjs", [server.ticket, way]);
    await client.line("ready");
    const ms = await took(() => client.ended);
    expect(await client.ended).toMatchObject({ code, signal: null });
    expect(ms).toBeLessThan(2000);
    expect(seen.started).toBeGreaterThanOrEqual(8 + 3);
  });

  it("is kept alive by calls without a deadline, and ends by a signal", async () => {
    const { server } = await serve();
    const client = start("client.mjs", [server.ticket, "wait"]);
    await client.line("ready");
    expect(client.process.exitCode).toBeNull();
    client.process.kill("SIGTERM");
    expect(await client.ended).toMatchObject({ code: null, signal: "SIGTERM" });
  });

  it("ends 20 times in a row during calls without a crash", { timeout: 60_000 }, async () => {
    const { server } = await serve();
    const codes: (number | null)[] = [];
    for (let round = 0; round < 5; round++) {
      const four = ["exit", "throw", "exit", "throw"].map((way) => start("client.mjs", [server.ticket, way]));
      for (const one of four) codes.push((await one.ended).code);
    }
    expect(codes).toEqual(Array.from({ length: 5 }, () => [7, 1, 7, 1]).flat());
  });
});

describe("a server process", () => {
  it("lives while it serves, and ends on its own after it was closed", async () => {
    const server = start("server.mjs");
    const client = await connected(server);
    expect(await client.stub(Probe).echo({ id: 1 })).toMatchObject({ id: 1 });
    expect(server.process.exitCode).toBeNull();
    server.say("fall");
    expect(await server.ended).toEqual({ code: 0, signal: null, stderr: "" });
  });

  it.each([
    ["exit", 3],
    ["throw", 1],
    ["fall", 0],
  ])("that ends by %s with calls in flight: code %i, and its callers get UNAVAILABLE", async (way, code) => {
    const server = start("server.mjs");
    const stub = (await connected(server)).stub(Probe);
    const stream = stub.count({ id: -1, data: new Uint8Array(1000) });
    await stream.next();
    const calls = [failureOf(stub.hang({ id: 1 }, { timeoutMs: 8000 })), failureOf(drawn(stream))];
    await server.line("started hang");
    server.say(way);
    expect(await server.ended).toMatchObject({ code, signal: null });
    for (const error of await Promise.all(calls)) {
      // A process that exits sends nothing to its peers, so the deadline of the call ends the call.
      expect([Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED]).toContain((error as { code: number }).code);
    }
  });
});

async function drawn(stream: AsyncIterable<{ id: number }>): Promise<void> {
  for await (const { id } of stream) expect(id).toBeGreaterThan(0);
}
