/** What calls in NATIVE mode share with all calls: sessions, deadlines, roles, limits on decoded values, and the tools for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  AsterClient,
  AsterError,
  AsterServer,
  bidiStream,
  Code,
  clientStream,
  implement,
  message,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { type Ledger, ledger, localPair, record, replay } from "aster-rpc/testing";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { JsValueMaker } from "../fuzz/support/js-values.ts";
import { Random } from "../fuzz/support/random.ts";
import { difference } from "../fuzz/support/same-clone.ts";
import { credential, newNode, newRoot } from "../unit/support/credentials.ts";
import { local } from "./fixtures/nodes.ts";

const modes = ["native"] as const;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function kept<T extends { close(): Promise<unknown> }>(one: T): T {
  closing.push(() => one.close());
  return one;
}

type Started = Parameters<typeof AsterServer.start>[0];

async function started(
  implementation: ReturnType<typeof implement>,
  server: Partial<Started> = {},
  client: Parameters<typeof AsterClient.connect>[1] = {},
): Promise<AsterClient> {
  const options = { ...local, access: "open", ...server, services: [implementation] };
  const { ticket } = kept(await AsterServer.start(options as Started));
  return kept(await AsterClient.connect(ticket, { relay: "disabled", ...client }));
}

async function failure(run: () => unknown): Promise<AsterError> {
  try {
    await run();
  } catch (error) {
    expect(error).toBeInstanceOf(AsterError);
    return error as AsterError;
  }
  return expect.unreachable("it must fail");
}

describe("a session in NATIVE mode", () => {
  const four = {
    put: unary(t.js, t.js),
    all: serverStream(t.js, t.js),
    fill: clientStream(t.js, t.js),
    swap: bidiStream(t.js, t.js),
    wait: unary(t.js, t.js),
  };
  const Drawer = service("Drawer", { scope: "session", modes }, four);
  const drawers = implement(Drawer, () => {
    const things: unknown[] = [];
    return {
      put: (thing) => things.push(thing),
      *all() {
        yield* things;
      },
      async fill(more) {
        for await (const thing of more) things.push(thing);
        return things.length;
      },
      async *swap(more) {
        for await (const thing of more) yield [thing, things.length];
      },
      wait: (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)),
    };
  });

  it("carries calls of all patterns to one object, with any values", async () => {
    const drawer = await (await started(drawers)).session(Drawer);
    const things = Array.from({ length: 20 }, (_, seed) => new JsValueMaker(new Random(seed + 7)).value());
    expect(await drawer.put(things[0])).toBe(1);
    expect(await drawer.fill(things.slice(1))).toBe(20);
    let at = 0;
    for await (const thing of drawer.all(undefined)) {
      expect(difference(thing, structuredClone(things[at++]))).toBeNull();
    }
    expect(at).toBe(20);
    const swap = drawer.swap();
    await swap.send(new Set([1n]));
    expect(await swap.next()).toEqual({ done: false, value: [new Set([1n]), 20] });
    await swap.end();
    expect(await swap.next()).toEqual({ done: true, value: undefined });
    await drawer.close();
    expect(await drawer.closed).toMatchObject({ by: "client", error: null });
  });

  it("ends a call at its deadline, and goes on", async () => {
    const drawer = await (await started(drawers)).session(Drawer);
    const late = await failure(() => drawer.wait(null, { timeoutMs: 20 }));
    expect(late.code).toBe(Code.DEADLINE_EXCEEDED);
    expect(await drawer.put(1)).toBe(1);
  });

  it("takes no sessions in other modes", async () => {
    const client = await started(drawers);
    const local = await failure(() => client.session(Drawer, { mode: "json" }));
    expect(local).toMatchObject({ reason: "NATIVE_NOT_AGREED", notSent: true });
    const { closed } = await client.sessionProxy("Drawer");
    const { error } = await closed;
    expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, reason: "NATIVE_ONLY" });
  });
});

describe("a call in NATIVE mode", () => {
  it("ends at its deadline, which the handler sees", async () => {
    const Slow = service("Slow", { modes }, { wait: unary(t.js, t.js) });
    let deadline: Date | null = null;
    const slow = implement(Slow, {
      wait: (_, context) => {
        deadline = context.deadline;
        return new Promise((_, reject) => context.signal.addEventListener("abort", reject));
      },
    });
    const stub = (await started(slow)).stub(Slow);
    expect((await failure(() => stub.wait(1, { timeoutMs: 50 }))).code).toBe(Code.DEADLINE_EXCEEDED);
    expect(deadline).toBeInstanceOf(Date);
  });

  it("needs the roles of its method, before its request is read", async () => {
    const Vault = service(
      "NativeVault",
      { modes, requires: "reader" },
      { read: unary(t.js, t.js), write: unary(t.js, t.js, { requires: "writer" }) },
    );
    const root = newRoot();
    const vault = implement(Vault, { read: () => new Map([[1, "read"]]), write: () => "written" });
    const node = newNode();
    const text = credential(root, { endpointId: node.endpointId, roles: "reader" });
    const client = await started(
      vault,
      { access: { rootPublicKey: root.publicKey } },
      { secretKey: node.secretKey, credential: text },
    );
    const stub = client.stub(Vault);
    expect(await stub.read({})).toEqual(new Map([[1, "read"]]));
    const refused = await failure(() => stub.write({}));
    expect(refused).toMatchObject({ code: Code.PERMISSION_DENIED, reason: "MISSING_ROLE" });
  });
});

describe("the limits on decoded values in NATIVE mode", () => {
  const Blobs = message("native/Blobs", { list: t.list(t.bytes) });
  const Bombs = service(
    "NativeBombs",
    { modes: ["native", "xlang"] },
    { take: unary(Blobs, t.int), give: unary(t.int, Blobs) },
  );
  const JsBombs = service("JsBombs", { modes }, { take: unary(t.js, t.js), give: unary(t.js, t.js) });
  const blobs = (count: number) => ({ list: Array<Uint8Array>(count).fill(new Uint8Array(0)) });
  const maps = (count: number) => Array.from({ length: count }, () => new Map());
  const exhausted = { code: Code.RESOURCE_EXHAUSTED, reason: "LIMIT_EXCEEDED" };
  const limits = { maxDecodedBytes: 100_000 };
  const bombs = implement(Bombs, { take: ({ list }) => list.length, give: (count) => blobs(count) });
  const jsBombs = implement(JsBombs, {
    take: (value) => (value as unknown[]).length,
    give: (count) => maps(count as number),
  });

  it("are 64 MiB, on both sides", async () => {
    const stub = (await started(bombs)).stub(Bombs, { mode: "native" });
    expect(await failure(() => stub.take(blobs(400_000)))).toMatchObject({ ...exhausted, isLocal: false });
    expect(await failure(() => stub.give(400_000))).toMatchObject({ ...exhausted, isLocal: true });
    expect(await stub.take(blobs(1000))).toBe(1000);
    const js = (await started(jsBombs)).stub(JsBombs);
    expect(await failure(() => js.take(maps(500_000)))).toMatchObject({ ...exhausted, isLocal: false });
    expect(await failure(() => js.give(500_000))).toMatchObject({ ...exhausted, isLocal: true });
    expect(await js.take(maps(1000))).toBe(1000);
  });

  it("of a server and of a client can be set", async () => {
    const strict = (await started(jsBombs, { limits })).stub(JsBombs);
    expect(await failure(() => strict.take(maps(2000)))).toMatchObject({ ...exhausted, isLocal: false });
    expect(await strict.take(maps(10))).toBe(10);
    const careful = (await started(jsBombs, {}, { limits })).stub(JsBombs);
    expect(await failure(() => careful.give(2000))).toMatchObject({ ...exhausted, isLocal: true });
    expect(await careful.take(maps(2000))).toBe(2000);
  });
});

describe("the tools for tests in NATIVE mode", () => {
  const Store = service(
    "NativeStore",
    { modes },
    { swap: unary(t.js, t.js), each: serverStream(t.js, t.js) },
  );
  const store = implement(Store, {
    swap: (value) => value,
    *each(values) {
      yield* values as unknown[];
    },
  });
  const values = [
    undefined,
    2n ** 70n,
    -0,
    /a+/giu,
    new TypeError("no", { cause: new Map([[{ a: 1 }, new Set([1])]]) }),
    new Float64Array([1, Number.NaN]),
    new DataView(new ArrayBuffer(3)),
    Uint8Array.of(1, 2).buffer,
    Object("boxed"),
    new Date(Number.NaN),
    Object.assign(new Array(4_000_000_000), { 3: "far" }),
    Object.assign([1, 2], { name: "tagged" }),
    { $map: 1, ["__proto__"]: { own: true } },
  ];

  it("the ledger proves that nothing was lost, in each mode of a service", async () => {
    const Item = message("native/LedgerItem", { id: t.int, text: t.string });
    const Both = service("Both", { modes: ["native", "xlang"] }, { echo: unary(Item, Item) });
    const books: Ledger = ledger();
    const pair = kept(await localPair([store, implement(Both, { echo: (item) => item })], { ledger: books }));
    for (const mode of ["native", "xlang", "json"] as const) {
      await pair.stub(Both, { mode }).echo({ id: 1, text: "é€" });
    }
    for (const value of values) await pair.stub(Store).swap(value);
    for await (const _ of pair.stub(Store).each(values));
    await books.settled();
    expect(books.check()).toEqual([]);
    const items = books.entries.filter(({ event }) => event === "sent").map(({ item }) => item);
    expect(items).toHaveLength(2 * (3 + values.length) + 1 + values.length);
    expect(items).not.toContain("unfit");
  });

  it("the ledger counts messages whose validator changes them", async () => {
    const Length = service(
      "Length",
      { modes },
      { of: unary(t.js(z.string().transform((text) => text.length)), t.js) },
    );
    const books = ledger();
    const pair = kept(await localPair([implement(Length, { of: (length) => length })], { ledger: books }));
    expect(await pair.stub(Length).of("four")).toBe(4);
    await books.settled();
    expect(books.check()).toEqual([]);
  });

  it("recorded calls are made and answered again, with any values", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "aster-native-"));
    closing.push(async () => rmSync(folder, { recursive: true }));
    const file = path.join(folder, "calls.jsonl");
    const pair = kept(await localPair([store], { clientInterceptors: [record({ file }).client] }));
    for (const value of values) await pair.stub(Store).swap(value);
    for await (const _ of pair.stub(Store).each(values));
    const tape = replay(file);
    expect(tape.calls).toHaveLength(values.length + 1);
    const again = kept(await localPair([store]));
    expect(await tape.run(again.client, [Store])).toEqual([]);
    const answered = kept(await localPair([tape.implement(Store)]));
    for (const value of values) {
      expect(difference(await answered.stub(Store).swap(value), structuredClone(value))).toBeNull();
    }
  });
});
