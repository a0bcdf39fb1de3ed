/**
 * Messages that are short on the wire and large when decoded: the call ends with RESOURCE_EXHAUSTED, on a server and on a
 * client, and the process serves the next call.
 */
import { AsterClient, AsterServer, Code, implement, message, type Stub, service, t, unary } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const Blobs = message("hostile/Blobs", { list: t.list(t.bytes) });
const Wide = message("hostile/Wide", {
  a: t.list(t.int).default([1, 2, 3]),
  b: t.map(t.string, t.int).default(new Map([["k", 1]])),
});
const Wides = message("hostile/Wides", { list: t.list(Wide) });
const Any = message("hostile/Any", { any: t.any });
const Count = message("hostile/Count", { count: t.int });
const Bombs = service(
  "Bombs",
  { version: 1 },
  {
    take: unary(Blobs, Count),
    takeAny: unary(Any, Count),
    give: unary(Count, Blobs),
    giveAny: unary(Count, Any),
  },
);
const Texts = service(
  "Texts",
  { version: 1, modes: ["json"] },
  { take: unary(Wides, Count), give: unary(Count, Wides) },
);

const blobs = (count: number) => ({ list: Array<Uint8Array>(count).fill(new Uint8Array(0)) });
const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;

let server: AsterServer;
let client: AsterClient;
let bombs: Stub<typeof Bombs>;

beforeAll(async () => {
  server = await AsterServer.start({
    services: [
      implement(Bombs, {
        take: ({ list }) => ({ count: list.length }),
        takeAny: ({ any }) => ({ count: (any as unknown[]).length }),
        give: ({ count }) => blobs(count),
        giveAny: ({ count }) => ({ any: Array.from({ length: count }, () => new Map()) }),
      }),
      implement(Texts, {
        take: ({ list }) => ({ count: list.length }),
        give: ({ count }) => ({ list: Array.from({ length: count }, () => ({ a: [], b: new Map() })) }),
      }),
    ],
    access: "open",
    identity: "ephemeral",
    ...local,
  });
  client = await AsterClient.connect(server.ticket, { relay: "disabled" });
  bombs = client.stub(Bombs);
});
afterAll(async () => {
  await client.close();
  await server.close();
});

const exhausted = { code: Code.RESOURCE_EXHAUSTED, reason: "LIMIT_EXCEEDED" };

describe("a server", () => {
  it("refuses a request that becomes larger than 64 MiB, and serves the next one", async () => {
    await expect(bombs.take(blobs(400_000))).rejects.toMatchObject({ ...exhausted, isLocal: false });
    expect(await bombs.take(blobs(1000))).toEqual({ count: 1000 });
  });

  it("refuses such a value of t.any", async () => {
    const any = Array.from({ length: 400_000 }, () => new Map());
    await expect(bombs.takeAny({ any })).rejects.toMatchObject({ ...exhausted, isLocal: false });
    expect(await bombs.takeAny({ any: [] })).toEqual({ count: 0 });
  });

  it("refuses JSON text whose members are left out and have large defaults", async () => {
    const proxy = client.proxy("Texts");
    const empty = Array.from({ length: 200_000 }, () => ({}));
    await expect(proxy.call("take", { list: empty })).rejects.toMatchObject({ ...exhausted, isLocal: false });
    expect(await proxy.call("take", { list: [{}] })).toEqual({ count: 1 });
  });
});

describe("a client", () => {
  it("refuses a response that becomes larger than 64 MiB, and keeps its connection", async () => {
    await expect(bombs.give({ count: 400_000 })).rejects.toMatchObject({ ...exhausted, isLocal: true });
    await expect(bombs.giveAny({ count: 400_000 })).rejects.toMatchObject({ ...exhausted, isLocal: true });
    expect((await bombs.give({ count: 10 })).list.length).toBe(10);
  });
});

describe("limits.maxDecodedBytes", () => {
  it("of a server is the limit of its requests", async () => {
    const strict = await AsterServer.start({
      services: [
        implement(Texts, { take: ({ list }) => ({ count: list.length }), give: () => ({ list: [] }) }),
      ],
      access: "open",
      identity: "ephemeral",
      limits: { maxDecodedBytes: 100_000 },
      ...local,
    });
    const other = await AsterClient.connect(strict.ticket, { relay: "disabled" });
    const { take } = other.stub(Texts);
    const wide = { a: [], b: new Map() };
    expect(await take({ list: [wide] })).toEqual({ count: 1 });
    await expect(take({ list: Array.from({ length: 1000 }, () => wide) })).rejects.toMatchObject(exhausted);
    await other.close();
    await strict.close();
  });

  it("of a client is the limit of its responses", async () => {
    const strict = await AsterClient.connect(server.ticket, {
      relay: "disabled",
      limits: { maxDecodedBytes: 100_000 },
    });
    const { give } = strict.stub(Bombs);
    await expect(give({ count: 1000 })).rejects.toMatchObject({ ...exhausted, isLocal: true });
    expect((await give({ count: 10 })).list.length).toBe(10);
    await expect(strict.proxy("Texts").call("give", { count: 1000 })).rejects.toMatchObject(exhausted);
    await strict.close();
  });
});
