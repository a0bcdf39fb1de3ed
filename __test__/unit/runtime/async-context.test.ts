/** Which AsyncLocalStorage store handlers and callers see, with the real addon. */
import { AsyncLocalStorage } from "node:async_hooks";
import { afterAll, expect, it } from "vitest";
import {
  AsterClient,
  AsterServer,
  clientStream,
  implement,
  message,
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
