/** Which AsyncLocalStorage store handlers and callers see, with the real addon. */
import { AsyncLocalStorage } from "node:async_hooks";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  AsterClient,
  AsterServer,
  bidiStream,
  clientStream,
  implement,
  message,
  type ServerInterceptor,
  serverStream,
  service,
  t,
  unary,
} from "../../../ts/src/index.js";

const Item = message("unit/Item", { id: t.int });
const Store = service(
  "Store",
  {},
  { get: unary(Item, Item), list: serverStream(Item, Item), put: clientStream(Item, Item) },
);
const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;
const storage = new AsyncLocalStorage<string>();
const seen: (string | undefined)[] = [];

// The first use of the package: the port of this thread is opened inside of a store.
const server = await storage.run("opener", () =>
  AsterServer.start({
    ...local,
    identity: "ephemeral",
    access: "open",
    services: [
      implement(Store, {
        get(item) {
          seen.push(storage.getStore());
          // A store that a handler enters is valid only for that handler.
          storage.enterWith(`handler ${item.id}`);
          return item;
        },
        async *list(item) {
          seen.push(storage.getStore());
          yield item;
          seen.push(storage.getStore());
        },
        async put(items) {
          let id = 0;
          for await (const item of items) {
            seen.push(storage.getStore());
            id += item.id;
          }
          return { id };
        },
      }),
    ],
  }),
);
const client = await storage.run("dialler", () => AsterClient.connect(server.ticket, local));
const store = client.stub(Store);
afterAll(async () => {
  await client.close();
  await server.close();
});

it("handlers see no store: neither that of the code that opened the port, nor a caller's, nor another handler's", async () => {
  seen.length = 0;
  await storage.run("caller", () => Promise.all([1, 2, 3].map((id) => store.get({ id }))));
  await store.get({ id: 4 });
  expect(seen).toEqual([undefined, undefined, undefined, undefined]);
});

it("handlers of streams see no store either, at any step", async () => {
  seen.length = 0;
  await storage.run("caller", async () => {
    for await (const _ of store.list({ id: 1 }));
    await store.put([{ id: 1 }, { id: 2 }]);
  });
  expect(seen).toEqual([undefined, undefined, undefined, undefined]);
});

it("callers keep their own store during a call", async () => {
  const stores = await Promise.all(
    ["a", "b"].map((name) =>
      storage.run(name, async () => {
        await store.get({ id: 1 });
        const first = storage.getStore();
        for await (const _ of store.list({ id: 1 })) expect(storage.getStore()).toBe(name);
        return [first, storage.getStore()];
      }),
    ),
  );
  expect(stores).toEqual([
    ["a", "a"],
    ["b", "b"],
  ]);
});

describe("a store that an interceptor enters around the handler", () => {
  const Chat = service(
    "Chat",
    {},
    {
      get: unary(Item, Item),
      list: serverStream(Item, Item),
      put: clientStream(Item, Item),
      talk: bidiStream(Item, Item),
      plain: serverStream(Item, Item),
      array: serverStream(Item, Item),
    },
  );
  let ended = (): void => {};
  const note = (step: string) => seen.push(`${step} ${storage.getStore()}`);
  const tick = () => new Promise((resolve) => setImmediate(resolve));
  const handlers = implement(Chat, {
    async get(item) {
      note("before");
      await tick();
      note("after");
      return item;
    },
    async *list(item) {
      try {
        note("first");
        yield item;
        await tick();
        note("second");
        yield item;
        note("third");
      } finally {
        note("end");
        ended();
      }
    },
    async put(items) {
      for await (const _ of items) note("item");
      return { id: 0 };
    },
    async *talk(items) {
      for await (const item of items) {
        note("item");
        yield item;
      }
      note("end");
    },
    *plain(item) {
      note("first");
      yield item;
      note("second");
    },
    array: (item) => [item, item],
  });
  let count = 0;
  const entering: ServerInterceptor = (next) => (call) => {
    count += 1;
    return storage.run(`call ${count}`, () => next(call));
  };
  const passing: ServerInterceptor = (next) => async (call) => next(call);
  let chatServer: AsterServer;
  let chatClient: AsterClient;
  beforeAll(async () => {
    chatServer = await AsterServer.start({
      ...local,
      identity: "ephemeral",
      access: "open",
      services: [handlers],
      interceptors: [passing, entering, passing],
    });
    chatClient = await AsterClient.connect(chatServer.ticket, local);
  });
  afterAll(async () => {
    await chatClient.close();
    await chatServer.close();
  });
  beforeEach(() => {
    seen.length = 0;
    count = 0;
  });
  const drain = async (items: AsyncIterable<unknown>): Promise<number> => {
    let read = 0;
    for await (const _ of items) read += 1;
    return read;
  };

  it("holds in unary and client-stream handlers", async () => {
    const chat = chatClient.stub(Chat);
    await chat.get({ id: 1 });
    await chat.put([{ id: 1 }, { id: 2 }]);
    expect(seen).toEqual(["before call 1", "after call 1", "item call 2", "item call 2"]);
  });

  it("holds at each step of async and sync generators", async () => {
    const chat = chatClient.stub(Chat);
    expect(await drain(chat.list({ id: 1 }))).toBe(2);
    expect(await drain(chat.plain({ id: 1 }))).toBe(1);
    expect(seen).toEqual([
      "first call 1",
      "second call 1",
      "third call 1",
      "end call 1",
      "first call 2",
      "second call 2",
    ]);
    expect(await drain(chat.array({ id: 1 }))).toBe(2);
  });

  it("holds in a bidi handler, separately for calls at one time", async () => {
    const chat = chatClient.stub(Chat);
    const [a, b] = [chat.talk(), chat.talk()];
    for (const id of [1, 2]) {
      await Promise.all([a.send({ id }), b.send({ id })]);
      await Promise.all([a.next(), b.next()]);
    }
    await Promise.all([a.end(), b.end()]);
    await Promise.all([drain(a), drain(b)]);
    expect([...seen].sort()).toEqual([
      "end call 1",
      "end call 2",
      "item call 1",
      "item call 1",
      "item call 2",
      "item call 2",
    ]);
  });

  it("holds in the clean-up of a generator whose caller has left", async () => {
    const left = new Promise<void>((resolve) => {
      ended = resolve;
    });
    for await (const _ of chatClient.stub(Chat).list({ id: 1 })) break;
    await left;
    expect(seen.at(-1)).toBe("end call 1");
  });
});
