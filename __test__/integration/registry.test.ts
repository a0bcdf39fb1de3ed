/** Finding services by name: publication, search, changes, calls that are spread over endpoints. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  AsterClient,
  AsterError,
  AsterNode,
  AsterServer,
  Code,
  type EndpointChange,
  type FoundEndpoint,
  implement,
  message,
  type ServerOptions,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { local, silent } from "./fixtures/nodes.ts";

const Ask = message("registry/Ask", { n: t.int });
const Told = message("registry/Told", { from: t.string });
const Depot = service(
  "Depot",
  { version: 1 },
  { where: unary(Ask, Told), fails: unary(Ask, Told), all: serverStream(Ask, Told) },
);
const Other = service("Other", { version: 1 }, { where: unary(Ask, Told) });

const open: { close(): Promise<void> }[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function kept<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one);
  return one;
}

async function depot(from: string, options: Partial<ServerOptions> = {}): Promise<AsterServer> {
  const depots = implement(Depot, {
    where: () => ({ from }),
    fails() {
      throw new AsterError(Code.UNAVAILABLE, "out of stock");
    },
    async *all() {
      yield { from };
    },
  });
  return kept(await AsterServer.start({ services: [depots], access: "open", ...local, ...options }));
}

async function reader(...members: readonly AsterServer[]): Promise<AsterNode> {
  const join = members.map((member) => member.ticket);
  return kept(await AsterNode.start({ registry: { join }, ...local }));
}

/** Waits until the changes of a service have led to a set of endpoints. */
async function until(
  node: AsterNode,
  done: (up: ReadonlyMap<string, FoundEndpoint>) => boolean,
): Promise<EndpointChange[]> {
  const up = new Map<string, FoundEndpoint>();
  const changes: EndpointChange[] = [];
  for await (const change of node.registry.watch("Depot")) {
    changes.push(change);
    if (change.endpoint === null) up.delete(change.endpointId);
    else up.set(change.endpointId, change.endpoint);
    if (done(up)) return changes;
  }
  throw new Error("the watch ended");
}

const ids = (found: readonly FoundEndpoint[]): string[] => found.map((one) => one.endpointId).sort();

describe("a registry", () => {
  it("finds a service by the ticket of its server, with facts about the endpoint", async () => {
    const server = await depot("a", { tags: ["eu"], channel: "stable" });
    const node = await reader(server);
    const found = await node.registry.resolve("Depot");
    expect(found).toEqual([
      {
        endpointId: server.endpointId,
        address: expect.any(String),
        version: 1,
        contractId: Depot.contractId,
        health: "ready",
        load: null,
        ageMs: expect.any(Number),
        source: "lease",
        tags: ["eu"],
      },
    ]);
    expect(ids(await node.registry.resolve("Depot", { version: 1, channel: "stable", tag: "eu" }))).toEqual([
      server.endpointId,
    ]);
    for (const other of [
      { version: 2 },
      { channel: "beta" },
      { tag: "us" },
      { contractId: "ab".repeat(32) },
    ]) {
      expect(await node.registry.resolve("Depot", other)).toEqual([]);
    }
    expect(await node.registry.resolve("Nothing")).toEqual([]);
    const client = kept(await node.connect(found[0]?.address ?? ""));
    expect((await client.stub(Depot).where({ n: 1 })).from).toBe("a");
  });

  it("finds what the node itself serves", async () => {
    const server = await depot("a");
    const [own] = await server.node.registry.resolve("Depot");
    expect(own).toMatchObject({ endpointId: server.endpointId, source: "local", health: "ready" });
  });

  it("finds all servers by the ticket of one, in turn", async () => {
    const first = await depot("a");
    const second = await depot("b", { registry: { join: [first.ticket] } });
    const third = await depot("c", { registry: { join: [second.ticket] } });
    const node = await reader(second);
    await until(node, (up) => up.size === 3);
    const expected = [first, second, third].map((server) => server.endpointId).sort();
    const firsts = new Set<string | undefined>();
    for (let turn = 0; turn < 3; turn += 1) {
      const found = await node.registry.resolve("Depot");
      expect(ids(found)).toEqual(expected);
      firsts.add(found[0]?.endpointId);
    }
    expect(firsts.size).toBe(3);
  });

  it("tells health and load, and prefers ready endpoints", async () => {
    const tired = await depot("a");
    const fresh = await depot("b", { registry: { join: [tired.ticket] } });
    const node = await reader(tired);
    await until(node, (up) => up.size === 2);
    await tired.setLoad(0.9);
    await tired.setHealth("Depot", "degraded");
    await until(node, (up) => up.get(tired.endpointId)?.health === "degraded");
    for (let turn = 0; turn < 2; turn += 1) {
      const found = await node.registry.resolve("Depot");
      expect(found.map((one) => [one.endpointId, one.health, one.load])).toEqual([
        [fresh.endpointId, "ready", null],
        [tired.endpointId, "degraded", 0.9],
      ]);
    }
    await expect(tired.setHealth("Nothing", "ready")).rejects.toMatchObject({ codeName: "NOT_FOUND" });
  });

  it("tells that a server drained", async () => {
    const first = await depot("a");
    const second = await depot("b", { registry: { join: [first.ticket] } });
    const node = await reader(first);
    await until(node, (up) => up.size === 2);
    await second.drain();
    const changes = await until(node, (up) => up.size === 1 && up.has(first.endpointId));
    expect(changes.at(-1)?.endpointId).toBeDefined();
    expect(ids(await node.registry.resolve("Depot"))).toEqual([first.endpointId]);
  });

  it("keeps its document in a folder", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "aster-registry-"));
    folders.push(folder);
    const registry = { path: path.join(folder, "registry") };
    const server = await depot("a", { registry });
    await server.close();
    const again = await depot("a", { registry });
    expect(ids(await (await reader(again)).registry.resolve("Depot"))).toEqual([again.endpointId]);
  });

  it("reads the manifest of what was found", async () => {
    const server = await depot("a");
    const node = await reader(server);
    const [found] = await node.registry.resolve("Depot");
    expect(await node.registry.manifest(found?.contractId ?? "")).toEqual(Depot.manifest());
    expect(await server.node.registry.manifest(Depot.contractId ?? "")).toEqual(Depot.manifest());
    expect(await node.registry.manifest("ab".repeat(32))).toBeNull();
    await expect(node.registry.manifest("x")).rejects.toThrow(/contractId/);
  });

  it("finds services from a client of one server", async () => {
    const first = await depot("a");
    const second = await depot("b", { registry: { join: [first.ticket] } });
    const node = await reader(first);
    await until(node, (up) => up.has(second.endpointId));
    const client = kept(await AsterClient.connect(first.ticket, { relay: "disabled", logger: silent }));
    expect(ids(await client.find("Depot"))).toContain(first.endpointId);
    expect(await client.find("Depot", { version: 7 })).toEqual([]);
  });

  it("can be off", async () => {
    const server = await depot("a", { registry: "off" });
    await expect(server.node.registry.resolve("Depot")).rejects.toMatchObject({ reason: "NO_REGISTRY" });
    await expect(server.setLoad(1)).rejects.toMatchObject({ reason: "NO_REGISTRY" });
    // Who named it finds it by what it announced at admission.
    const node = await reader(server);
    expect(await node.registry.resolve("Depot")).toMatchObject([
      { endpointId: server.endpointId, source: "ticket" },
    ]);
  });

  it("ends a watch by its signal, and with the node", async () => {
    const server = await depot("a");
    const node = await reader(server);
    const control = new AbortController();
    const seen: string[] = [];
    for await (const { endpointId } of node.registry.watch("Depot", { signal: control.signal })) {
      seen.push(endpointId);
      control.abort();
    }
    expect(seen).toEqual([server.endpointId]);
    const nothing = node.registry.watch("Nothing").next();
    await node.close();
    expect(await nothing).toEqual({ value: undefined, done: true });
  });

  it("refuses wrong options with their path", async () => {
    const start = (options: object) => AsterNode.start({ ...local, ...options });
    await expect(start({ registry: "disk" })).rejects.toThrow(/registry/);
    await expect(start({ registry: { join: "x" } })).rejects.toThrow(/registry\.join/);
    await expect(start({ tags: ["a/b"] })).rejects.toThrow(/tags\[0\]/);
    await expect(start({ channel: "" })).rejects.toThrow(/channel/);
    const node = kept(await AsterNode.start(local));
    await expect(node.registry.resolve("Depot", { version: 1.5 })).rejects.toThrow(/version/);
    await expect(node.registry.resolve("Depot", { policy: "best" as "random" })).rejects.toThrow(/policy/);
    await expect(node.setLoad(-1)).rejects.toThrow(/load/);
    expect(() => node.registry.watch(7 as never)).toThrow(TypeError);
  });
});

describe("a client of a service by its name", () => {
  it("spreads calls over all endpoints", async () => {
    const first = await depot("a");
    await depot("b", { registry: { join: [first.ticket] } });
    const node = await reader(first);
    await until(node, (up) => up.size === 2);
    const client = kept(await node.connect({ service: "Depot", version: 1 }));
    const stub = client.stub(Depot);
    const from = new Set<string>();
    while (from.size < 2) from.add((await stub.where({ n: 1 })).from);
    expect(client.endpoints).toHaveLength(2);
    const items: string[] = [];
    for await (const item of stub.all({ n: 1 })) items.push(item.from);
    expect(items).toHaveLength(1);
  });

  it("goes on at another endpoint when one is killed, and loses no call that was not sent", async () => {
    const first = await depot("a");
    const second = await depot("b", { registry: { join: [first.ticket] } });
    const node = await reader(first);
    await until(node, (up) => up.size === 2);
    const client = kept(await node.connect({ service: "Depot" }));
    const stub = client.stub(Depot);
    const from = new Set<string>();
    while (from.size < 2) from.add((await stub.where({ n: 1 })).from);
    await second.close();
    for (let call = 0; call < 20; call += 1) expect((await stub.where({ n: call })).from).toBe("a");
  });

  it("gets new endpoints while it runs", async () => {
    const first = await depot("a");
    const node = await reader(first);
    const client = kept(await node.connect({ service: "Depot" }));
    const stub = client.stub(Depot);
    await depot("b", { registry: { join: [first.ticket] } });
    const from = new Set<string>();
    while (from.size < 2) from.add((await stub.where({ n: 1 })).from);
    expect([...from].sort()).toEqual(["a", "b"]);
  });

  it("does not make a call again that was sent", async () => {
    const first = await depot("a");
    await depot("b", { registry: { join: [first.ticket] } });
    const node = await reader(first);
    await until(node, (up) => up.size === 2);
    const client = kept(await node.connect({ service: "Depot" }));
    await expect(client.stub(Depot).fails({ n: 1 })).rejects.toMatchObject({
      rawMessage: "out of stock",
      isLocal: false,
    });
  });

  it("says that nobody serves a name", async () => {
    const node = await reader(await depot("a"));
    await expect(node.connect({ service: "Nothing" })).rejects.toMatchObject({
      codeName: "UNAVAILABLE",
      reason: "NO_ENDPOINT",
      notSent: true,
    });
    await expect(node.connect({ service: "Depot", version: 3 })).rejects.toMatchObject({
      reason: "NO_ENDPOINT",
    });
    const client = kept(await node.connect({ service: "Depot" }));
    expect(() => client.stub(Other)).toThrow(/Other/);
  });
});
