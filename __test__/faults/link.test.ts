/** Links between real nodes: their control functions, and that no node finds a way around them. */
import { AsterClient, AsterServer, Code, Ticket } from "aster-rpc";
import { type Link, link, localPair } from "aster-rpc/testing";
import { afterEach, describe, expect, it } from "vitest";
import { fresh, Probe, probe } from "../boundary/support/probe.mjs";
import { failureOf, until } from "../boundary/support/until.js";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function kept<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}

async function started(): Promise<AsterServer> {
  return kept(await AsterServer.start({ ...fresh, services: [probe()], access: "open" }));
}

/** Calls through the link until the nodes would have found another path. Returns the calls. */
async function callsThrough(between: Link, client: AsterClient): Promise<number> {
  const stub = client.stub(Probe);
  for (let id = 0; id < 300; id++) await stub.echo({ id });
  return between.stats().toServer.passed;
}

describe("a link", () => {
  it("carries all packets of a client, in the other IP family than the server", async () => {
    const server = await started();
    const between = kept(await link({ to: server, seed: 1 }));
    expect(Ticket.parse(between.ticket)).toMatchObject({
      endpointId: server.endpointId,
      directAddresses: [between.address],
    });
    const client = kept(await between.connect());
    expect(between.address).toMatch(/^\[::1\]:\d+$/);
    expect(await callsThrough(between, client)).toBeGreaterThan(300);
    expect((await client.info()).remoteAddress).toBe(between.address);
  });

  it("leads to a server on IPv6 from IPv4", async () => {
    const server = kept(
      await AsterServer.start({ ...fresh, bind: "[::1]:0", services: [probe()], access: "open" }),
    );
    const between = kept(await link({ to: server.ticket }));
    const client = kept(await between.connect());
    expect(between.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await callsThrough(between, client)).toBeGreaterThan(300);
  });

  it("holds calls while it is a blackhole, in one direction or in both", async () => {
    const pair = kept(await localPair([probe()], { link: { seed: 2 } }));
    const { link: between } = pair;
    const stub = pair.stub(Probe);
    for (const only of [undefined, "toServer", "toClient"] as const) {
      await stub.echo({ id: 1 });
      between?.blackhole(only);
      expect(await failureOf(stub.echo({ id: 2 }, { timeoutMs: 300 }))).toMatchObject({
        code: Code.DEADLINE_EXCEEDED,
      });
      between?.clear();
    }
    expect(await stub.echo({ id: 3 })).toMatchObject({ id: 3 });
  });

  it("delays by its setting", async () => {
    const pair = kept(await localPair([probe()], { link: { delayMs: 40 } }));
    const began = performance.now();
    await pair.stub(Probe).echo({ id: 1 });
    expect(performance.now() - began).toBeGreaterThanOrEqual(80);
  });

  it("lets running streams go on when it gives the client another port or address", async () => {
    const pair = kept(await localPair([probe()], { link: { seed: 3, delayMs: 2 } }));
    const stream = pair.stub(Probe).count({ id: 400, data: new Uint8Array(20_000) });
    let next = 0;
    for await (const { id } of stream) {
      expect(id).toBe(next++);
      if (id === 100) expect(pair.link?.rebind()).toHaveLength(1);
      if (id === 200 && process.platform === "linux")
        expect(pair.link?.rebind("127.0.0.3")[0]).toMatch(/^127\.0\.0\.3:/);
    }
    expect(next).toBe(400);
    expect(pair.link?.stats().rebinds).toBeGreaterThan(0);
  });

  // Without the change of third_party/noq-proto about three of ten such paths stay blocked, and their calls end.
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "lets a running stream go on with another port while packets are lost, seed %i",
    async (seed) => {
      const faults = { loss: 0.1, delayMs: 5, jitterMs: 10 };
      const pair = kept(await localPair([probe()], { link: { seed, ...faults } }));
      const stub = pair.stub(Probe);
      const calls = Promise.all(Array.from({ length: 100 }, (_, id) => stub.echo({ id })));
      let next = 0;
      for await (const { id } of stub.count({ id: 1000 })) {
        expect(id).toBe(next++);
        if (id === 500) pair.link?.rebind();
      }
      expect(next).toBe(1000);
      expect(await calls).toHaveLength(100);
    },
  );

  it("drops the chosen packet, and its call still ends well", async () => {
    const pair = kept(await localPair([probe()], { link: { delayMs: 1 } }));
    const stub = pair.stub(Probe);
    await stub.echo({ id: 1 });
    pair.link?.dropNext({ direction: "toServer", minBytes: 1000 });
    expect(await stub.echo({ id: 2, data: new Uint8Array(5000).fill(7) })).toMatchObject({ id: 2 });
    await until(() => pair.link?.stats().toServer.targeted === 1, 1000, "one packet was dropped");
  });

  it("changes only the faults that are given", async () => {
    const pair = kept(await localPair([probe()], { link: { delayMs: 30 } }));
    pair.link?.set({ duplicate: 1 }, "toServer");
    const began = performance.now();
    await pair.stub(Probe).echo({ id: 1 });
    expect(performance.now() - began).toBeGreaterThanOrEqual(60);
    const { toServer, toClient } = pair.link?.stats() ?? { toServer: null, toClient: null };
    expect(toServer?.duplicated).toBeGreaterThan(0);
    expect(toClient?.duplicated).toBe(0);
  });
});

describe("wrong options of a link", () => {
  it.each<[string, object, string]>([
    ["an unknown fault", { los: 0.1 }, "options.los"],
    ["a seed that is no integer", { seed: 0.5 }, "options.seed"],
    ["a probability beyond 1", { loss: 1.1 }, "faults.loss"],
    ["a probability that is no number", { corrupt: Number.NaN }, "faults.corrupt"],
    ["a burst with a wrong member", { burst: { enter: 2, leave: 0, loss: 0 } }, "faults.burst.enter"],
    ["a delay of hours", { delayMs: 1e8 }, "faults.delayMs"],
    ["a rate of 0", { bytesPerSecond: 0 }, "options.bytesPerSecond"],
    ["no server", { to: 5 }, "options.to"],
  ])("%s is refused with its path", async (_, options, path) => {
    const { ticket } = await started();
    const error = await failureOf(link({ to: ticket, ...options }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ path });
  });

  it("a ticket with addresses of both IP families is refused, because clients would find a way around the link", async () => {
    const { endpointId } = await started();
    const both = Ticket.format({ endpointId, directAddresses: ["127.0.0.1:9", "[::1]:9"] });
    expect(await failureOf(link({ to: both }))).toMatchObject({ path: "options.to" });
    expect(await failureOf(link({ to: Ticket.format({ endpointId }) }))).toMatchObject({
      path: "options.to",
    });
  });

  it("a link that is closed says so", async () => {
    const server = await started();
    const between = await link({ to: server });
    await between.close();
    await between.close();
    expect(() => between.stats()).toThrow(/the link is closed/);
    const client = failureOf(
      AsterClient.connect(between.ticket, { ...between.connectOptions, timeoutMs: 300 }),
    );
    expect(await client).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });
});
