/** Our client in sessions of a Python server. */
import { type AsterClient, type AsterError, Code, type SessionStub } from "aster-rpc";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { RefSession } from "./ref-session/contract.ts";
import { connect, failure } from "./support/calls.ts";
import { describeInterop, type PythonServer, startPythonServer } from "./support/python.ts";

let server: PythonServer;
let client: AsterClient;

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describeInterop("sessions of a Python server", () => {
  beforeAll(async () => {
    server = await startPythonServer();
    client = await connect(server.ticket);
  }, 60_000);
  afterAll(async () => {
    await client?.close();
    await server?.stop();
  });

  for (const mode of ["xlang", "json"] as const) describeInterop(`in ${mode} mode`, () => inMode(mode));

  it("carry calls without a schema", async () => {
    const session = await client.sessionProxy("RefSession");
    expect(await session.call("add", { value: 4 })).toEqual({ total: 4, items: 1 });
    expect(await collect(session.serverStream("count", { n: 2 }))).toHaveLength(2);
    expect(await session.call("get", {})).toEqual({ total: 6, items: 1 });
    await session.close();
  });
});

function inMode(mode: "xlang" | "json"): void {
  let session: SessionStub<typeof RefSession>;
  beforeEach(async () => {
    session = await client.session(RefSession, { mode });
  });
  afterEach(() => session.close());

  it("carry calls of all patterns to one object", async () => {
    expect(await session.add({ value: 5 })).toEqual({ total: 5, items: 1 });
    expect(await session.add({ value: -2 })).toEqual({ total: 3, items: 2 });
    expect(await collect(session.count({ n: 3, start: 7 }))).toEqual(
      [7, 8, 9].map((index) => ({ index, text: "" })),
    );
    expect(await session.get({})).toEqual({ total: 6, items: 2 });
    expect(await session.sum([{ value: 1 }, { value: 2 }])).toEqual({ total: 9, items: 4 });
    const chat = session.chat();
    await chat.send({ index: 1, text: "a" });
    expect((await chat.next()).value).toEqual({ index: 2, text: "A" });
    await chat.send({ index: 2, text: "b" });
    await chat.end();
    expect(await collect(chat)).toEqual([{ index: 4, text: "B" }]);
    expect(await session.get({})).toEqual({ total: 9, items: 4 });
  });

  it("tell the handler the id of the session, the peer and the metadata", async () => {
    const seen = await session.whoami({}, { metadata: { k: "v" } });
    expect(seen.sessionId).toBe(session.id);
    expect(Object.fromEntries(seen.metadata)).toEqual({ k: "v" });
    expect(seen.peer).toMatch(/^[0-9a-f]{64}$/);
  });

  it("go on after a failed call", async () => {
    const error: AsterError = await failure(session.fail({ code: 6, message: "in session" }));
    expect([error.code, error.rawMessage]).toEqual([Code.ALREADY_EXISTS, "in session"]);
    const plain = await failure(session.fail({ message: "plain", kind: "value" }));
    expect(plain.code).toBe(Code.INTERNAL);
    expect(await session.get({})).toEqual({ total: 0, items: 0 });
  });

  it("go on after a cancelled call and after a deadline", async () => {
    const abort = new AbortController();
    const sleeping = failure(session.sleep({ millis: 20_000 }, { signal: abort.signal }));
    abort.abort();
    expect((await sleeping).code).toBe(Code.CANCELLED);
    expect((await failure(session.sleep({ millis: 20_000 }, { timeoutMs: 100 }))).code).toBe(
      Code.DEADLINE_EXCEEDED,
    );
    for await (const { index } of session.count({ n: 1000, delayMillis: 5 })) if (index === 2) break;
    expect((await session.add({ value: 1 })).items).toBe(1);
  });

  it("carry large answers and many items", async () => {
    const size = 500_000;
    expect((await session.make({ length: size, pattern: "abc" })).text).toHaveLength(size);
    expect(await collect(session.count({ n: 2000 }))).toHaveLength(2000);
    const ones = Array.from({ length: 2000 }, () => ({ value: 1 }));
    expect(await session.sum(ones)).toEqual({ total: 4000, items: 2000 });
  });
}
