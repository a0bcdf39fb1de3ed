/** Clients of a service by its name: which endpoint gets a call, a stream or a session, and what happens when one is lost. */
import {
  AsterNode,
  AsterServer,
  bidiStream,
  clientStream,
  type FoundEndpoint,
  implement,
  message,
  type SearchOptions,
  type ServerOptions,
  type Service,
  type ServiceClient,
  type Stub,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";

const Ask = message("pool/Ask", { n: t.int });
const Told = message("pool/Told", { from: t.string });
const Depot = service(
  "Depot",
  { version: 1 },
  {
    where: unary(Ask, Told),
    hold: unary(Ask, Told),
    all: serverStream(Ask, Told),
    sum: clientStream(Ask, Told),
    talk: bidiStream(Ask, Told),
  },
);
const Desk = service("Desk", { scope: "session" }, { where: unary(Ask, Told) });

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral", logger: silent } as const;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
function kept<V extends { close(): Promise<void> }>(one: V): V {
  open.push(one);
  return one;
}

/** A server, with the calls of `hold` that run in it and what ended them. */
interface Running {
  readonly server: AsterServer;
  /** Settles when a call of `hold` runs. */
  readonly holds: Promise<void>;
  /** How many calls of `hold` have begun. */
  started(): number;
  /** Ends the calls of `hold`. */
  release(): void;
}

async function depot(from: string, options: Partial<ServerOptions> = {}): Promise<Running> {
  let holds = (): void => {};
  let release = (): void => {};
  let begun = 0;
  const running = new Promise<void>((resolve) => {
    holds = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const depots = implement(Depot, {
    where: () => ({ from }),
    async hold() {
      begun += 1;
      holds();
      await released;
      return { from };
    },
    async *all({ n }) {
      for (let at = 0; at < n; at += 1) yield { from };
    },
    async sum(asks) {
      for await (const _ of asks);
      return { from };
    },
    async *talk(asks) {
      for await (const _ of asks) yield { from };
    },
  });
  const desks = implement(Desk, () => ({ where: () => ({ from }) }));
  const services = [depots, desks];
  const server = kept(await AsterServer.start({ services, access: "open", ...local, ...options }));
  return { server, holds: running, started: () => begun, release: () => release() };
}

async function reader(first: AsterServer): Promise<AsterNode> {
  return kept(await AsterNode.start({ registry: { join: [first.ticket] }, ...local }));
}

async function until(
  node: AsterNode,
  name: string,
  done: (up: ReadonlyMap<string, FoundEndpoint>) => boolean,
): Promise<void> {
  const up = new Map<string, FoundEndpoint>();
  for await (const change of node.registry.watch(name)) {
    if (change.endpoint === null) up.delete(change.endpointId);
    else up.set(change.endpointId, change.endpoint);
    if (done(up)) return;
  }
}

/** Two servers, and a client that is connected to both. */
async function pair(search: SearchOptions = {}, name = "Depot") {
  const a = await depot("a");
  const b = await depot("b", { registry: { join: [a.server.ticket] } });
  const node = await reader(a.server);
  await until(node, name, (up) => up.size === 2);
  const client = kept(await node.connect({ service: name, ...search }));
  await bothConnected(client);
  return { a, b, node, client };
}

async function bothConnected(client: ServiceClient): Promise<void> {
  while (client.endpoints.length < 2) await new Promise((resolve) => setImmediate(resolve));
}

/** Makes calls of `hold` until both servers have one. */
async function heldByBoth(stub: Stub<typeof Depot>, a: Running, b: Running) {
  const running: ReturnType<typeof stub.hold>[] = [];
  for (const one of [a, b]) {
    while (one.started() === 0) {
      running.push(stub.hold({ n: running.length }));
      // Two, so that the next call of `hold` is at the other endpoint in turn.
      await Promise.all([stub.where({ n: 0 }), stub.where({ n: 0 })]);
    }
  }
  await Promise.all([a.holds, b.holds]);
  // The last of them may not have arrived.
  while (a.started() + b.started() < running.length) await stub.where({ n: 0 });
  return running;
}

async function counts(calls: number, one: () => Promise<string>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (let call = 0; call < calls; call += 1) {
    const from = await one();
    counts[from] = (counts[from] ?? 0) + 1;
  }
  return counts;
}

describe("a client of a service", () => {
  it("calls the endpoint that says it is less busy", async () => {
    const { a, node, client } = await pair({ policy: "leastLoad" });
    await a.server.setLoad(3);
    await a.server.setHealth("Depot", "ready");
    await until(node, "Depot", (up) => up.get(a.server.endpointId)?.load === 3);
    const stub = client.stub(Depot);
    // The pool has its own watch: it has taken the load when `a` gets no call more than the slow start gives it.
    let last = { a: 1 } as Record<string, number>;
    while ((last.a ?? 0) > 0) last = await counts(20, async () => (await stub.where({ n: 1 })).from);
    expect(last).toEqual({ b: 20 });
  });

  it("streams from all endpoints, in all patterns", async () => {
    const { client } = await pair();
    const stub = client.stub(Depot);
    const listing = async (): Promise<string> => {
      const items: string[] = [];
      for await (const { from } of stub.all({ n: 3 })) items.push(from);
      expect(new Set(items).size).toBe(1);
      expect(items).toHaveLength(3);
      return items[0] ?? "";
    };
    const talking = async (): Promise<string> => {
      await using talk = stub.talk();
      await talk.send({ n: 1 });
      const { value } = await talk.next();
      await talk.end();
      expect((await talk.next()).done).toBe(true);
      return value?.from ?? "";
    };
    const summing = async (): Promise<string> => (await stub.sum([{ n: 1 }, { n: 2 }])).from;
    for (const one of [listing, talking, summing]) {
      const seen = new Set<string>();
      while (seen.size < 2) seen.add(await one());
    }
  });

  it("opens sessions at all endpoints, and each session stays at its endpoint", async () => {
    const { client } = await pair({}, "Desk");
    const seen = new Set<string>();
    while (seen.size < 2) {
      await using session = await client.session(Desk);
      const { from } = await session.where({ n: 1 });
      for (let call = 0; call < 5; call += 1) expect((await session.where({ n: call })).from).toBe(from);
      seen.add(from);
    }
    await expect(client.session(Depot as never)).rejects.toThrow(TypeError);
  });

  it("finishes a call at an endpoint that says that it leaves, and gives it no new ones", async () => {
    const { a, b, client } = await pair();
    const stub = client.stub(Depot);
    const running = await heldByBoth(stub, a, b);
    await b.server.setHealth("Depot", "draining");
    while (client.endpoints.length > 1) await stub.where({ n: 1 });
    expect(client.endpoints).toEqual([a.server.endpointId]);
    expect(await counts(10, async () => (await stub.where({ n: 1 })).from)).toEqual({ a: 10 });
    for (const one of [a, b]) one.release();
    expect(new Set((await Promise.all(running)).map(({ from }) => from))).toEqual(new Set(["a", "b"]));
  });

  it("reports a call that was sent to an endpoint that is lost, and makes it nowhere else", async () => {
    const { a, b, client } = await pair();
    const stub = client.stub(Depot);
    const outcomes = Promise.allSettled(await heldByBoth(stub, a, b));
    await b.server.close();
    a.release();
    const ends = (await outcomes).map((end) => (end.status === "fulfilled" ? end.value.from : end.reason));
    expect(ends).toContain("a");
    const lost = ends.filter((end) => end !== "a");
    expect(lost.length).toBeGreaterThan(0);
    for (const end of lost) expect(end).toMatchObject({ codeName: "UNAVAILABLE", notSent: false });
    // A second execution at `a` would be one more.
    expect(a.started() + b.started()).toBe(ends.length);
  });

  it("cancels and ends calls by their deadline", async () => {
    const { client } = await pair();
    const stub = client.stub(Depot);
    await expect(stub.hold({ n: 1 }, { timeoutMs: 100 })).rejects.toMatchObject({
      codeName: "DEADLINE_EXCEEDED",
    });
    const control = new AbortController();
    const cancelled = stub.hold({ n: 1 }, { signal: control.signal });
    control.abort();
    await expect(cancelled).rejects.toMatchObject({ codeName: "CANCELLED" });
    const stream = stub.all({ n: 1000 }, { signal: AbortSignal.abort() });
    await expect(stream.next()).rejects.toMatchObject({ codeName: "CANCELLED" });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("ends its calls when it is closed, and says so to later ones", async () => {
    const { a, b, client } = await pair();
    const stub = client.stub(Depot);
    const outcomes = Promise.allSettled(await heldByBoth(stub, a, b));
    await Promise.all([client.close(), client.close()]);
    for (const end of await outcomes) expect(end).toMatchObject({ reason: { codeName: "UNAVAILABLE" } });
    await expect(stub.where({ n: 1 })).rejects.toMatchObject({ reason: "NO_ENDPOINT", notSent: true });
    await expect(stub.all({ n: 1 }).next()).rejects.toMatchObject({ reason: "NO_ENDPOINT" });
    await expect(client.session(Desk)).rejects.toMatchObject({ reason: "NO_ENDPOINT" });
    expect(() => client.stub(Depot)).toThrow(/no endpoint/);
  });

  it("has no endpoint when all left, and goes on with the next that comes", async () => {
    const a = await depot("a");
    const member = await depot("member", {
      services: [implement(Desk, () => ({ where: () => ({ from: "" }) }))],
      registry: { join: [a.server.ticket] },
    });
    const node = await reader(member.server);
    await until(node, "Depot", (up) => up.size === 1);
    const client = kept(await node.connect({ service: "Depot" }));
    const stub = client.stub(Depot);
    expect((await stub.where({ n: 1 })).from).toBe("a");
    await a.server.close();
    while (client.endpoints.length > 0) await new Promise((resolve) => setImmediate(resolve));
    await expect(stub.where({ n: 1 })).rejects.toMatchObject({ reason: "NO_ENDPOINT", notSent: true });
    const stream = stub.all({ n: 1 });
    await expect(stream.next()).rejects.toMatchObject({ reason: "NO_ENDPOINT" });
    const b = await depot("b", { registry: { join: [member.server.ticket] } });
    while (client.endpoints.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(client.endpoints).toEqual([b.server.endpointId]);
    expect((await stub.where({ n: 1 })).from).toBe("b");
  });

  it("leaves out an endpoint with another contract, unless no other is there", async () => {
    const a = await depot("a");
    const Changed: Service<unknown> = service("Depot", { version: 1 }, { where: unary(Told, Ask) });
    const changed = implement(Changed, { where: () => ({ n: 1 }) } as never);
    const b = await depot("b", { services: [changed], registry: { join: [a.server.ticket] } });
    const node = await reader(a.server);
    await until(node, "Depot", (up) => up.size === 2);
    const client = kept(await node.connect({ service: "Depot", version: 1 }));
    await bothConnected(client);
    const stub = client.stub(Depot);
    expect(await counts(20, async () => (await stub.where({ n: 1 })).from)).toEqual({ a: 20 });
    const contractId = Changed.contractId;
    const other = kept(await node.connect({ service: "Depot", contractId }));
    expect(other.endpoints).toEqual([b.server.endpointId]);
    expect(() => other.stub(Depot)).toThrow(/contract is/);
  });

  it("keeps an endpoint whose other versions come and go", async () => {
    const Next: Service<unknown> = service("Depot", { version: 2 }, { where: unary(Ask, Told) });
    const next = implement(Next, { where: () => ({ from: "next" }) } as never);
    const first = implement(Depot, {
      where: () => ({ from: "first" }),
      hold: () => ({ from: "" }),
      all: () => [],
      sum: () => ({ from: "" }),
      talk: () => [],
    });
    const { server } = await depot("both", { services: [first, next] });
    const node = await reader(server);
    await until(node, "Depot", (up) => up.size === 1);
    const client = kept(await node.connect({ service: "Depot", version: 1 }));
    const stub = client.stub(Depot);
    // Every change of the health writes the leases of both versions anew.
    for (const health of ["degraded", "ready", "degraded"] as const) {
      await server.setHealth("Depot", health);
      await until(node, "Depot", (up) => up.get(server.endpointId)?.health === health);
      expect((await stub.where({ n: 1 })).from).toBe("first");
      expect(client.endpoints).toEqual([server.endpointId]);
    }
  });
});
