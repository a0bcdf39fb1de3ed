/** Calls back: a server calls the services of its clients over the connections that they opened. */
import {
  AsterClient,
  AsterError,
  AsterNode,
  type AsterServer,
  Code,
  type ConnectedPeer,
  generateSecretKey,
  implement,
  message,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newRoot } from "../unit/support/credentials.ts";
import { local, Seen, silent } from "./fixtures/nodes.ts";
import {
  Hub,
  handlers,
  Item,
  Room,
  Sum,
  startHub,
  startWorker,
  startWorkerBehindLink,
  Worker,
} from "./fixtures/workers.ts";

let server: AsterServer;
let hubSeen: Seen;
const closing: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  ({ server, hubSeen } = await startHub());
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((open) => open.close()));
  await server.close();
});

async function worker(name: string, options: Parameters<typeof startWorker>[2] = {}) {
  const started = await startWorker(server.ticket, name, options);
  closing.push(started.client);
  return started;
}

/** The only peer of the server. */
function onlyPeer(): ConnectedPeer {
  const [peer, ...others] = server.peers();
  expect(others).toEqual([]);
  return peer as ConnectedPeer;
}

async function failure(what: () => unknown): Promise<AsterError> {
  try {
    await what();
  } catch (error) {
    expect(error).toBeInstanceOf(AsterError);
    return error as AsterError;
  }
  return expect.unreachable("it must fail");
}

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe.each(["xlang", "json"] as const)("calls back in %s mode", (mode) => {
  it("have every pattern", async () => {
    await worker("Ada");
    const stub = onlyPeer().stub(Worker, { mode });
    expect(await stub.one({ value: 1 })).toEqual({ value: 2, name: "Ada" });
    expect(await collected(stub.down({ value: 3 }))).toHaveLength(3);
    expect((await stub.up([{ value: 1 }, { value: 2 }])).value).toBe(3);
    const both = stub.both();
    await both.send({ value: 4 });
    expect(await both.next()).toEqual({ done: false, value: { value: 8, name: "Ada" } });
    await both.end();
    expect((await both.next()).done).toBe(true);
  });

  it("run in sessions", async () => {
    const { seen } = await worker("Ada");
    const room = await onlyPeer().session(Room, { mode });
    expect([(await room.one({ value: 0 })).value, (await room.one({ value: 0 })).value]).toEqual([1, 2]);
    expect(await collected(room.down({ value: 2 }))).toHaveLength(2);
    await room.close();
    await seen.until("session closed");
  });
});

it("reach a client by its key, without a schema too", async () => {
  const { client } = await worker("Ada");
  const peer = onlyPeer();
  expect(peer.services.map(({ name }) => name)).toEqual(["Room", "Worker"]);
  expect(server.peer(peer.endpointId)?.endpointId).toBe(peer.endpointId);
  expect(await peer.proxy("Worker").call("one", { value: 1 })).toEqual({ value: 2, name: "Ada" });
  const room = await peer.sessionProxy("Room");
  expect(await room.call("one", { value: 1 })).toEqual({ value: 1, name: "Ada" });
  await room.close();
  expect(server.peer("0".repeat(64))).toBeNull();
  expect(client.endpointId).toBe(server.endpointId);
});

it("of a handler reach its caller, and end with its call", async () => {
  const [ada, bob] = [await worker("Ada"), await worker("Bob")];
  expect(await ada.client.stub(Hub).relay({ value: 1 })).toEqual({ value: 2, name: "Ada" });
  expect(await bob.client.stub(Hub).relay({ value: 5 })).toEqual({ value: 6, name: "Bob" });
  const abort = new AbortController();
  const held = failure(() => ada.client.stub(Hub).hold({ value: 0 }, { signal: abort.signal }));
  await ada.seen.until("began one");
  abort.abort();
  expect((await held).code).toBe(Code.CANCELLED);
  await ada.seen.until("aborted one");
  const late = await failure(() => bob.client.stub(Hub).hold({ value: 0 }, { timeoutMs: 200 }));
  expect(late.code).toBe(Code.DEADLINE_EXCEEDED);
  await bob.seen.until("aborted one");
});

it("see the server as their caller", async () => {
  const { seen } = await worker("Ada");
  await onlyPeer().stub(Worker).one({ value: 1 });
  expect(seen.peers).toEqual([server.endpointId]);
});

describe("a peer that announced nothing", () => {
  it("is refused in this process", async () => {
    const client = await AsterClient.connect(server.ticket, { relay: "disabled", logger: silent });
    closing.push(client);
    const remote = await failure(() => client.stub(Hub).relay({ value: 1 }));
    expect([remote.code, remote.reason]).toEqual([Code.FAILED_PRECONDITION, "NOTHING_ANNOUNCED"]);
    const error = await failure(() => onlyPeer().stub(Worker));
    expect([error.code, error.reason, error.notSent]).toEqual([
      Code.FAILED_PRECONDITION,
      "NOTHING_ANNOUNCED",
      true,
    ]);
    expect((await failure(() => onlyPeer().session(Room))).reason).toBe("NOTHING_ANNOUNCED");
    expect((await failure(() => onlyPeer().proxy("Worker"))).reason).toBe("NOTHING_ANNOUNCED");
  });

  it("or another service is refused by its contract", async () => {
    await worker("Ada");
    class Other extends message("calls-back/Item", { value: t.string }) {}
    const Absent = service("Absent", { version: 1 }, { one: unary(Item, Sum) });
    const Changed = service("Worker", { version: 1 }, { one: unary(Other, Sum) });
    expect((await failure(() => onlyPeer().stub(Absent))).reason).toBe("SERVICE_NOT_OFFERED");
    expect((await failure(() => onlyPeer().stub(Changed))).reason).toBe("CONTRACT_MISMATCH");
  });
});

describe("what the server may call", () => {
  it("is limited to the roles that the client gives it", async () => {
    await worker("Ada");
    const error = await failure(() => onlyPeer().stub(Worker).guarded({ value: 1 }));
    expect([error.code, error.reason]).toEqual([Code.PERMISSION_DENIED, "MISSING_ROLE"]);
    await closing.pop()?.close();
    await worker("Bob", { serverAccess: { roles: ["dispatcher"] } });
    const roles = server.peers().map((peer) =>
      peer
        .stub(Worker)
        .guarded({ value: 1 })
        .catch(() => null),
    );
    expect(await Promise.all(roles)).toContainEqual({ value: 1, name: "Bob" });
  });

  it("is nothing when the client says so", async () => {
    await worker("Ada", { serverAccess: "nothing" });
    expect((await failure(() => onlyPeer().stub(Worker))).reason).toBe("NOTHING_ANNOUNCED");
  });

  it.each([
    [{ serverAccess: "access" }, "serverAccess"],
    [{ serverAccess: "all" }, "serverAccess"],
    [{ serverAccess: { roles: ["a,b"] } }, "serverAccess.roles[0]"],
    [{ services: [] }, "services"],
    [{ serving: { maxCallMs: 0 } }, "serving.maxCallMs"],
  ])("is checked: %j", async (options, path) => {
    const connecting = AsterClient.connect(server.ticket, options as never);
    await expect(connecting).rejects.toThrow(TypeError);
    await expect(connecting).rejects.toThrow(path);
  });

  it("is everything that a node with open access serves", async () => {
    const node = await AsterNode.start(local);
    closing.push(node);
    node.serve({ services: [implement(Worker, handlers("node", new Seen()))], access: "open" });
    const dialled = await node.connect(server.ticket);
    await dialled.stub(Hub).hello({ value: 0 });
    expect(await server.peer(node.endpointId)?.stub(Worker).one({ value: 1 })).toEqual({
      value: 2,
      name: "node",
    });
  });

  it("is nothing of a node that has not admitted the server, unless the connection says otherwise", async () => {
    const node = await AsterNode.start(local);
    closing.push(node);
    const access = { rootPublicKey: newRoot().publicKey };
    node.serve({ services: [implement(Worker, handlers("node", new Seen()))], access });
    const first = await node.connect(server.ticket);
    await first.stub(Hub).hello({ value: 0 });
    const refused = await failure(() => server.peer(node.endpointId)?.stub(Worker));
    expect(refused.reason).toBe("NOTHING_ANNOUNCED");
    await first.close();
    const second = await node.connect(server.ticket, { serverAccess: { roles: [] } });
    await second.stub(Hub).hello({ value: 0 });
    expect((await server.peer(node.endpointId)?.stub(Worker).one({ value: 1 }))?.value).toBe(2);
  });
});

describe("cancellation of calls back", () => {
  it.each(["one", "down", "up", "both"] as const)("reaches the handler of %s", async (pattern) => {
    const { seen } = await worker("Ada");
    const abort = new AbortController();
    const stub = onlyPeer().stub(Worker);
    const options = { signal: abort.signal };
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const calls = {
      one: () => stub.waitOne({ value: 0 }, options),
      down: () => collected(stub.waitDown({ value: 0 }, options)),
      up: () => stub.waitUp(never, options),
      both: () => collected(stub.waitBoth(options)),
    };
    const failed = failure(calls[pattern]);
    await seen.until(`began ${pattern}`);
    abort.abort();
    expect((await failed).code).toBe(Code.CANCELLED);
    await seen.until(`aborted ${pattern}`);
    if (pattern === "down" || pattern === "both") await seen.until(`returned ${pattern}`);
  });

  it("by break returns the iterator of the handler", async () => {
    const { seen } = await worker("Ada");
    for await (const _ of onlyPeer().stub(Worker).waitDown({ value: 0 })) break;
    await seen.until("returned down");
  });
});

describe("the end of a connection", () => {
  it("ends calls back, and the same stub works after the peer has connected again", async () => {
    const secretKey = generateSecretKey();
    const first = await worker("Ada", { secretKey });
    const stub = onlyPeer().stub(Worker);
    const { endpointId } = onlyPeer();
    const running = failure(() => stub.waitOne({ value: 0 }));
    await first.seen.until("began one");
    await first.client.close();
    expect((await running).code).toBe(Code.UNAVAILABLE);
    await first.seen.until("aborted one");
    const gone = await failure(() => stub.one({ value: 1 }));
    expect([gone.code, gone.reason, gone.notSent]).toEqual([Code.UNAVAILABLE, "NOT_CONNECTED", true]);
    expect(server.peer(endpointId)).toBeNull();
    await worker("Bob", { secretKey });
    expect(await stub.one({ value: 1 })).toEqual({ value: 2, name: "Bob" });
  });

  it("is noticed by the server, and the redial of the client brings the stub back", async () => {
    const limits = { deadAfterMs: 3500 };
    const behind = await startWorkerBehindLink(server, "Ada", { limits });
    closing.push(behind.client, behind.link);
    const stub = onlyPeer().stub(Worker);
    expect((await stub.one({ value: 1 })).value).toBe(2);
    behind.link.blackhole();
    const lost = await failure(() => behind.client.stub(Hub).relay({ value: 1 }));
    expect(lost.code).toBe(Code.UNAVAILABLE);
    behind.link.clear();
    expect((await behind.client.stub(Hub).relay({ value: 1 })).value).toBe(2);
    expect((await stub.one({ value: 2 })).value).toBe(3);
  });

  it("with another contract is found before the next call", async () => {
    const secretKey = generateSecretKey();
    const first = await worker("Ada", { secretKey });
    const stub = onlyPeer().stub(Worker);
    await stub.one({ value: 1 });
    await first.client.close();
    class Other extends message("calls-back/Item", { value: t.string }) {}
    const Changed = service("Worker", { version: 1 }, { one: unary(Other, Sum) });
    const services = [implement(Changed, { one: () => ({ value: 0, name: "" }) })];
    const again = await AsterClient.connect(server.ticket, {
      services,
      secretKey,
      relay: "disabled",
      logger: silent,
    });
    closing.push(again);
    await again.stub(Hub).hello({ value: 0 });
    const error = await failure(() => stub.one({ value: 1 }));
    expect([error.code, error.reason]).toEqual([Code.FAILED_PRECONDITION, "CONTRACT_MISMATCH"]);
  });

  it("ends sessions of calls back", async () => {
    const first = await worker("Ada");
    const room = await onlyPeer().session(Room);
    await room.one({ value: 0 });
    await first.client.close();
    expect(await room.closed).toMatchObject({
      by: expect.stringMatching(/connection|server/),
      lastFinishedCall: 1,
    });
    await first.seen.until("session shutdown");
  });
});

describe("draining", () => {
  it("of the client finishes calls back that run, and refuses new ones", async () => {
    const { client, seen } = await worker("Ada");
    const stub = onlyPeer().stub(Worker);
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* items() {
      yield { value: 1 };
      await held;
      yield { value: 2 };
    }
    const running = stub.up(items());
    await seen.until("item");
    const drained = client.drain({ timeoutMs: 10_000 });
    const refused = await failure(async () => {
      for (;;) await stub.one({ value: 1 });
    });
    expect(refused.code).toBe(Code.UNAVAILABLE);
    release();
    expect((await running).value).toBe(3);
    await drained;
  });

  it("of the server lets a handler finish its calls back", async () => {
    const { client, seen } = await worker("Ada");
    const relayed = failure(() => client.stub(Hub).hold({ value: 0 }));
    await seen.until("began one");
    expect(hubSeen.count("began hold")).toBe(1);
    await server.drain({ timeoutMs: 100 });
    expect((await relayed).code).toBe(Code.UNAVAILABLE);
    await seen.until("aborted one");
  });
});
