/** Services that are called without a schema in the program: their contract is read from the server. */
import {
  AsterClient,
  AsterNode,
  AsterServer,
  bidiStream,
  clientStream,
  type DynamicStub,
  generateSecretKey,
  implement,
  message,
  type ServerOptions,
  type Service,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { ownAddress } from "./fixtures/own-address.js";

const Color = t.enum("dynamic/Color", { RED: "red", GREEN: "green" });
class Cat extends message("dynamic/Cat", { name: t.string }) {}
class Dog extends message("dynamic/Dog", { age: t.int8 }) {}
// biome-ignore lint/suspicious/noExplicitAny: a message that contains itself
type Loose = any;
const Node: Loose = message("dynamic/Node", {
  label: t.string,
  children: t.list(t.ref((): Loose => Node)),
  next: t.optional(t.ref((): Loose => Node)),
});
const Everything = message("dynamic/Everything", {
  text: t.string,
  whole: t.int.default(7),
  big: t.uint64,
  small: t.int16,
  ratio: t.float32,
  flag: t.bool.default(true),
  raw: t.bytes,
  when: t.timestamp,
  day: t.date,
  color: Color.default("GREEN"),
  pet: t.union(Cat, Dog),
  list: t.list(t.optional(t.string)).default([]),
  set: t.set(t.int),
  map: t.map(t.string, Node),
  any: t.any,
  samples: t.float64Array,
  maybe: t.optional(Cat),
  tree: Node,
  camelCase: t.string,
});
const Step = message("dynamic/Step", { n: t.int });
const Mirror = service(
  "Mirror",
  { version: 4, modes: ["xlang", "json"] },
  {
    echo: unary(Everything, Everything, { idempotent: true, timeoutMs: 4000 }),
    oddName: unary(Step, t.optional(Step), { name: "then" }),
    count: serverStream(Step, Step),
    sum: clientStream(Step, Step),
    double: bidiStream(Step, Step),
    plain: unary(t.string, t.int),
  },
);
const Counter = service(
  "Counter",
  { scope: "session" },
  { add: unary(Step, Step), close: unary(Step, Step), steps: serverStream(Step, Step) },
);

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const local = { bind: "127.0.0.1:0", relay: "disabled", logger: silent } as const;
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
function kept<V extends { close(): Promise<unknown> }>(one: V): V {
  open.push(one);
  return one;
}

const mirror = implement(Mirror, {
  echo: (value) => value,
  oddName: ({ n }) => (n === 0 ? null : { n }),
  async *count({ n }) {
    for (let at = 0; at < n; at += 1) yield { n: at };
  },
  async sum(steps) {
    let n = 0;
    for await (const step of steps) n += step.n;
    return { n };
  },
  async *double(steps) {
    for await (const { n } of steps) yield { n: 2 * n };
  },
  plain: (text) => text.length,
});
const counter = implement(Counter, () => {
  let total = 0;
  return {
    add: ({ n }) => {
      total += n;
      return { n: total };
    },
    close: ({ n }) => ({ n: -n }),
    async *steps() {
      yield { n: total };
    },
  };
});

async function serve(options: Partial<ServerOptions> = {}): Promise<AsterServer> {
  const identity = options.secretKey === undefined ? ({ identity: "ephemeral" } as const) : {};
  const services = [mirror, counter];
  return kept(await AsterServer.start({ services, access: "open", ...identity, ...local, ...options }));
}

async function connect(server: AsterServer): Promise<AsterClient> {
  return kept(await AsterClient.connect(server.ticket, { relay: "disabled", logger: silent }));
}

const tree = { label: "root", children: [{ label: "leaf", children: [], next: null }], next: null };

/** A value of every type, made without a schema. */
const everything = (stub: DynamicStub) => ({
  text: "hello",
  big: 2n ** 63n,
  small: -5,
  ratio: 0.5,
  raw: Uint8Array.of(1, 2, 3),
  when: new Date(1_700_000_000_000),
  day: "2024-02-29",
  pet: stub.type("dynamic/Dog").of({ age: 3 }),
  set: new Set([1, 2]),
  map: new Map([["a", tree]]),
  any: stub.type("dynamic/Cat").of({ name: "Minka" }),
  samples: Float64Array.of(1.5, 2.5),
  tree,
  camel_case: "wire names",
});

describe("client.dynamic()", () => {
  it("calls with every type, and fills defaults in, in XLANG", async () => {
    const client = await connect(await serve());
    const stub = await client.dynamic("Mirror");
    const value = everything(stub);
    const back = await stub.call("echo", value);
    expect(back).toMatchObject({
      ...value,
      whole: 7,
      flag: true,
      color: "GREEN",
      list: [],
      maybe: null,
      pet: { age: 3 },
      any: { name: "Minka" },
    });
    expect(back.pet).toBeInstanceOf(stub.type("dynamic/Dog"));
    expect(stub.type("dynamic/Cat").is(back.any)).toBe(true);
    // The bytes are those of the schema of the server.
    expect(client.stub(Mirror).echo).toBeTypeOf("function");
  });

  it("tells name, version, contract and methods", async () => {
    const stub = await (await connect(await serve())).dynamic("Mirror");
    expect([stub.service, stub.version, stub.contractId]).toEqual(["Mirror", 4, Mirror.contractId]);
    expect([...stub.methods].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "count", pattern: "serverStream", idempotent: false },
      { name: "double", pattern: "bidiStream", idempotent: false },
      { name: "echo", pattern: "unary", idempotent: true },
      { name: "plain", pattern: "unary", idempotent: false },
      { name: "sum", pattern: "clientStream", idempotent: false },
      { name: "then", pattern: "unary", idempotent: false },
    ]);
  });

  it("makes calls of all patterns, in XLANG and in JSON", async () => {
    const client = await connect(await serve());
    for (const mode of ["xlang", "json"] as const) {
      const stub = await client.dynamic("Mirror", { mode, version: 4, timeoutMs: 5000 });
      const items: unknown[] = [];
      for await (const item of stub.serverStream("count", { n: 3 })) items.push(item);
      expect(items).toMatchObject([{ n: 0 }, { n: 1 }, { n: 2 }]);
      expect(await stub.clientStream("sum", [{ n: 1 }, { n: 2 }])).toMatchObject({ n: 3 });
      const talk = stub.bidi("double");
      await talk.send({ n: 21 });
      expect((await talk.next()).value).toMatchObject({ n: 42 });
      await talk.end();
      expect(await stub.call("plain", "four")).toBe(4);
      expect(await stub.call("then", { n: 0 })).toBeNull();
      expect(await stub.call("then", { n: 5 })).toMatchObject({ n: 5 });
    }
  });

  it("checks values before they are sent", async () => {
    const stub = await (await connect(await serve())).dynamic("Mirror");
    await expect(stub.call("plain", 4)).rejects.toMatchObject({
      codeName: "INVALID_ARGUMENT",
      notSent: true,
    });
    await expect(stub.call("echo", { ...everything(stub), small: 40_000 })).rejects.toThrow(/small/);
    await expect(stub.call("then", {})).rejects.toThrow(/\bn\b/);
  });

  it("names what there is instead of a wrong method, pattern, type, version or service", async () => {
    const client = await connect(await serve());
    const stub = await client.dynamic("Mirror");
    await expect(stub.call("missing")).rejects.toThrow(/no method missing; it has .*echo/);
    await expect(stub.call("count")).rejects.toThrow(/count is a serverStream method: use serverStream\(\)/);
    expect(() => stub.serverStream("echo")).toThrow(/use call\(\)/);
    expect(() => stub.type("dynamic/Fish")).toThrow(/no type dynamic\/Fish; it has .*dynamic\/Cat/);
    await expect(client.dynamic("Nothing")).rejects.toMatchObject({ codeName: "NOT_FOUND" });
    await expect(client.dynamic("Mirror", { version: 9 })).rejects.toMatchObject({
      reason: "INCOMPLETE_CONTRACT",
    });
    await expect(client.dynamic("Counter")).rejects.toMatchObject({ reason: "SERVICE_SCOPE" });
    await expect(client.dynamic("Mirror", { mode: "native" as never })).rejects.toThrow(/mode/);
  });

  it("opens sessions, also of a service with a method called close", async () => {
    const client = await connect(await serve());
    const session = await client.dynamicSession("Counter", { timeoutMs: 5000, callTimeoutMs: 5000 });
    expect(await session.call("add", { n: 2 })).toMatchObject({ n: 2 });
    expect(await session.call("add", { n: 3 })).toMatchObject({ n: 5 });
    expect(await session.call("close", { n: 1 })).toMatchObject({ n: -1 });
    for await (const step of session.serverStream("steps", { n: 0 })) expect(step).toMatchObject({ n: 5 });
    await session.close();
    expect((await session.closed).by).toBe("client");
    await expect(client.dynamicSession("Mirror")).rejects.toMatchObject({ reason: "SERVICE_SCOPE" });
  });

  it("gives the same service for the same contract, whichever server tells it", async () => {
    const first = await (await connect(await serve())).dynamic("Mirror");
    const second = await (await connect(await serve())).dynamic("Mirror");
    expect(second.type("dynamic/Cat")).toBe(first.type("dynamic/Cat"));
  });

  it("refuses a call when a server with another contract took the place of the first one", async () => {
    const secretKey = generateSecretKey();
    const server = await serve({ secretKey, bind: ownAddress() });
    const client = await connect(server);
    const stub = await client.dynamic("Mirror");
    await stub.call("plain", "a");
    await server.close();
    const Other: Service<unknown> = service("Mirror", { version: 4 }, { plain: unary(t.int, t.int) });
    const services = [implement(Other, { plain: () => 1 } as never)];
    await serve({ secretKey, bind: server.node.addresses[0] ?? "", services });
    await expect(stub.call("plain", "b")).rejects.toMatchObject({
      reason: "CONTRACT_MISMATCH",
      notSent: true,
    });
  });

  it("works on a client of a node, and does not start a registry for it", async () => {
    const server = await serve({ registry: "off" });
    const node = kept(await AsterNode.start({ registry: "off", identity: "ephemeral", ...local }));
    const client = kept(await node.connect(server.ticket));
    expect(await (await client.dynamic("Mirror")).call("plain", "xyz")).toBe(3);
  });
});
