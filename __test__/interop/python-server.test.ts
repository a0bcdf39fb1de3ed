/** The TypeScript client calls the Python server: first what both payload modes support, then what only one supports. */
import { type AsterClient, Code, type Infer, type InferInput, type Stub, service } from "aster-rpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type Bag,
  type Kinds,
  Lab,
  LabNext,
  LabPostponed,
  type Paint,
  pattern,
  type Shape,
} from "./lab/contract.ts";
import { chunks, collect, connect, failure } from "./support/calls.ts";
import { describeInterop, type PythonServer, startPythonServer } from "./support/python.ts";

const fullShape: InferInput<typeof Shape> = {
  name: "Zoë's 三角",
  origin: { x: 1, y: -2 },
  centre: { x: 2 ** 52, y: -(2 ** 52) },
  corners: [
    { x: 0, y: 0 },
    { x: 3, y: 4 },
  ],
  labels: ["", "ü", "€", "😀"],
  weights: [0.5, -1.25, 1e300],
  gaps: [1, null, -3],
  grid: [[1], [], [2, 3]],
  counts: new Map([
    ["a", 1],
    ["", -1],
  ]),
  places: new Map([["hq", { x: 5, y: 6 }]]),
  routes: { r: ["x", "y"], empty: [] },
  remark: "remark",
  limit: 7,
  ratio: -0.5,
  visible: false,
  lineNumber2: 42,
};

let server: PythonServer;
let client: AsterClient;

describeInterop("our client against the Python server", () => {
  beforeAll(async () => {
    server = await startPythonServer();
    client = await connect(server.ticket);
  });

  afterAll(async () => {
    await client?.close();
    await server?.stop();
  });

  it("computes the contract ids that the reference announces", () => {
    expect(Lab.contractId).toBe(server.contracts.Lab);
    expect(LabNext.contractId).toBe(server.contracts.LabNext);
    expect(client.services.map((service) => `${service.name} v${service.version}`)).toEqual([
      "Lab v1",
      "LabNext v3",
      "LabPostponed v1",
      "RefSession v1",
    ]);
  });

  it("accepts the other contract id of a module with postponed annotations", async () => {
    expect(LabPostponed.contractId).not.toBe(server.contracts.LabPostponed);
    const postponed = client.stub(LabPostponed);
    expect(await postponed.ask({ text: "olé" })).toEqual({ text: "élo", length: 3 });
    expect((await collect(postponed.letters({ text: "abc" }))).map((answer) => answer.text)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  it("calls in XLANG where a service prefers NATIVE mode, which Python does not announce", async () => {
    const native = service("LabPostponed", { modes: ["native", "xlang"] }, LabPostponed.methods);
    const stub = client.stub(native, { contract: "ignore" });
    expect(await stub.ask({ text: "olé" })).toEqual({ text: "élo", length: 3 });
    const only = service("LabPostponed", { modes: ["native"] }, LabPostponed.methods);
    expect(() => client.stub(only, { contract: "ignore" })).toThrow("only works in NATIVE mode");
  });

  it("uses the version that a service has", async () => {
    expect(await client.stub(LabNext).text({ text: "v3" })).toEqual({ text: "v3" });
  });

  it.each(["ticket", "node address"])("connects by %s", async (form) => {
    const nodeAddress = Buffer.from(`${server.endpointId}\n\n${server.directAddresses[0]}`).toString(
      "base64",
    );
    const other = await connect(form === "ticket" ? server.ticket : nodeAddress);
    try {
      expect(other.endpointId).toBe(server.endpointId);
      expect(await other.stub(Lab).text({ text: "hello" })).toEqual({ text: "hello" });
    } finally {
      await other.close();
    }
  });

  for (const mode of ["xlang", "json"] as const) describeInterop(`in ${mode} mode`, () => bothModes(mode));
  describeInterop("in xlang mode only", xlangOnly);
  describeInterop("through a proxy", proxied);
});

function bothModes(mode: "xlang" | "json"): void {
  let lab: Stub<typeof Lab>;
  beforeAll(() => {
    lab = client.stub(Lab, { mode });
  });

  it("echoes strings in all three encodings", async () => {
    for (const text of [
      "",
      "ascii",
      "né",
      "€uro 日本",
      "a😀é日",
      '\u0000\n"\\\u2028',
      "x".repeat(127),
      "é".repeat(128),
    ]) {
      expect(await lab.text({ text })).toEqual({ text });
    }
  });

  it("echoes nesting and containers", async () => {
    expect(await lab.shape(fullShape)).toEqual({
      ...fullShape,
      routes: expect.objectContaining(fullShape.routes ?? {}),
    });
    const empty = await lab.shape({});
    expect(empty).toMatchObject({ name: "", corners: [], centre: null, limit: null });
  });

  it("echoes a message without fields", async () => {
    expect(await lab.empty({})).toEqual({});
  });

  it("echoes enums", async () => {
    const paint: Infer<typeof Paint> = {
      hue: "DEEP_BLUE",
      rank: "HIGH",
      second: "GREEN",
      others: ["RED", "GREEN"],
      byName: new Map([["k", "DEEP_BLUE"]]),
    };
    expect(await lab.paint(paint)).toEqual(paint);
  });

  it("sends payloads around and far above the compression threshold", async () => {
    for (const size of [4080, 4090, 4096, 4100, 100_000, mode === "json" ? 4_000_000 : 6_000_000]) {
      const text = pattern(size);
      expect((await lab.text({ text })).text === text).toBe(true);
      expect((await lab.make({ size })).text === text).toBe(true);
    }
  });

  it("returns null when the handler returned None", async () => {
    expect(await lab.nothing({})).toBeNull();
  });

  it("reports every status code that a handler can raise", async () => {
    for (const code of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 101]) {
      const error = await failure(lab.refuse({ code, words: `refused with ${code}` }));
      expect([error.code, error.rawMessage, error.isLocal]).toEqual([code, `refused with ${code}`, false]);
    }
  });

  it("reports an exception of the handler as UNKNOWN with its text, as the reference sends it", async () => {
    const error = await failure(lab.refuse({ words: "bad value" }));
    expect([error.code, error.rawMessage]).toEqual([Code.UNKNOWN, "bad value"]);
  });

  it("ends a call at its deadline", async () => {
    const started = performance.now();
    const error = await failure(lab.wait({ waitMillis: 20_000 }, { timeoutMs: 300 }));
    expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await lab.wait({ waitMillis: 5, words: "in time" }, { timeoutMs: 10_000 })).toEqual({
      text: "in time",
    });
  });

  it("sends metadata and the deadline to the handler", async () => {
    const metadata = { a: "1", "unicode-€": "😀", authorization: "Bearer x", empty: "" };
    const seen = await lab.seen({}, { metadata, timeoutMs: 30_000 });
    expect(Object.fromEntries(seen.metadata)).toEqual(metadata);
    expect(seen.hasDeadline).toBe(true);
    expect(seen.remainingMillis).toBeGreaterThan(15_000);
    expect(seen.remainingMillis).toBeLessThanOrEqual(30_000);
    expect((await lab.seen({})).hasDeadline).toBe(false);
  });

  it("receives ten thousand stream items in order", async () => {
    const items = await collect(lab.count({ count: 10_000 }));
    expect(items.every(({ index }, position) => index === position)).toBe(true);
    expect(items).toHaveLength(10_000);
    expect(await collect(lab.count({ count: 0 }))).toEqual([]);
  });

  it("receives large stream items", async () => {
    const items = await collect(lab.count({ count: 12, size: 70_000 }));
    expect(items.map(({ body }) => body === pattern(70_000))).toEqual(Array(12).fill(true));
  });

  it("delivers the items before an error, and counts them", async () => {
    const seen: number[] = [];
    const read = async () => {
      for await (const { index } of lab.count({ count: 3, code: 8, words: "late" })) seen.push(index);
    };
    const error = await failure(read());
    expect([seen, error.code, error.rawMessage, error.itemsReceived]).toEqual([[0, 1, 2], 8, "late", 3]);
  });

  it("continues to call after a stream that was cancelled", async () => {
    for await (const { index } of lab.count({ count: 1_000_000, size: 100 })) if (index === 2) break;
    expect(await lab.text({ text: "still here" })).toEqual({ text: "still here" });
  });

  it("uploads, in order, by item count and by size", async () => {
    expect(await lab.upload(chunks(0))).toEqual({ items: 0, characters: 0, inOrder: true });
    expect(await lab.upload(chunks(3000, 5))).toEqual({ items: 3000, characters: 15_000, inOrder: true });
    expect(await lab.upload(chunks(10, 60_000))).toEqual({ items: 10, characters: 600_000, inOrder: true });
  });

  it("reports an upload that the handler refuses", async () => {
    const error = await failure(lab.upload([{ index: 0, body: "refuse" }]));
    expect([error.code, error.rawMessage]).toEqual([Code.FAILED_PRECONDITION, "asked to refuse"]);
  });

  it("cancels an upload, which then does not run", async () => {
    const before = await lab.commits({});
    const leave = new AbortController();
    async function* cutShort() {
      yield* chunks(3);
      leave.abort();
      yield* chunks(1);
    }
    expect((await failure(lab.upload(cutShort(), { signal: leave.signal }))).code).toBe(Code.CANCELLED);
    // The reference runs uploads in the order of their ends, so this upload runs after the cancelled one.
    await lab.upload(chunks(5));
    expect(await lab.commits({})).toMatchObject({ items: before.items + 1, characters: 5 });
  });

  it("exchanges messages in turn", async () => {
    const shout = lab.shout();
    const answers = shout[Symbol.asyncIterator]();
    for (const [index, body] of ["one", "é", "€ 😀"].entries()) {
      await shout.send({ index, body });
      expect((await answers.next()).value).toEqual({ index: index + 1000, body: body.toUpperCase() });
    }
    for (let index = 0; index < 50; index += 1) await shout.send({ index, body: "x" });
    await shout.end();
    expect((await collect(answers)).map(({ index }) => index)).toEqual(
      Array.from({ length: 50 }, (_, i) => 1000 + i),
    );
  });

  it("gets the end of a bidi call that the server ends, and the error of one that it refuses", async () => {
    const ended = lab.shout();
    await ended.send({ index: 1, body: "enough" });
    expect(await ended.next()).toEqual({ done: true, value: undefined });
    const refused = lab.shout();
    await refused.send({ index: 1, body: "refuse" });
    expect((await failure(refused.next())).code).toBe(Code.ABORTED);
  });

  it("makes sixty-four calls at the same time", async () => {
    const numbers = Array.from({ length: 64 }, (_, number) => String(number));
    const answers = await Promise.all(numbers.map((text) => lab.text({ text })));
    expect(answers.map(({ text }) => text)).toEqual(numbers);
  });
}

function xlangOnly(): void {
  const highest: Infer<typeof Kinds> = {
    flag: true,
    tiny: 127,
    small: 32767,
    medium: 2 ** 31 - 1,
    wide: Number.MAX_SAFE_INTEGER,
    fixedMedium: 2 ** 31 - 1,
    fixedWide: 2n ** 63n - 1n,
    taggedWide: 2n ** 63n - 1n,
    uTiny: 255,
    uSmall: 65535,
    uMedium: 2 ** 32 - 1,
    uWide: 2n ** 64n - 1n,
    single: 1.5,
    double: Number.MAX_VALUE,
    text: "ok",
    data: Uint8Array.from({ length: 256 }, (_, byte) => byte),
  };
  const lowest: Infer<typeof Kinds> = {
    flag: false,
    tiny: -128,
    small: -32768,
    medium: -(2 ** 31),
    wide: Number.MIN_SAFE_INTEGER,
    fixedMedium: -(2 ** 31),
    fixedWide: -(2n ** 63n),
    taggedWide: -(2n ** 63n),
    uTiny: 0,
    uSmall: 0,
    uMedium: 0,
    uWide: 0n,
    single: -0.25,
    double: Number.MIN_VALUE,
    text: "",
    data: new Uint8Array(),
  };

  it("echoes every scalar kind at its bounds", async () => {
    const lab = client.stub(Lab);
    expect(await lab.kinds(highest)).toEqual(highest);
    expect(await lab.kinds(lowest)).toEqual(lowest);
  });

  it("echoes floats that are not finite", async () => {
    const lab = client.stub(Lab);
    const answer = await lab.kinds({ ...lowest, double: Number.NaN, single: Number.NEGATIVE_INFINITY });
    expect([answer.double, answer.single]).toEqual([Number.NaN, Number.NEGATIVE_INFINITY]);
  });

  it("echoes integer keys, sets and lists of bytes", async () => {
    const numbered = {
      names: new Map([
        [1, "one"],
        [-2, "minus two"],
      ]),
      tags: new Set(["only"]),
      primes: new Set([2, 3, 5]),
      chunks: [new Uint8Array(), Uint8Array.of(255, 0), Uint8Array.of(1, 2, 3)],
    };
    expect(await client.stub(Lab).numbered(numbered)).toEqual(numbered);
  });

  it("echoes dates and times", async () => {
    const moments = { day: "2024-02-29", at: new Date("2024-02-29T12:30:15.125Z") };
    expect(await client.stub(Lab).moments(moments)).toEqual(moments);
    const early = { day: "1969-12-31", at: new Date("1901-01-01T00:00:00Z") };
    expect(await client.stub(Lab).moments(early)).toEqual(early);
    expect(await client.stub(Lab).moments({})).toEqual({ day: null, at: null });
  });

  it("echoes dynamic values", async () => {
    const bag = {
      thing: new Map<string, unknown>([["inner", [1, "two", 3.5, null, true]]]),
      items: [true, "two", 3, 4.5, null, new Map([["k", "v"]])],
      pairs: new Map<string, unknown>([
        ["n", null],
        ["l", [1, ["x"]]],
      ]),
    };
    expect(await client.stub(Lab).bag(bag as InferInput<typeof Bag>)).toEqual(bag);
  });
}

function proxied(): void {
  it("calls without a schema, with wire names", async () => {
    const lab = client.proxy("Lab");
    expect(await lab.call("text", { text: "né €" })).toEqual({ text: "né €" });
    expect(await lab.call("shape", { name: "partial", corners: [{ x: 1 }], lineNumber2: 3 })).toMatchObject({
      name: "partial",
      corners: [{ x: 1, y: 0 }],
      lineNumber2: 3,
      limit: null,
    });
    const error = await failure(lab.call("refuse", { code: 5, words: "not here" }));
    expect([error.code, error.rawMessage]).toEqual([Code.NOT_FOUND, "not here"]);
  });

  it("streams without a schema", async () => {
    const lab = client.proxy("Lab");
    expect(await collect(lab.serverStream("count", { count: 2 }))).toEqual([
      { index: 0, body: "" },
      { index: 1, body: "" },
    ]);
    expect(await lab.clientStream("upload", [{ index: 0, body: "abc" }])).toEqual({
      items: 1,
      characters: 3,
      in_order: true,
    });
    const shout = lab.bidi("shout");
    await shout.send({ index: 1, body: "a" });
    expect((await shout.next()).value).toEqual({ index: 1001, body: "A" });
    await shout.end();
    expect((await shout.next()).done).toBe(true);
  });

  it("reports an unknown method, an unknown service and an unexpected member", async () => {
    const lab = client.proxy("Lab");
    expect((await failure(lab.call("no_such_method", {}))).code).toBe(Code.UNIMPLEMENTED);
    expect(() => client.proxy("NoSuchService")).toThrow(expect.objectContaining({ code: Code.NOT_FOUND }));
    expect((await failure(lab.call("text", { text: "x", bogus: 1 }))).code).toBe(Code.CONTRACT_VIOLATION);
  });
}
