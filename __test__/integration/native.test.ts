/** NATIVE mode between two nodes: the four patterns, the choice of the mode, and the errors of peers that do not have it. */
import {
  AsterClient,
  AsterError,
  AsterServer,
  bidiStream,
  Code,
  clientStream,
  implement,
  message,
  type Service,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { MessageCodec } from "../../dist/message.js";
import { type BoundMethod, bindService } from "../../dist/service/binding.js";
import { JsValueMaker } from "../fuzz/support/js-values.ts";
import { Random } from "../fuzz/support/random.ts";
import { difference } from "../fuzz/support/same-clone.ts";
import { local } from "./fixtures/nodes.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function started(implementation: ReturnType<typeof implement>): Promise<AsterClient> {
  const server = await AsterServer.start({ ...local, access: "open", services: [implementation] });
  closing.push(() => server.close());
  const client = await AsterClient.connect(server.ticket, { relay: "disabled" });
  closing.push(() => client.close());
  return client;
}

async function failure(run: () => unknown): Promise<AsterError> {
  try {
    await run();
  } catch (error) {
    expect(error).toBeInstanceOf(AsterError);
    return error as AsterError;
  }
  throw new Error("it did not fail");
}

const Item = message("native/Item", {
  name: t.string,
  count: t.int,
  price: t.float,
  more: t.optional(t.string),
});
const Sum = message("native/Sum", { names: t.list(t.string), count: t.int });
const methods = {
  echo: unary(Item, Item),
  find: unary(Item, t.optional(Item)),
  repeat: serverStream(Item, Item),
  collect: clientStream(Item, Sum),
  talk: bidiStream(Item, Item),
};
const Shop = service("NativeShop", { modes: ["native", "xlang"] }, methods);
const item = (count: number) => ({ name: `Zoë ${count} €`, count, price: count / 2, more: null });

const shop = implement(Shop, {
  echo: (request) => request,
  find: (request) => (request.count === 0 ? null : request),
  *repeat(request) {
    for (let count = 0; count < request.count; count++) yield { ...request, count };
  },
  async collect(requests) {
    const names: string[] = [];
    for await (const { name } of requests) names.push(name);
    return { names, count: names.length };
  },
  async *talk(requests) {
    for await (const request of requests) yield { ...request, count: request.count + 1 };
  },
});

describe("a service with the modes native and xlang", () => {
  it("answers all four patterns in NATIVE mode to a client with the same schemas", async () => {
    const client = await started(shop);
    const { native } = bindService(Shop as Service).methods[0] as BoundMethod;
    const written = vi.spyOn(native?.request as MessageCodec, "write");
    const stub = client.stub(Shop);
    expect(await stub.echo(item(7))).toEqual(item(7));
    expect(written).toHaveBeenCalledTimes(1);
    written.mockRestore();
    expect(await stub.find(item(0))).toBe(null);
    expect(await stub.find(item(1))).toEqual(item(1));
    const repeated = [];
    for await (const answer of stub.repeat(item(300))) repeated.push(answer.count);
    expect(repeated).toEqual(Array.from({ length: 300 }, (_, count) => count));
    const sum = await stub.collect([item(1), item(2)]);
    expect(sum).toEqual({ names: [item(1).name, item(2).name], count: 2 });
    const chat = stub.talk();
    await chat.send(item(5));
    expect((await chat.next()).value).toEqual({ ...item(5), count: 6 });
    await chat.end();
  });

  it("compresses large messages as in XLANG", async () => {
    const client = await started(shop);
    const long = { ...item(1), name: "abc".repeat(500_000) };
    expect(await client.stub(Shop, { compress: "always" }).echo(long)).toEqual(long);
  });

  it("answers in XLANG and JSON when a client asks for these", async () => {
    const client = await started(shop);
    for (const mode of ["xlang", "json"] as const) {
      expect(await client.stub(Shop, { mode }).echo(item(2))).toEqual(item(2));
    }
    expect(await client.stub(Shop, { contract: "ignore" }).echo(item(3))).toEqual(item(3));
  });

  it("prefers the mode that the service lists first", async () => {
    const Xlang = service("XlangShop", { modes: ["xlang", "native"] }, { echo: unary(Item, Item) });
    const client = await started(implement(Xlang, { echo: (request) => request }));
    const { native } = bindService(Xlang as Service).methods[0] as BoundMethod;
    const written = vi.spyOn(native?.request as MessageCodec, "write");
    expect(await client.stub(Xlang).echo(item(1))).toEqual(item(1));
    expect(written).not.toHaveBeenCalled();
    expect(await client.stub(Xlang, { mode: "native" }).echo(item(1))).toEqual(item(1));
    expect(written).toHaveBeenCalledTimes(1);
  });

  it("uses NATIVE mode where the same type has another representation in JavaScript", async () => {
    const Wide = message("native/Item", {
      name: t.string,
      count: t.bigint,
      price: t.float,
      more: t.optional(t.string),
    });
    const Other = service("Wide", { modes: ["native", "xlang"] }, { echo: unary(Item, Item) });
    const Same = service("Wide", { modes: ["native", "xlang"] }, { echo: unary(Wide, Wide) });
    const client = await started(implement(Other, { echo: (request) => request }));
    const answer = await client.stub(Same, { mode: "native" }).echo({ ...item(4), count: 4n });
    expect(answer).toEqual({ ...item(4), count: 4n });
  });

  it("announces NATIVE mode as an extension, and in no member that other languages read", async () => {
    const client = await started(shop);
    expect(client.services).toMatchObject([{ modes: [], extensions: { native: "1" } }]);
  });
});

describe("a service with t.js", () => {
  const Store = service(
    "Store",
    { modes: ["native"] },
    {
      swap: unary(t.js, t.js),
      watch: serverStream(t.js, t.js),
      put: clientStream(t.js, t.js),
      talk: bidiStream(t.js, t.js),
    },
  );
  const store = implement(Store, {
    swap: (value) => value,
    *watch(values) {
      yield* values as unknown[];
    },
    async put(values) {
      const all: unknown[] = [];
      for await (const value of values) all.push(value);
      return all;
    },
    talk: (values) => values,
  });

  it("carries what structuredClone takes, in all four patterns", async () => {
    const stub = (await started(store)).stub(Store);
    const values = Array.from({ length: 40 }, (_, seed) => new JsValueMaker(new Random(seed + 1)).value());
    values.push(undefined, new Map([[{ key: 1 }, new Set([1n])]]), new Error("e"));
    const same = (read: unknown, value: unknown) =>
      expect(difference(read, structuredClone(value))).toBeNull();
    for (const value of values) same(await stub.swap(value), value);
    const watched: unknown[] = [];
    for await (const value of stub.watch(values)) watched.push(value);
    for (const [index, value] of values.entries()) same(watched[index], value);
    const put = (await stub.put(values)) as unknown[];
    for (const [index, value] of values.entries()) same(put[index], value);
    const talk = stub.talk();
    await talk.send(undefined);
    expect(await talk.next()).toEqual({ done: false, value: undefined });
    await talk.end();
  });

  it("refuses values that cannot be sent, before they are sent", async () => {
    const stub = (await started(store)).stub(Store);
    const refused = await failure(() => stub.swap({ run: () => 1 }));
    expect(refused).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: true });
  });

  it("says so to calls in other modes", async () => {
    const client = await started(store);
    expect(client.services[0]?.modes).toEqual(["native"]);
    const refused = await failure(() => client.proxy("Store").call("swap", 1));
    expect(refused).toMatchObject({ code: Code.FAILED_PRECONDITION, reason: "NATIVE_ONLY" });
    expect(refused.rawMessage).toContain("only takes calls in NATIVE mode");
    for (const options of [{ mode: "xlang" }, { mode: "json" }, { contract: "ignore" }] as const) {
      const local = await failure(() => client.stub(Store, options));
      expect(local).toMatchObject({
        code: Code.FAILED_PRECONDITION,
        reason: "NATIVE_NOT_AGREED",
        notSent: true,
      });
    }
  });

  it("must list native alone", () => {
    const js = unary(t.js, t.js);
    expect(() => service("A", {}, { js }).contractId).toThrow('A.modes: must be ["native"]');
    expect(() => service("A", { modes: ["native", "xlang"] }, { js }).contractId).toThrow(TypeError);
    const Holder = message("native/Holder", { list: t.list(t.js) });
    expect(() => service("A", {}, { echo: unary(Holder, Item) }).contractId).toThrow("uses t.js");
  });
});
