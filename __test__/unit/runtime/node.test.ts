/** Nodes with the real addon, two endpoints in one process: options, life cycle, contract check, modes. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  AsterClient,
  AsterError,
  AsterNode,
  AsterServer,
  bidiStream,
  Code,
  clientStream,
  generateSecretKey,
  implement,
  message,
  type Service,
  serverStream,
  service,
  Ticket,
  t,
  unary,
} from "../../../ts/src/index.js";
import { collectingLogger, failureOf } from "./harness.js";

const Item = message("unit/Item", { id: t.int, label: t.string.default("x") });
const Raw = message("unit/Raw", { data: t.bytes.view });
const Store = service(
  "Store",
  { version: 2 },
  {
    get: unary(Item, t.optional(Item)),
    list: serverStream(Item, Item),
    put: clientStream(Item, Item),
    talk: bidiStream(Item, Item),
  },
);
const Views = service(
  "Views",
  {},
  { size: unary(Raw, Item), echo: unary(Raw, Raw), repeat: serverStream(Raw, Raw) },
);
/** Views that handlers received. */
const kept: Uint8Array[] = [];
const storeHandlers = {
  get: (item: { id: number; label: string }) => (item.id === 0 ? null : item),
  async *list({ id }: { id: number }) {
    for (let i = 0; i < id; i++) yield { id: i };
  },
  async put(items: AsyncIterable<{ id: number }>) {
    let id = 0;
    for await (const item of items) id += item.id;
    return { id };
  },
  async *talk(items: AsyncIterable<{ id: number }>) {
    for await (const item of items) yield { id: -item.id };
  },
};
const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;
const fresh = { ...local, identity: "ephemeral" } as const;

let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  server = await AsterServer.start({
    ...fresh,
    services: [
      implement(Store, storeHandlers),
      implement(Views, {
        async size({ data }) {
          kept.push(data);
          await new Promise((resolve) => setTimeout(resolve, 5));
          return { id: data.reduce((sum, byte) => sum + byte, 0) };
        },
        echo: (raw) => raw,
        async *repeat() {
          for (let i = 0; i < 50; i++) yield { data: new Uint8Array(500).fill(i) };
        },
      }),
    ],
    access: "open",
  });
  client = await AsterClient.connect(server.ticket, local);
});
afterAll(async () => {
  await client.close();
  await server.close();
});

describe("a client of a server", () => {
  it("gets the services at admission", () => {
    expect(client.endpointId).toBe(server.endpointId);
    expect(client.services.map(({ name, version, contractId }) => [name, version, contractId])).toEqual([
      ["Store", 2, Store.contractId],
      ["Views", 1, Views.contractId],
    ]);
  });

  it.each(["xlang", "json"] as const)("makes calls of all patterns in %s", async (mode) => {
    const store = client.stub(Store, { mode });
    expect(await store.get({ id: 1 })).toEqual({ id: 1, label: "x" });
    expect(await store.get({ id: 0 })).toBeNull();
    const listed: number[] = [];
    for await (const { id } of store.list({ id: 100 })) listed.push(id);
    expect(listed).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(await store.put([{ id: 1 }, { id: 2 }])).toEqual({ id: 3, label: "x" });
    const talk = store.talk();
    await talk.send({ id: 4 });
    expect((await talk.next()).value).toEqual({ id: -4, label: "x" });
    await talk.end();
    expect((await talk.next()).done).toBe(true);
  });

  it("views stay valid after the handler has ended and after the next item of a stream", async () => {
    const views = client.stub(Views);
    kept.length = 0;
    const sizes = Array.from({ length: 20 }, (_, i) => new Uint8Array(1000).fill(i));
    for (const data of sizes) await views.size({ data });
    const received: Uint8Array[] = [];
    for await (const { data } of views.repeat({ data: new Uint8Array([7]) })) received.push(data);
    expect(kept).toEqual(sizes);
    expect(received).toEqual(Array.from({ length: 50 }, (_, i) => new Uint8Array(500).fill(i)));
  });

  it("views of decoded bytes share memory with them", () => {
    const bytes = Raw.encode({ data: new Uint8Array([1, 2, 3]) });
    const { data } = Raw.decode(bytes);
    expect(data.buffer).toBe(bytes.buffer);
    bytes.fill(9);
    expect(data).toEqual(new Uint8Array([9, 9, 9]));
  });

  it("views are valid until the handler ends, and for the caller", async () => {
    const views = client.stub(Views);
    const calls = Array.from({ length: 20 }, (_, i) => views.size({ data: new Uint8Array(1000).fill(i) }));
    expect((await Promise.all(calls)).map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, i) => i * 1000),
    );
    const first = await views.echo({ data: new Uint8Array(100).fill(1) });
    await views.echo({ data: new Uint8Array(100).fill(2) });
    expect(first.data.every((byte) => byte === 1)).toBe(true);
  });

  it("a proxy calls by wire names", async () => {
    const proxy = client.proxy("Store");
    expect(await proxy.call("get", { id: 5, label: "l" })).toEqual({ id: 5, label: "l" });
    expect((await failureOf(proxy.call("nothing"))).code).toBe(Code.UNIMPLEMENTED);
    expect(() => client.proxy("Nothing")).toThrow(AsterError);
    await expect(proxy.call("")).rejects.toThrow(TypeError);
  });

  it("stubs can be spied on, and are not thenable", () => {
    const stub = client.stub(Store);
    const spy = vi.spyOn(stub, "get").mockResolvedValue({ id: 1, label: "mocked" });
    expect(spy).toBe(stub.get);
    expect("then" in stub).toBe(false);
    expect(Object.keys(stub)).toEqual(["get", "list", "put", "talk"]);
  });

  it("refuses unknown options of a stub", () => {
    expect(() => client.stub(Store, { mode: "row" as never })).toThrow(TypeError);
    expect(() => client.stub(Store, { modes: "json" } as never)).toThrow(/options\.modes/);
    expect(() => client.stub({} as never)).toThrow(TypeError);
  });
});

describe("the contract check", () => {
  const failure = (other: Service<unknown>): AsterError => {
    try {
      client.stub(other);
    } catch (error) {
      return error as AsterError;
    }
    throw new Error("expected a failure");
  };

  it("reports both ids when the contracts differ", () => {
    const other = service("Store", { version: 2 }, { get: unary(Item, Item) });
    const error = failure(other);
    expect(error).toMatchObject({
      code: Code.FAILED_PRECONDITION,
      reason: "CONTRACT_MISMATCH",
      isLocal: true,
      notSent: true,
    });
    expect(Object.fromEntries(error.details)).toEqual({
      diff: expect.stringContaining("list: method removed"),
      service: "Store",
      version: "2",
      contractId: other.contractId,
      serverContractId: Store.contractId,
    });
  });

  it("can be turned off", async () => {
    const other = service("Store", { version: 2 }, { get: unary(Item, Item) });
    expect(await client.stub(other, { contract: "ignore" }).get({ id: 3 })).toEqual({ id: 3, label: "x" });
  });

  it("reports the versions, or the services, of the server", () => {
    expect(failure(service("Store", { version: 3 }, { get: unary(Item, Item) }))).toMatchObject({
      reason: "CONTRACT_MISMATCH",
    });
    const unknown = failure(service("Other", {}, { get: unary(Item, Item) }));
    expect(unknown).toMatchObject({ code: Code.NOT_FOUND, reason: "SERVICE_NOT_OFFERED" });
    expect(unknown.message).toContain("Store v2");
  });
});

describe("implement()", () => {
  it("names a method without handler and a handler without method", () => {
    const { talk: _, ...less } = storeHandlers;
    expect(() => implement(Store, less as never)).toThrow(/talk has no handler/);
    expect(() => implement(Store, { ...storeHandlers, more() {} } as never)).toThrow(/more is not a method/);
    expect(() => implement(Store, null as never)).toThrow(TypeError);
  });

  it("a function that every object inherits is not a handler", () => {
    const odd = service("Odd", {}, { toString: unary(Item, Item) });
    expect(() => implement(odd, {} as never)).toThrow(/toString has no handler/);
  });

  it("a service without a contract id can be served, and called without the check", async () => {
    const untagged = message("Untagged", { id: t.int });
    const plain = service("Plain", {}, { get: unary(untagged, untagged) });
    const log = collectingLogger();
    const open = await AsterServer.start({
      ...fresh,
      services: [implement(plain, { get: (x) => x })],
      access: "open",
      logger: log,
    });
    const user = await AsterClient.connect(open.ticket, local);
    expect(() => user.stub(plain)).toThrow(expect.objectContaining({ reason: "NO_CONTRACT_ID" }));
    expect(await user.stub(plain, { contract: "ignore" }).get({ id: 1 })).toEqual({ id: 1 });
    expect(log.lines).toMatchObject([{ level: "warn", fields: { service: "Plain" } }]);
    await user.close();
    await open.close();
  });

  it("takes a function for a session service, and an object for every other", () => {
    const session = service("S", { scope: "session" }, { get: unary(Item, Item) });
    const shared = service("T", {}, { get: unary(Item, Item) });
    expect(() => implement(session, { get: (x: unknown) => x } as never)).toThrow("takes a function");
    expect(() => implement(shared, (() => ({})) as never)).toThrow("must be an object");
  });
});

describe("starting", () => {
  const services = [implement(Store, storeHandlers)];

  it.each([
    [{ services }, /access/],
    [{ services: [], access: "open" }, /services/],
    [{ services: [{}], access: "open" }, /services\[0\]/],
    [{ services: [...services, ...services], access: "open" }, /second time/],
    [{ services, access: "open", bind: "nowhere" }, /bind/],
    [{ services, access: "open", prot: 1 }, /options\.prot/],
    [{ services, access: "open", maxCallMs: 0 }, /maxCallMs/],
    [{ services, access: "open", compress: "sometimes" }, /options\.compress/],
  ])("a server with wrong options rejects with a TypeError (%#)", async (options, text) => {
    const promise = AsterServer.start({ ...fresh, ...options } as never);
    await expect(promise).rejects.toThrow(TypeError);
    await expect(promise).rejects.toThrow(text);
  });

  it.each([[""], ["aster1"], ["zz"], [undefined]])(
    "a client with the address %j rejects",
    async (address) => {
      await expect(AsterClient.connect(address as string, local)).rejects.toThrow();
    },
  );

  it("the secret key decides the endpoint id", async () => {
    const secretKey = generateSecretKey();
    const first = await AsterNode.start({ ...local, secretKey });
    const id = first.endpointId;
    await first.close();
    const second = await AsterNode.start({ ...local, secretKey: Buffer.from(secretKey).toString("hex") });
    expect(second.endpointId).toBe(id);
    expect(Ticket.parse(second.ticket)).toMatchObject({
      endpointId: id,
      directAddresses: second.addresses,
      credential: null,
    });
    await second.close();
  });
});

describe("the life of a node", () => {
  it("serves and calls on one endpoint, and may be closed twice at the same time", async () => {
    const node = await AsterNode.start(fresh);
    node.serve({ services: [implement(Store, storeHandlers)], access: "open" });
    expect(() => node.serve({ services: [implement(Store, storeHandlers)], access: "open" })).toThrow(
      AsterError,
    );
    const there = await node.connect(server.ticket);
    expect(await there.stub(Store).get({ id: 9 })).toEqual({ id: 9, label: "x" });
    const back = await AsterClient.connect(node.ticket, local);
    expect(await back.stub(Store).get({ id: 8 })).toEqual({ id: 8, label: "x" });
    expect((await node.info()).endpointId).toBe(node.endpointId);
    await back.close();
    await Promise.all([node.close(), node.close()]);
    await node.close();
    expect((await failureOf(node.connect(server.ticket))).reason).toBe("CLOSED");
    expect(() => node.serve({ services: [implement(Store, storeHandlers)], access: "open" })).toThrow(
      AsterError,
    );
    expect(() => there.stub(Store)).toThrow(expect.objectContaining({ reason: "CLOSED" }));
  });

  it("accepts every limit and every choice of compression", async () => {
    const limits = {
      maxStreams: 8,
      headerTimeoutMs: 1000,
      bodyTimeoutMs: 1000,
      peerBytes: 65_536,
      resetBurst: 5,
      resetsPerSecond: 5,
      maxConnections: 8,
    };
    for (const compress of ["auto", "always", "never"] as const) {
      const services = [implement(Store, storeHandlers)];
      const options = { ...fresh, services, access: "open", limits, compress } as const;
      const one = await AsterServer.start(options);
      const user = await AsterClient.connect(one.ticket, local);
      const label = "x".repeat(10_000);
      expect(await user.stub(Store).get({ id: 1, label })).toEqual({ id: 1, label });
      await user.close();
      await one.close();
    }
  });

  it("the end of an `await using` block waits for running calls", async () => {
    let begun: (() => void) | undefined;
    const accepted = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let answer: ((item: { id: number }) => void) | undefined;
    const handlers = {
      ...storeHandlers,
      get: () =>
        new Promise<{ id: number }>((resolve) => {
          answer = resolve;
          begun?.();
        }),
    };
    const services = [implement(Store, handlers)];
    const leaving = await AsterServer.start({ ...fresh, services, access: "open" });
    const user = await AsterClient.connect(leaving.ticket, local);
    const call = user.stub(Store).get({ id: 1 });
    await accepted;
    const disposed = leaving[Symbol.asyncDispose]();
    setTimeout(() => answer?.({ id: 5 }), 50);
    expect(await call).toEqual({ id: 5, label: "x" });
    await disposed;
    await user.close();
  });

  it("drain finishes running calls", async () => {
    let finish: (() => void) | undefined;
    const started = new Promise<void>((seen) => {
      finish = seen;
    });
    let answer: ((item: { id: number }) => void) | undefined;
    const draining = await AsterServer.start({
      ...fresh,
      access: "open",
      services: [
        implement(Store, {
          ...storeHandlers,
          get: () =>
            new Promise((resolve) => {
              answer = resolve;
              finish?.();
            }),
        }),
      ],
    });
    const user = await AsterClient.connect(draining.ticket, local);
    const stub = user.stub(Store);
    const call = stub.get({ id: 1 });
    await started;
    const drained = draining.drain({ timeoutMs: 10_000 });
    answer?.({ id: 77 });
    expect(await call).toEqual({ id: 77, label: "x" });
    await drained;
    await draining.drain();
    await user.close();
    await user.close();
    expect((await failureOf(stub.get({ id: 1 }))).reason).toBe("CLOSED");
  });
});
