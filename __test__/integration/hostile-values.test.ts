/** Keys and members with a meaning for JavaScript are only data, at every depth and in every mode. */
import { AsterClient, AsterServer, implement, message, service, t, unary } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fresh, local } from "../boundary/support/probe.mjs";

const Leaf = message("hostile/Leaf", {
  // biome-ignore lint/suspicious/noThenProperty: the test is about a field with this name
  then: t.string.default("not called"),
  toJSON: t.string.default("not called").name("to_json"),
});
const Bag = message("hostile/Bag", {
  texts: t.map(t.string, t.string).default(() => new Map()),
  record: t.record(t.string).default({}),
  deep: t.map(t.string, t.map(t.string, t.string)).default(() => new Map()),
  any: t.any.default(null),
  leaf: Leaf.default({}),
});
const Hostile = service("Hostile", { version: 1 }, { echo: unary(Bag, Bag), leaf: unary(Bag, Leaf) });

const keys = [
  "__proto__",
  "constructor",
  "prototype",
  "then",
  "toJSON",
  "valueOf",
  "toString",
  "hasOwnProperty",
];

let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  server = await AsterServer.start({
    ...fresh,
    services: [implement(Hostile, { echo: (bag) => bag, leaf: ({ leaf }) => leaf })],
    access: "open",
  });
  client = await AsterClient.connect(server.ticket, local);
});
afterAll(async () => {
  await client.close();
  await server.close();
  // Nothing from the wire has changed the prototype that all objects share.
  for (const key of ["polluted", "then", "toJSON"]) expect(key in {}).toBe(false);
});

/** A Map with hostile keys, nested `depth` times. */
function nested(depth: number): Map<string, unknown> {
  return new Map(keys.map((key) => [key, depth === 0 ? "polluted" : nested(depth - 1)]));
}

describe.each(["xlang", "json"] as const)("in %s mode", (mode) => {
  it.each(keys)("%s is an ordinary key of maps and records", async (key) => {
    const texts = new Map([[key, "polluted"]]);
    const deep = new Map([[key, texts]]);
    const record = Object.defineProperty({}, key, { value: "polluted", enumerable: true }) as Record<
      string,
      string
    >;
    const answer = await client.stub(Hostile, { mode }).echo({ texts, deep, record });
    expect(answer.texts).toEqual(texts);
    expect(answer.deep).toEqual(deep);
    expect(Object.getPrototypeOf(answer.record)).toBeNull();
    expect(Object.entries(answer.record)).toEqual([[key, "polluted"]]);
  });

  it("a response with the members `then` and `toJSON` is returned unchanged, and never awaited", async () => {
    // biome-ignore lint/suspicious/noThenProperty: the test is about it
    const leaf = { then: "mine", toJSON: "own" };
    expect(await client.stub(Hostile, { mode }).leaf({ leaf })).toEqual(leaf);
  });
});

describe("dynamic values", () => {
  it.each([0, 1, 2])("nested %i levels keep hostile keys as keys of Maps", async (depth) => {
    const any = nested(depth);
    expect((await client.stub(Hostile).echo({ any })).any).toEqual(any);
  });
});

describe("a proxy", () => {
  it("returns JSON objects with hostile keys, without a prototype", async () => {
    const text = `{${keys.map((key) => `${JSON.stringify(key)}:"polluted"`).join(",")}}`;
    const texts = JSON.parse(text) as object;
    const answer = (await client.proxy("Hostile").call("echo", { texts })) as { texts: object };
    expect(Object.keys(answer.texts).sort()).toEqual([...keys].sort());
    expect(Object.hasOwn(answer.texts, "__proto__")).toBe(true);
    expect((answer.texts as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("returns a response whose `then` is data, and is not thenable itself", async () => {
    const proxy = client.proxy("Hostile");
    expect((proxy as unknown as { then?: unknown }).then).toBeUndefined();
    // biome-ignore lint/suspicious/noThenProperty: the test is about it
    expect(await proxy.call("leaf", { leaf: { then: "x" } })).toMatchObject({ then: "x" });
  });
});

it("a stub is not thenable", async () => {
  const stub = client.stub(Hostile);
  expect(await Promise.resolve(stub)).toBe(stub);
});
