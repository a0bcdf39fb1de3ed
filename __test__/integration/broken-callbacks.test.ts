/**
 * Functions of programs that throw or give values of any kind, wherever the library calls one: loggers, interceptors, listeners,
 * clean-ups, services that are called back, and `access.admit`. Each ends at most its own call. No rejection goes unhandled, and
 * client and server close.
 */
import { AsterClient, AsterServer, Code, implement, type Logger } from "aster-rpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failureOf } from "../boundary/support/until.js";
import { credential, newNode, newRoot } from "../unit/support/credentials.ts";
import { brokenFunctions } from "./fixtures/hostile-values.ts";
import { local, localClient } from "./fixtures/nodes.ts";
import { Alone, InSession, type Item, type Target } from "./fixtures/patterns.ts";

const handlers = {
  ping: (item: Item) => item,
  one: (item: Item) => item,
  down: ({ n }: Item) => [{ n }, { n }],
  async up(items: AsyncIterable<Item>) {
    let n = 0;
    for await (const item of items) n += item.n;
    return { n };
  },
  async *both(items: AsyncIterable<Item>) {
    yield* items;
  },
};
const services = [implement(Alone, handlers), implement(InSession, () => handlers)];

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
const open: { close(): Promise<unknown> }[] = [];
beforeEach(() => {
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

async function pair(server: object = {}, client: object = {}) {
  const started = await AsterServer.start({ ...local, access: "open", services, ...server });
  open.push(started);
  const connected = await AsterClient.connect(started.ticket, { ...localClient, ...client });
  open.push(connected);
  return { server: started, client: connected };
}

async function drained(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

/** A call of each pattern. */
const calls = (on: Target): (() => Promise<unknown>)[] => [
  () => on.one({ n: 1 }),
  () => drained(on.down({ n: 1 })),
  () => on.up([{ n: 1 }]),
  async () => {
    const chat = on.both();
    await chat.send({ n: 1 });
    await chat.end();
    await drained(chat);
  },
];

async function allWork(on: Target): Promise<void> {
  for (const call of calls(on)) await call();
}

async function allFail(on: Target, expected: object): Promise<void> {
  for (const call of calls(on)) expect(await failureOf(call())).toMatchObject(expected);
}

const INTERNAL = { code: Code.INTERNAL, isLocal: false };

describe.each(brokenFunctions)("a function that %s", (_, broken) => {
  const logger = { debug: broken, info: broken, warn: broken, error: broken } as Logger;

  it("as a logger of both sides changes no call", async () => {
    const failing = implement(Alone, { ...handlers, ping: () => ({}) as never });
    const { client } = await pair({ logger, services: [failing] }, { logger });
    expect(await failureOf(client.stub(Alone).ping({ n: 1 }))).toMatchObject(INTERNAL);
    await allWork(client.stub(Alone));
  });

  it("as an interceptor of the server fails its calls with INTERNAL", async () => {
    const { client } = await pair({ interceptors: [() => broken] });
    await allFail(client.stub(Alone), INTERNAL);
  });

  it("as an interceptor of the client ends its calls, and no others", async () => {
    const { client } = await pair();
    // What it throws or gives is the outcome of the call.
    const watched = client.stub(Alone, { interceptors: [() => broken as () => Promise<unknown>] });
    for (const call of calls(watched)) await call().catch(() => {});
    await allWork(client.stub(Alone));
  });

  it("as a listener or the clean-up of a session changes no call, and the session ends", async () => {
    const session = implement(InSession, (opened) => {
      opened.onClose(broken);
      opened.signal.addEventListener("abort", broken);
      opened.signal.onabort = broken;
      return Object.assign(Object.create({ [Symbol.asyncDispose]: broken }), handlers);
    });
    const { client, server } = await pair({ services: [session] });
    const opened = await client.session(InSession);
    await allWork(opened);
    await opened.close();
    await server.drain({ timeoutMs: 0 });
  });

  it("as a handler that is called back fails its calls with INTERNAL", async () => {
    const back = implement(Alone, {
      ping: broken,
      one: broken,
      down: broken,
      up: broken,
      both: broken,
    } as never);
    const { client, server } = await pair({}, { services: [back] });
    await client.stub(Alone).ping({ n: 1 });
    const [peer] = server.peers();
    if (peer === undefined) throw new Error("the client is not connected");
    await allFail(peer.stub(Alone), INTERNAL);
    await allWork(client.stub(Alone));
  });

  it("as `access.admit` refuses the peer", async () => {
    const root = newRoot();
    const node = newNode();
    const access = { rootPublicKey: root.publicKey, admit: broken };
    const document = credential(root, { endpointId: node.endpointId });
    const connecting = pair({ access }, { secretKey: node.secretKey, credential: document });
    expect(await failureOf(connecting)).toMatchObject({ code: Code.PERMISSION_DENIED });
  });
});
