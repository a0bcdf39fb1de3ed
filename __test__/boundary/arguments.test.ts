/** Wrong arguments to every public function: a TypeError with the path, before anything is started. */
import * as aster from "aster-rpc";
import { AsterClient, AsterError, AsterNode, AsterServer, Code, implement, Ticket } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fresh, local, Probe, probe } from "./support/probe.mjs";
import { failureOf } from "./support/until.js";

type Loose = Record<string, unknown>;
type LooseStub = Record<string, (...args: unknown[]) => Promise<unknown> & AsyncIterator<unknown>>;

let server: AsterServer;
let client: AsterClient;
let stub: LooseStub;
beforeAll(async () => {
  server = await AsterServer.start({ ...fresh, services: [probe()], access: "open" });
  client = await AsterClient.connect(server.ticket, local);
  stub = client.stub(Probe) as unknown as LooseStub;
});
afterAll(async () => {
  await client.close();
  await server.close();
});

/** What `run` throws or rejects with. `kind` checks which of the two happens. */
async function refused(run: () => unknown, kind: "throws" | "rejects"): Promise<unknown> {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    expect(kind).toBe("throws");
    return error;
  }
  expect(kind).toBe("rejects");
  return failureOf(result as Promise<unknown>);
}

function expectPath(error: unknown, path: string): void {
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ code: "INVALID_OPTION", path });
  expect((error as TypeError).message.split(/:? /, 1)).toEqual([path]);
}

// Wrong members of EndpointOptions, with the path of the error.
const endpoint: readonly [Loose, string][] = [
  [{ bind: "nonsense" }, "options.bind"],
  [{ bind: 4 }, "options.bind"],
  [{ bind: "" }, "options.bind"],
  [{ bind: "127.0.0.1" }, "options.bind"],
  [{ relay: "maybe" }, "options.relay"],
  [{ relay: null }, "options.relay"],
  [{ relay: 7 }, "options.relay"],
  [{ relay: { urls: [] } }, "options.relay.urls"],
  [{ relay: { urls: [7] } }, "options.relay.urls[0]"],
  [{ relay: { urls: "x" } }, "options.relay.urls"],
  [{ relay: { url: [] } }, "options.relay.url"],
  [{ relay: { urls: ["no url"] } }, "options.relay.urls"],
  [{ secretKey: "short" }, "options.secretKey"],
  [{ secretKey: new Uint8Array(31) }, "options.secretKey"],
  [{ secretKey: 5 }, "options.secretKey"],
  [{ limits: 3 }, "options.limits"],
  [{ limits: { maxStreams: 0 } }, "options.limits.maxStreams"],
  [{ limits: { maxStreams: 2 ** 40 } }, "options.limits.maxStreams"],
  [{ limits: { peerBytes: 1.5 } }, "options.limits.peerBytes"],
  [{ limits: { peerBytes: 2 ** 40 } }, "options.limits.peerBytes"],
  [{ limits: { headerTimeoutMs: "1" } }, "options.limits.headerTimeoutMs"],
  [{ limits: { bodyTimeoutMs: -1 } }, "options.limits.bodyTimeoutMs"],
  [{ limits: { maxConnections: Number.NaN } }, "options.limits.maxConnections"],
  [{ limits: { most: 1 } }, "options.limits.most"],
  [{ logger: {} }, "options.logger.debug"],
  [{ logger: console.log }, "options.logger"],
  [{ adress: "x" }, "options.adress"],
  [{ __proto__: null, toString: 1 }, "options.toString"],
];

const serving: readonly [Loose, string][] = [
  [{ services: undefined }, "options.services"],
  [{ services: [] }, "options.services"],
  [{ services: [{}] }, "options.services[0]"],
  [{ services: [null] }, "options.services[0]"],
  [{ services: [probe(), Probe] }, "options.services[1]"],
  [{ services: [probe(), probe()] }, "options.services[1]"],
  [{ access: undefined }, "options.access"],
  [{ access: "closed" }, "options.access"],
  [{ access: null }, "options.access"],
  [{ access: { rootPublicKey: "ab" } }, "options.access.rootPublicKey"],
  // A point for which everybody can sign.
  [{ access: { rootPublicKey: "00".repeat(32) } }, "options.access.rootPublicKey"],
  [{ access: { rootPublicKey: { file: "/nothing/here" } } }, "options.access.rootPublicKey"],
  [{ interceptors: [1] }, "options.interceptors[0]"],
  [{ interceptors: {} }, "options.interceptors"],
  [{ maxCallMs: 0 }, "options.maxCallMs"],
  [{ maxCallMs: "1" }, "options.maxCallMs"],
];

const connecting: readonly [Loose, string][] = [
  [{ credential: 5 }, "options.credential"],
  [{ timeoutMs: -1 }, "options.timeoutMs"],
  [{ timeoutMs: Number.POSITIVE_INFINITY }, "options.timeoutMs"],
  [{ timeoutMs: "soon" }, "options.timeoutMs"],
  [{ interceptors: [{}] }, "options.interceptors[0]"],
  [{ retries: 3 }, "options.retries"],
];

const shown = (options: Loose) => JSON.stringify(options, (_, v) => (v === undefined ? "undefined" : v));

describe("wrong options are TypeErrors with the path", () => {
  const valid = { ...fresh, services: [probe()], access: "open" };

  const all: [Loose, string][] = [...endpoint, ...serving, [{ identity: "mine" }, "options.identity"]];
  it.each(all.map(([options, path]) => ({ options, path, text: shown(options) })))(
    "AsterServer.start: $text",
    async ({ options, path }) => {
      expectPath(await refused(() => AsterServer.start({ ...valid, ...options } as never), "rejects"), path);
    },
  );

  it.each(endpoint.map(([options, path]) => ({ options, path, text: shown(options) })))(
    "AsterNode.start: $text",
    async ({ options, path }) => {
      expectPath(await refused(() => AsterNode.start({ ...fresh, ...options } as never), "rejects"), path);
    },
  );

  it.each([...endpoint, ...connecting].map(([options, path]) => ({ options, path, text: shown(options) })))(
    "AsterClient.connect: $text",
    async ({ options, path }) => {
      const run = () => AsterClient.connect(server.ticket, { ...local, ...options } as never);
      expectPath(await refused(run, "rejects"), path);
    },
  );

  it.each(connecting.map(([options, path]) => ({ options, path, text: shown(options) })))(
    "AsterNode.connect: $text",
    async ({ options, path }) => {
      expectPath(await refused(() => server.node.connect(server.ticket, options as never), "rejects"), path);
    },
  );

  it.each([1, "x", null, []])("options that are not an object: %j", async (options) => {
    expectPath(await refused(() => AsterServer.start(options as never), "rejects"), "options");
    expectPath(await refused(() => AsterNode.start(options as never), "rejects"), "options");
    expectPath(
      await refused(() => AsterClient.connect(server.ticket, options as never), "rejects"),
      "options",
    );
    expectPath(await refused(() => server.drain(options as never), "rejects"), "options");
    expectPath(await refused(() => client.stub(Probe, options as never), "throws"), "options");
    expectPath(await refused(() => client.proxy("Probe", options as never), "throws"), "options");
    expectPath(await refused(() => stub.echo!({ id: 1 }, options), "rejects"), "options");
  });

  it.each([
    [{ timeoutMs: -1 }, "options.timeoutMs"],
    [{ timeoutMs: "1" }, "options.timeoutMs"],
    [{ timeout: 1 }, "options.timeout"],
  ])("drain: %j", async (options, path) => {
    expectPath(await refused(() => server.node.drain(options as never), "rejects"), path);
  });

  it.each([
    [{ contract: "maybe" }, "options.contract"],
    [{ mode: "xml" }, "options.mode"],
    [{ timeoutMs: Number.NaN }, "options.timeoutMs"],
    [{ interceptors: [null] }, "options.interceptors[0]"],
    [{ compress: true }, "options.compress"],
    [{ deadline: 5 }, "options.deadline"],
  ])("client.stub: %j", async (options, path) => {
    expectPath(await refused(() => client.stub(Probe, options as never), "throws"), path);
  });

  it.each([
    [{ version: 0 }, "options.version"],
    [{ version: 1.5 }, "options.version"],
    [{ timeoutMs: "1" }, "options.timeoutMs"],
    [{ mode: "json" }, "options.mode"],
  ])("client.proxy: %j", async (options, path) => {
    expectPath(await refused(() => client.proxy("Probe", options as never), "throws"), path);
  });

  const call: readonly [Loose, string][] = [
    [{ timeoutMs: "1" }, "options.timeoutMs"],
    [{ timeoutMs: Number.NaN }, "options.timeoutMs"],
    [{ signal: {} }, "options.signal"],
    [{ signal: null }, "options.signal"],
    [{ metadata: 7 }, "options.metadata"],
    [{ metadata: { a: 7 } }, "options.metadata.a"],
    [{ metadata: new Map([["k", null]]) }, "options.metadata.k"],
    [{ metadata: new Map([[1, "v"]]) }, "options.metadata"],
    [{ metadata: ["a"] }, "options.metadata[0]"],
    [{ deadline: 1 }, "options.deadline"],
  ];
  it.each(call)("of a call, for each pattern: %j", async (options, path) => {
    expectPath(await refused(() => stub.echo!({ id: 1 }, options), "rejects"), path);
    expectPath(await failureOf(stub.count!({ id: 1 }, options).next()), path);
    expectPath(await refused(() => stub.sum!([], options), "rejects"), path);
    expectPath(await failureOf(stub.talk!(options).next()), path);
    const loose = client.proxy("Probe");
    expectPath(await refused(() => loose.call("echo", {}, options as never), "rejects"), path);
  });
});

describe("other arguments", () => {
  it.each([undefined, null, 7, {}, "", new Uint8Array(3)])("an address that is %j", async (address) => {
    expectPath(await refused(() => AsterClient.connect(address as never, local), "rejects"), "address");
    expectPath(await refused(() => server.node.connect(address as never), "rejects"), "address");
  });

  it.each([
    "aster1",
    "aster1!!!!",
    `aster1${"a".repeat(100)}`,
    "hello",
    "00",
    "🦀",
    "aster1\0",
    "a".repeat(1_000_000),
  ])("a ticket that is none", async (ticket) => {
    const error = await refused(() => AsterClient.connect(ticket, local), "rejects");
    expect(error).toBeInstanceOf(AsterError);
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT });
    expect(await refused(() => Ticket.parse(ticket), "throws")).toMatchObject({
      code: Code.INVALID_ARGUMENT,
    });
  });

  it.each([undefined, null, 7, {}])("Ticket.parse(%j)", async (ticket) => {
    expectPath(await refused(() => Ticket.parse(ticket as never), "throws"), "ticket");
  });

  const id = "00".repeat(32);
  it.each([
    [undefined, "parts.endpointId"],
    [null, "parts"],
    [{}, "parts.endpointId"],
    [{ endpointId: "12" }, "parts.endpointId"],
    [{ endpointId: id, directAddresses: "x" }, "parts.directAddresses"],
    [{ endpointId: id, directAddresses: ["127.0.0.1:1", "x"] }, "parts.directAddresses[1]"],
    [{ endpointId: id, directAddresses: Array(16).fill("127.0.0.1:1") }, "parts"],
    [{ endpointId: id, relayAddress: "x" }, "parts.relayAddress"],
    [{ endpointId: id, credential: {} }, "parts.credential.type"],
    [{ endpointId: id, credential: { type: "x" } }, "parts.credential.type"],
    [{ endpointId: id, credential: { type: "open", payload: "x" } }, "parts.credential.payload"],
    [{ endpointId: id, more: 1 }, "parts.more"],
  ])("Ticket.format(%j)", async (parts, path) => {
    expectPath(await refused(() => Ticket.format(parts as never), "throws"), path);
  });

  it.each([undefined, null, 7, {}, { aster: "node" }, "x"])("AsterNode.attach(%j)", async (handle) => {
    expectPath(await refused(() => AsterNode.attach(handle as never), "throws"), "handle");
  });

  it("a handle of another process, of another build, or of a node that does not exist", async () => {
    const handle = server.node.share();
    expectPath(await refused(() => AsterNode.attach({ ...handle, process: 1 }), "throws"), "handle");
    expectPath(await refused(() => AsterNode.attach({ ...handle, build: "0" }), "throws"), "handle");
    const forged = (node: number) => AsterNode.attach({ ...handle, started: { ...handle.started, node } });
    for (const node of [-1, 1.5, 2 ** 32 + handle.started.node, Number.NaN]) {
      expectPath(await refused(() => forged(node), "throws"), "handle");
    }
    for (const node of [0, 4_000_000_000]) {
      const error = await refused(() => forged(node).info(), "rejects");
      expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION });
    }
  });

  it.each([undefined, null, 7, {}, "Probe", class {}])(
    "a value that is not a service: %j",
    async (service) => {
      expect(await refused(() => client.stub(service as never), "throws")).toBeInstanceOf(TypeError);
      expect(await refused(() => implement(service as never, {} as never), "throws")).toBeInstanceOf(
        TypeError,
      );
    },
  );

  it.each([undefined, null, 7, "", {}])("client.proxy(%j)", async (name) => {
    expectPath(await refused(() => client.proxy(name as never), "throws"), "service");
  });

  it.each([undefined, null, 7, "", {}])("a proxy method with the name %j", async (method) => {
    const loose = client.proxy("Probe");
    expectPath(await refused(() => loose.call(method as never), "rejects"), "method");
    expectPath(await refused(() => loose.clientStream(method as never, []), "rejects"), "method");
    expectPath(await refused(() => loose.serverStream(method as never), "throws"), "method");
    expectPath(await refused(() => loose.bidi(method as never), "throws"), "method");
  });

  it.each([undefined, null, 7, "abc", {}])("an input stream that is %j", async (items) => {
    expect(await refused(() => stub.sum!(items), "rejects")).toBeInstanceOf(TypeError);
  });

  it.each([
    [undefined, "must be an object"],
    [null, "must be an object"],
    [{}, "echo has no handler"],
    [{ echo: 1 }, "echo has no handler"],
  ])("handlers that are %j", async (handlers, text) => {
    const error = await refused(() => implement(Probe, handlers as never), "throws");
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain(text);
  });

  it.each([
    undefined,
    null,
    7,
    "id",
    [],
    { id: "1" },
    { id: 1.5 },
    { id: 2 ** 60 },
    {},
    { id: 1, data: "x" },
  ])("a request that does not fit its schema: %j", async (request) => {
    const error = await refused(() => stub.echo!(request), "rejects");
    expect(error).toBeInstanceOf(AsterError);
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: true });
  });

  it("has the path of a value that does not fit", async () => {
    const error = (await refused(() => stub.echo!({ id: 1, data: "x" }), "rejects")) as AsterError;
    expect(error.rawMessage).toContain("data");
  });

  it.each([undefined, null, 5, "ab", new Uint8Array(31)])("endpointIdOf(%j)", async (key) => {
    expect(await refused(() => aster.endpointIdOf(key as never), "throws")).toBeInstanceOf(TypeError);
  });

  it.each([0, -1, 5.5, 99, "NOT_FOUND", undefined])("new AsterError(%j)", async (code) => {
    expect(await refused(() => new AsterError(code as never, "x"), "throws")).toBeInstanceOf(TypeError);
  });
});

describe("metadata above the limits of a peer", () => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, "v"]));
  it.each([
    [many],
    [{ ["k".repeat(257)]: "v" }],
    [{ k: "v".repeat(4097) }],
    [{ a: "ü".repeat(4096), b: "ü" }],
  ])("is RESOURCE_EXHAUSTED and not sent", async (metadata) => {
    const error = await refused(() => stub.echo!({ id: 1 }, { metadata }), "rejects");
    expect(error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, notSent: true });
  });
});

it("a client and a server still work after all these errors", async () => {
  expect(await stub.echo!({ id: 7 })).toMatchObject({ id: 7 });
  expect((await server.node.info()).openCalls).toBe(0);
});
