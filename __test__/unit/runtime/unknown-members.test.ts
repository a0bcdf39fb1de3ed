/** Members that a message does not declare (`unknownMembers`), with the real addon. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  AsterClient,
  AsterError,
  AsterServer,
  bidiStream,
  clientStream,
  implement,
  message,
  serverStream,
  service,
  t,
  unary,
} from "../../../ts/src/index.js";
import { collectingLogger, failureOf } from "./harness.js";

class Line extends message("unknown/Line", { name: t.string }) {}
class Order extends message("unknown/Order", {
  id: t.int,
  lines: t.list(Line),
  byName: t.map(t.string, Line),
  note: t.optional(Line),
}) {}
const Shop = service(
  "Shop",
  {},
  {
    put: unary(Order, Order),
    list: serverStream(Order, Order),
    load: clientStream(Order, Order),
    talk: bidiStream(Order, Order),
  },
);
const good = { id: 1, lines: [], byName: {} };
const bad = (extra: object): never => ({ ...good, ...extra }) as never;
const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;

let answer: unknown = good;
const handlers = implement(Shop, {
  put: () => answer as never,
  async *list() {
    yield good;
    yield answer as never;
  },
  async load(orders) {
    for await (const _ of orders);
    return good;
  },
  async *talk(orders) {
    for await (const order of orders) yield order;
  },
});

let logger: ReturnType<typeof collectingLogger>;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  answer = good;
  logger = collectingLogger();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0).reverse()) await close();
});

async function shop(unknownMembers?: "refuse" | "drop") {
  const options = { ...local, unknownMembers };
  const server = await AsterServer.start({
    ...options,
    identity: "ephemeral",
    access: "open",
    services: [handlers],
    logger,
  });
  closing.push(() => server.close());
  const client = await AsterClient.connect(server.ticket, options);
  closing.push(() => client.close());
  return client.stub(Shop);
}

describe("a request with a member that its message does not declare", () => {
  it.each([
    [{ noet: "x" }, "noet: unknown/Order has no member noet; it has id, lines, byName, note"],
    [{ lines: [{ name: "a" }, { name: "b", nmae: 1 }] }, "lines[1].nmae: unknown/Line has no member nmae"],
    [{ byName: { tea: { name: "t", cost: 1 } } }, "byName.tea.cost: unknown/Line has no member cost"],
    [{ byName: new Map([["tea", { name: "t", cost: 1 }]]) }, "byName.tea.cost"],
    [{ note: { name: "n", __proto__x: 1 } }, "note.__proto__x"],
  ])("is refused with its path: %j", async (extra, words) => {
    const error = await failureOf((await shop("refuse")).put(bad(extra)));
    expect(error).toMatchObject({ codeName: "INVALID_ARGUMENT", reason: "UNKNOWN_MEMBER", notSent: true });
    expect(error).toMatchObject({ service: "Shop", method: "put" });
    expect(error.message).toContain(words);
  });

  it("is refused in every item of a stream, with its index", async () => {
    const stub = await shop("refuse");
    const error = await failureOf(stub.load([good, good, bad({ noet: 1 })]));
    expect(error.message).toContain("item 2: noet");
    expect(error).toMatchObject({ service: "Shop", method: "load" });
    const talk = stub.talk();
    await talk.send(good);
    const sent = await failureOf(talk.send(bad({ noet: 1 })));
    expect(sent.message).toBe(
      "INVALID_ARGUMENT: item 1: noet: unknown/Order has no member noet; it has id, lines, byName, note (Shop.talk)",
    );
    expect(sent.details.get("item")).toBe("1");
    await talk.send(good);
    await talk.end();
  });

  it("is sent without the member when the option is off", async () => {
    expect(await (await shop("drop")).put(bad({ noet: 1 }))).toEqual({
      ...good,
      byName: new Map(),
      note: null,
    });
  });

  it("is accepted for instances of classes, and for objects in a circle", async () => {
    const stub = await shop("refuse");
    const order = Object.assign(Order.of(good), { cached: 1 });
    await stub.put(order);
    const line = { name: "n" };
    await stub.put({ ...good, lines: [line, line] });
  });
});

describe("a response with a member that its message does not declare", () => {
  it("fails the call, and the log has the path", async () => {
    const stub = await shop("refuse");
    answer = bad({ noet: 1 });
    expect(await failureOf(stub.put(good))).toMatchObject({ codeName: "INTERNAL" });
    expect(JSON.stringify(logger.lines.map(({ fields }) => String(fields.error)))).toContain(
      "noet: unknown/Order",
    );
    const list = stub.list(good);
    await list.next();
    expect(await failureOf(list.next())).toBeInstanceOf(AsterError);
    expect(JSON.stringify(logger.lines.map(({ fields }) => String(fields.error)))).toContain("item 1: noet");
  });
});

describe("the default", () => {
  it.each([
    ["test", true],
    ["development", true],
    ["production", false],
    ["", false],
  ])("with NODE_ENV %j refuses: %j", async (env, refuses) => {
    vi.stubEnv("NODE_ENV", env);
    const stub = await shop();
    const result = await stub.put(bad({ noet: 1 })).then(
      () => "taken",
      (error: AsterError) => error.reason,
    );
    expect(result).toBe(refuses ? "UNKNOWN_MEMBER" : "taken");
  });
});
