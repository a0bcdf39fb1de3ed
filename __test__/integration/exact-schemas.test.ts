/** What our own peers compare beside contract ids, when a stub is made and after every new connection. */
import {
  AsterClient,
  AsterError,
  AsterServer,
  bidiStream,
  clientStream,
  generateSecretKey,
  implement,
  message,
  type Service,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { ownAddress } from "./fixtures/own-address.js";

const Query = message("exact/Query", { id: t.int });
const local = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral", access: "open" } as const;

/** A service whose methods have other messages in each test. */
type AnyService = Service<unknown>;
type AnyMessage = Parameters<typeof unary>[1];
// biome-ignore lint/suspicious/noExplicitAny: a test calls methods of any message
type Calls = Record<"get" | "list" | "put" | "talk", (input?: any) => any>;

const callsOf = (client: AsterClient, of: AnyService, options = {}): Calls =>
  client.stub(of, options) as unknown as Calls;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(
  offered: AnyService,
  value: object,
  secretKey = generateSecretKey(),
  bind: string = local.bind,
) {
  const handlers = Object.fromEntries(
    Object.keys(offered.methods as object).map((key) => {
      const streams = key === "list" || key === "talk";
      return [
        key,
        streams
          ? async function* () {
              yield value;
            }
          : () => value,
      ];
    }),
  );
  const server = await AsterServer.start({
    ...local,
    identity: undefined,
    bind,
    secretKey,
    services: [implement(offered, handlers as never)],
  });
  closing.push(() => server.close());
  return server;
}

async function connect(server: AsterServer): Promise<AsterClient> {
  const client = await AsterClient.connect(server.ticket, { relay: "disabled" });
  closing.push(() => client.close());
  return client;
}

const one = (Answer: AnyMessage, options: object = {}) =>
  service("One", options, { get: unary(Query, Answer) }) as AnyService;
const answer = (fields: Parameters<typeof message>[1], options = {}) =>
  message("exact/Answer", fields, options);
const Part = message("exact/Part", { id: t.int });
const enumOf = (...members: [string, ...string[]]) => t.enum("exact/Color", members);

async function failure(run: () => unknown): Promise<AsterError> {
  try {
    await run();
  } catch (error) {
    expect(error).toBeInstanceOf(AsterError);
    return error as AsterError;
  }
  throw new Error("there was no failure");
}

describe("a stub with an equal contract id", () => {
  it.each([
    ["sized elements", { n: t.list(t.int32) }, { n: t.list(t.int8) }, "list of int32 to list of int8"],
    ["sized numbers", { n: t.int64 }, { n: t.uint32 }, "exact/Answer.n"],
    ["the order of enum members", { n: enumOf("A", "B") }, { n: enumOf("B", "A") }, "from A, B to B, A"],
    ["a new enum member", { n: enumOf("A") }, { n: enumOf("A", "B") }, "members added: B"],
    ["the keys of a map", { n: t.map(t.int8, t.bool) }, { n: t.map(t.int16, t.bool) }, "exact/Answer.n"],
    ["shared values", { n: t.list(Part) }, { n: t.shared(t.list(Part)) }, "exact/Answer.n"],
    ["typed arrays", { n: t.int32Array }, { n: t.float64Array }, "exact/Answer.n"],
    ["base64", { n: t.bytes }, { n: t.bytes.base64 }, "exact/Answer.n"],
  ])("is refused when the server has other %s", async (_, theirs, ours, words) => {
    const [offered, wanted] = [one(answer(theirs)), one(answer(ours))];
    expect(offered.contractId).toBe(wanted.contractId);
    const client = await connect(await serve(offered, {}));
    client.stub(offered);
    const error = await failure(() => client.stub(wanted));
    expect(error).toMatchObject({
      codeName: "FAILED_PRECONDITION",
      reason: "CONTRACT_MISMATCH",
      notSent: true,
    });
    expect(error.message).toContain(words);
    expect(error.details.get("diff")).toContain(words);
  });

  it("is refused when the message of the server tracks references", async () => {
    const client = await connect(await serve(one(answer({ n: t.int }, { refs: true })), { n: 1 }));
    const error = await failure(() => client.stub(one(answer({ n: t.int }))));
    expect(error.message).toContain("does not track references any more");
  });

  it("is made when only one side is compatible and the fields are equal", async () => {
    const client = await connect(await serve(one(answer({ n: t.int }, { compatible: true })), { n: 1 }));
    expect(await callsOf(client, one(answer({ n: t.int }))).get({ id: 1 })).toEqual({ n: 1 });
  });

  it("is made when only defaults and the types of t.any differ", async () => {
    const client = await connect(await serve(one(answer({ n: t.int.default(1) })), {}));
    const more = one(answer({ n: t.int.default(2) }), { types: [Part] });
    expect(await callsOf(client, more).get({ id: 1 })).toEqual({ n: 1 });
  });
});

describe("a connection that replaces another one", () => {
  const Numbers = answer({ values: t.list(t.int32) });
  const Bytes = answer({ values: t.list(t.int8) });
  const all = (Answer: AnyMessage, options: object = {}): AnyService =>
    service("All", options, {
      get: unary(Query, Answer),
      list: serverStream(Query, Answer),
      put: clientStream(Query, Answer),
      talk: bidiStream(Query, Answer),
    });
  const value = { values: [1, 2, 3] };

  /** A client whose server was replaced by one with the same key and address. */
  async function replaced(before: AnyService, after: AnyService, next: object = value) {
    const secretKey = generateSecretKey();
    const first = await serve(before, value, secretKey, ownAddress());
    const client = await connect(first);
    const bind = first.addresses[0] as string;
    const stub = callsOf(client, before);
    expect(await stub.get({ id: 1 })).toEqual(value);
    await first.close();
    await serve(after, next, secretKey, bind);
    return { client, stub };
  }

  const calls: [string, (stub: Calls) => unknown][] = [
    ["unary", (stub) => stub.get({ id: 1 })],
    ["server-stream", (stub) => stub.list({ id: 1 }).next()],
    ["client-stream", (stub) => stub.put([{ id: 1 }])],
    ["bidi", (stub) => stub.talk().next()],
  ];

  it.each(calls)("refuses a %s call of an old stub when the exact schemas differ", async (_, call) => {
    const { client, stub } = await replaced(all(Numbers), all(Bytes));
    const error = await failure(() => call(stub));
    expect(error).toMatchObject({
      reason: "CONTRACT_MISMATCH",
      notSent: true,
      isLocal: true,
      service: "All",
    });
    expect(error.message).toContain("list of int8 to list of int32");
    expect(error.details.get("serverContractId")).toBe(client.services[0]?.contractId);
    expect(await failure(() => call(stub))).toMatchObject({ reason: "CONTRACT_MISMATCH" });
    expect(await failure(() => client.stub(all(Numbers)))).toMatchObject({ reason: "CONTRACT_MISMATCH" });
    expect(await callsOf(client, all(Bytes)).get({ id: 1 })).toEqual(value);
  });

  it("refuses calls when the contract differs, and tells the differences", async () => {
    const { stub } = await replaced(all(Numbers), all(answer({ values: t.list(t.bool) })), {
      values: [true],
    });
    const error = await failure(() => stub.get({ id: 1 }));
    expect(error).toMatchObject({ reason: "CONTRACT_MISMATCH", notSent: true });
    expect(error.message).toMatch(
      /replaced by one whose contract is [0-9a-f]{64}(.|\n)*list of bool to list of int32/,
    );
  });

  it("refuses calls when the service is gone", async () => {
    const { stub } = await replaced(all(Numbers), one(Numbers));
    expect(await failure(() => stub.get({ id: 1 }))).toMatchObject({
      codeName: "NOT_FOUND",
      reason: "SERVICE_NOT_OFFERED",
      notSent: true,
    });
  });

  it("changes nothing when the service is the same", async () => {
    const { stub } = await replaced(all(Numbers), all(Numbers));
    expect(await stub.get({ id: 1 })).toEqual(value);
  });

  it("does not check stubs that ignore the contract", async () => {
    const secretKey = generateSecretKey();
    const first = await serve(all(Bytes), value, secretKey, ownAddress());
    const client = await connect(first);
    const stub = callsOf(client, all(Numbers), { contract: "ignore" });
    await first.close();
    await serve(all(Bytes), value, secretKey, first.addresses[0] as string);
    expect(await stub.get({ id: 1 })).toEqual({ values: [-1, 1, -2] });
  });

  it("goes on with another version of a compatible service", async () => {
    const compatible = { compatible: true };
    const Ask = message("exact/Ask", { id: t.int }, compatible);
    const of = (Answer: AnyMessage) => service("Open", {}, { get: unary(Ask, Answer) }) as AnyService;
    const before = of(answer({ values: t.list(t.int32) }, compatible));
    const after = of(answer({ note: t.string, values: t.list(t.int32) }, compatible));
    const { stub } = await replaced(before, after, { ...value, note: "n" });
    // The request of the first call was encoded for the old version.
    expect(await failure(() => stub.get({ id: 1 }))).toMatchObject({
      codeName: "UNAVAILABLE",
      notSent: true,
    });
    expect(await stub.get({ id: 1 })).toEqual(value);
  });
});

describe("client.describe()", () => {
  it("gives the manifests of the server, with exact schemas", async () => {
    const offered = one(answer({ sizes: t.list(t.int8) }));
    const client = await connect(await serve(offered, {}));
    const [manifest] = (await client.describe()) as [{ contract_id: string; methods: { schema: unknown }[] }];
    expect(manifest).toMatchObject(offered.manifest() as object);
    expect(JSON.stringify(manifest.methods[0]?.schema)).toContain('{"list":"int8"}');
  });

  it("rejects after the client is closed", async () => {
    const client = await connect(await serve(one(answer({ n: t.int })), {}));
    await client.close();
    await expect(client.describe()).rejects.toBeInstanceOf(AsterError);
  });
});
