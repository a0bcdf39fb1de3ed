/** Recording calls, and making or answering them again. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  AsterError,
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
import { type LocalPair, localPair, type Recording, record, replay } from "aster-rpc/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { failureOf } from "../boundary/support/until.js";

const Value = message("record/Value", {
  id: t.int,
  secret: t.string.default(""),
  big: t.bigint.default(0n),
  data: t.bytes.default(new Uint8Array()),
  when: t.timestamp.default(new Date(0)),
  map: t.map(t.string, t.int).default(new Map()),
  set: t.set(t.string).default(new Set()),
  floats: t.float64Array.default(new Float64Array()),
  real: t.float.default(0),
});

const Kinds = service(
  "Kinds",
  { version: 1 },
  {
    one: unary(Value, Value),
    many: serverStream(Value, Value),
    sumUp: clientStream(Value, Value),
    both: bidiStream(Value, Value),
    fail: unary(Value, Value),
  },
);

/** `step` is what a response adds: another one gives other responses. */
const kinds = (step = 1) =>
  implement(Kinds, {
    one: (value) => ({ ...value, id: value.id + step }),
    *many({ id }) {
      for (let n = 0; n < id; n++) yield { id: n * step };
    },
    async sumUp(values) {
      let id = 0;
      for await (const value of values) id += value.id * step;
      return { id };
    },
    async *both(values) {
      for await (const value of values) yield { ...value, id: value.id + step };
    },
    fail: () => {
      throw new AsterError(Code.NOT_FOUND, "nothing here", { details: { secret: "s3", where: "there" } });
    },
  });

const full = {
  id: 1,
  secret: "s3cret",
  big: 2n ** 60n,
  data: Uint8Array.of(1, 2, 3),
  when: new Date("2026-01-02T03:04:05.678Z"),
  map: new Map([["a", 1]]),
  set: new Set(["x", "y"]),
  floats: Float64Array.of(1.5, -0),
  real: Number.NaN,
};

let folder: string;
let pair: LocalPair;
let file: string;
let files = 0;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-record-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => pair.close());

/** Calls of every kind, recorded. */
async function recorded(side: "client" | "server", mask: readonly string[] = []): Promise<string> {
  file = path.join(folder, `${++files}.jsonl`);
  const tape: Recording = record({ file, mask });
  pair = await localPair(
    [kinds()],
    side === "client" ? { clientInterceptors: [tape.client] } : { serverInterceptors: [tape.server] },
  );
  const stub = pair.stub(Kinds);
  await stub.one(full, { metadata: { secret: "token", plain: "text" } });
  for await (const _ of stub.many({ id: 3 }));
  await stub.sumUp([{ id: 1 }, { id: 2 }]);
  const chat = stub.both();
  for (const id of [1, 2]) await chat.send({ id });
  await chat.end();
  for await (const _ of chat);
  await failureOf(stub.fail({ id: 1 }));
  await pair.close();
  return file;
}

describe.each(["client", "server"] as const)("a recording of a %s", (side) => {
  it("has every call with its messages and its end", async () => {
    const { calls } = replay(await recorded(side));
    const seen = calls.map(({ method, requests, responses, code }) => [
      method,
      requests.length,
      responses.length,
      code,
    ]);
    expect(seen).toEqual([
      ["one", 1, 1, 0],
      ["many", 1, 3, 0],
      ["sum_up", 2, 1, 0],
      ["both", 2, 2, 0],
      ["fail", 1, 0, 5],
    ]);
    expect(calls.every((call) => call.side === side && call.service === "Kinds")).toBe(true);
    expect(calls[4]).toMatchObject({ message: "nothing here", details: { where: "there" } });
  });

  it("contains no masked value", async () => {
    const text = readFileSync(await recorded(side, ["secret", "data", "big"]), "utf8");
    for (const hidden of ["s3cret", "token", '"s3"', "AQID", String(2n ** 60n)])
      expect(text).not.toContain(hidden);
    expect(text).toContain("text");
  });
});

describe("replay", () => {
  it("makes the calls again and finds no difference at an equal server", async () => {
    const tape = replay(await recorded("client"));
    pair = await localPair([kinds()]);
    expect(await tape.run(pair.client, [Kinds])).toEqual([]);
  });

  it("names each call that ends otherwise", async () => {
    const tape = replay(await recorded("client"));
    pair = await localPair([kinds(2)]);
    const found = await tape.run(pair.client, [Kinds]);
    expect(found.map(({ call }) => call.method)).toEqual(["one", "many", "sum_up", "both"]);
    expect(found[0]?.was).toContain('"id":2');
    expect(found[0]?.is).toContain('"id":3');
  });

  it("answers as in the recording, without the service", async () => {
    const tape = replay(await recorded("server", ["secret"]));
    pair = await localPair([tape.implement(Kinds)]);
    const stub = pair.stub(Kinds);
    expect(await stub.one({ ...full, secret: "another" })).toMatchObject({ ...full, id: 2, secret: "***" });
    const many: number[] = [];
    for await (const { id } of stub.many({ id: 3 })) many.push(id);
    expect(many).toEqual([0, 1, 2]);
    expect(await stub.sumUp([{ id: 1 }, { id: 2 }])).toMatchObject({ id: 3 });
    expect(await failureOf(stub.fail({ id: 1 }))).toMatchObject({
      code: Code.NOT_FOUND,
      rawMessage: "nothing here",
    });
    expect(await failureOf(stub.one({ id: 99 }))).toMatchObject({ reason: "NOT_RECORDED" });
  });

  it("refuses a value with a cycle", async () => {
    file = path.join(folder, `${++files}.jsonl`);
    pair = await localPair([kinds()], { clientInterceptors: [record({ file }).client] });
    const ring: Record<string, unknown> = { id: 1 };
    ring.secret = ring;
    expect(await failureOf(pair.stub(Kinds).one(ring as never))).toMatchObject({
      code: Code.INVALID_ARGUMENT,
    });
    expect(await failureOf(replay(file).run(pair.client, [Kinds]))).toBeInstanceOf(TypeError);
  });
});
