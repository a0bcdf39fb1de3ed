/** Connections through a relay of one's own: who may use it, what the policy of a client allows, and the bytes that went through. */
import {
  AsterClient,
  AsterNode,
  AsterServer,
  Code,
  type ConnectOptions,
  type OwnRelays,
  type RelayPolicy,
} from "aster-rpc";
import { relay, type TestRelay, type TestRelayOptions } from "aster-rpc/testing";
import { describe, expect, it } from "vitest";
import { Probe, probe } from "../boundary/support/probe.mjs";
import { keep } from "./fixtures/keep.js";
import { silent } from "./fixtures/nodes.js";

const loopback = { bind: "127.0.0.1:0", logger: silent } as const;

/** A server behind a relay. `only`: it has no direct path. */
async function serve(options: TestRelayOptions & { only?: boolean } = {}): Promise<{
  between: TestRelay;
  server: AsterServer;
  relays: OwnRelays;
}> {
  const { only = true, ...access } = options;
  const between = await keep(relay(access));
  const relays = { urls: [between.url], ...(access.token === undefined ? {} : { token: access.token }) };
  const services = [probe()];
  const server = await keep(
    AsterServer.start({
      services,
      access: "open",
      identity: "ephemeral",
      registry: "off",
      relay: { ...relays, only },
      ...(only ? { logger: silent } : loopback),
    }),
  );
  return { between, server, relays };
}

const connect = (address: string, options: ConnectOptions): Promise<AsterClient> =>
  keep(AsterClient.connect(address, { logger: silent, ...options }));

const policed = (relays: OwnRelays, policy: RelayPolicy): ConnectOptions => ({
  ...loopback,
  relay: { ...relays, policy },
});

describe("a relay", () => {
  it("leads to a server without any direct path, of which only the endpoint id is known", async () => {
    const { server, relays, between } = await serve();
    expect(server.addresses).toEqual([]);
    const client = await connect(server.endpointId, { ...loopback, relay: relays });
    await client.stub(Probe).echo({ id: 1 });
    expect(client.path).toMatchObject({ kind: "relay", address: `${between.url}/`, bytesDirect: 0 });
    expect(client.path.bytesRelayed).toBeGreaterThan(1000);
    expect(server.peers()[0]?.path).toMatchObject({ kind: "relay" });
  });

  it("leads to a direct path where there is one, and both sides are told", async () => {
    const { server, relays } = await serve({ only: false });
    const client = await connect(server.endpointId, { ...loopback, relay: relays });
    await client.stub(Probe).echo({ id: 1 });
    const ofServer = server.peers()[0]!.paths();
    for (const paths of [client.paths(), ofServer])
      for await (const { kind, address } of paths) {
        if (kind === "direct") break;
        expect(address).toBe(`${relays.urls[0]}/`);
      }
    expect(client.path).toMatchObject({ kind: "direct", address: server.addresses[0] });
  });

  it("lets in only those who send its token", async () => {
    const { server, relays } = await serve({ token: "a word" });
    const client = await connect(server.endpointId, { ...loopback, relay: relays });
    expect(client.path.kind).toBe("relay");
    const wrong = { ...relays, token: "another word" };
    const refused = AsterClient.connect(server.endpointId, { ...loopback, relay: wrong, timeoutMs: 4000 });
    await expect(refused).rejects.toMatchObject({ notSent: true });
  });

  it("lets in only the endpoints of its list", async () => {
    const { server, relays } = await serve({ allow: [] });
    const refused = AsterClient.connect(server.endpointId, { ...loopback, relay: relays, timeoutMs: 4000 });
    await expect(refused).rejects.toMatchObject({ notSent: true });
  });

  it("is refused when its address is in use, and its options are checked", async () => {
    const { between } = await serve();
    const taken = relay({ bind: new URL(between.url).host });
    await expect(taken).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION, reason: "BIND" });
    await expect(relay({ bind: "nowhere" })).rejects.toThrow(/options\.bind/);
    await expect(relay({ allow: ["ada"] })).rejects.toThrow(/not an endpoint id/);
    await expect(relay({ token: "" })).rejects.toThrow(TypeError);
  });
});

describe("the policy of a client", () => {
  it("forbids relays: a server that has only a relay is refused with RELAY_REFUSED", async () => {
    const { server, relays } = await serve();
    const refused = AsterClient.connect(server.endpointId, policed(relays, "forbid"));
    await expect(refused).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      reason: "RELAY_REFUSED",
      notSent: true,
      peer: server.endpointId,
    });
  });

  it("forbids relays: a server with a direct path is called on it", async () => {
    const { server, relays } = await serve({ only: false });
    const client = await connect(server.ticket, policed(relays, "forbid"));
    await client.stub(Probe).echo({ id: 1 });
    expect(client.path.kind).toBe("direct");
  });

  it("demands relays: nothing goes over the direct path that there is", async () => {
    const { server, relays } = await serve({ only: false });
    const client = await connect(server.ticket, { logger: silent, relay: { ...relays, policy: "only" } });
    const data = new Uint8Array(50_000);
    await client.stub(Probe).echo({ id: 1, data });
    expect(client.path).toMatchObject({ kind: "relay", bytesDirect: 0 });
    const [peer] = server.peers();
    expect(peer?.path).toMatchObject({ kind: "relay", bytesDirect: 0 });
  });

  it("demands relays: a node with direct paths refuses such a connection", async () => {
    const { server, relays } = await serve({ only: false });
    const node = await keep(
      AsterNode.start({ ...loopback, relay: relays, identity: "ephemeral", registry: "off" }),
    );
    await expect(node.connect(server.ticket, { relay: "only" })).rejects.toMatchObject({
      code: Code.FAILED_PRECONDITION,
      reason: "RELAY_REFUSED",
    });
  });

  it("limits the bytes: calls end with RELAY_REFUSED when they are used, and new ones do not begin", async () => {
    const { server, relays } = await serve();
    const maxBytes = 300_000;
    const client = await connect(server.endpointId, policed(relays, { maxBytes }));
    const stub = client.stub(Probe);
    const data = new Uint8Array(1000).map((_, index) => (index * 7919) >> 3);
    const failed = (async () => {
      for (let id = 0; ; id += 1) await stub.echo({ id, data });
    })();
    await expect(failed).rejects.toMatchObject({ code: Code.UNAVAILABLE, reason: "RELAY_REFUSED" });
    expect(client.path).toMatchObject({ kind: "none" });
    expect(client.path.bytesRelayed).toBeGreaterThanOrEqual(maxBytes);
    // What a step of the count lets pass is far below the budget again.
    expect(client.path.bytesRelayed).toBeLessThan(10 * maxBytes);
    await expect(stub.echo({ id: 1 })).rejects.toMatchObject({ reason: "RELAY_REFUSED", notSent: true });
  });

  it("ends streams and sessions like calls", async () => {
    const { server, relays } = await serve();
    const client = await connect(server.endpointId, policed(relays, { maxBytes: 200_000 }));
    const data = new Uint8Array(1000).map((_, index) => (index * 7919) >> 3);
    const reading = (async () => {
      for await (const _ of client.stub(Probe).count({ id: -1, data }));
    })();
    await expect(reading).rejects.toMatchObject({
      code: Code.UNAVAILABLE,
      reason: "RELAY_REFUSED",
      isLocal: true,
    });
  });
});

describe("the options for relays", () => {
  const start = (value: unknown) => AsterClient.connect("0".repeat(64), { relay: value as never });

  it.each([
    ["a word that is no policy", "sometimes", /options\.relay.*"forbid"/],
    ["a budget that is no number", { maxBytes: "1" }, /options\.relay\.maxBytes/],
    ["a URL of another protocol", { urls: ["ftp://127.0.0.1"] }, /options\.relay\.urls/],
    [
      "certificates that are none",
      { urls: ["https://127.0.0.1"], certificates: "x" },
      /options\.relay\.certificates/,
    ],
    [
      "a file that is not there",
      { urls: ["https://127.0.0.1"], certificates: { file: "/none" } },
      /certificates\.file/,
    ],
    ["a policy that is none", { urls: ["http://127.0.0.1"], policy: "sometimes" }, /options\.relay\.policy/],
    ["an unknown member", { urls: ["http://127.0.0.1"], colour: 1 }, /colour/],
  ])("refuse %s", async (_, value, message) => {
    await expect(start(value)).rejects.toThrow(message);
  });
});
