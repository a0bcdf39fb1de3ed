/** `t.js` with the validators of zod, valibot and arktype: services that are written with one of them alone. */

import { type } from "arktype";
import {
  AsterClient,
  AsterError,
  AsterServer,
  Code,
  implement,
  message,
  type Service,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import * as v from "valibot";
import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { local } from "./fixtures/nodes.ts";

const modes = ["native"] as const;

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

const Zod = service(
  "Users",
  { modes },
  {
    add: unary(
      t.js(
        z.object({ name: z.string().min(1), age: z.number().int(), tags: z.array(z.string()).default([]) }),
      ),
      t.js(z.object({ id: z.bigint(), name: z.string() })),
    ),
    list: serverStream(t.js(z.undefined()), t.js(z.map(z.string(), z.date()))),
  },
);
const Valibot = service(
  "Users",
  { modes },
  {
    add: unary(
      t.js(
        v.object({
          name: v.pipe(v.string(), v.minLength(1)),
          age: v.pipe(v.number(), v.integer()),
          tags: v.optional(v.array(v.string()), []),
        }),
      ),
      t.js(v.object({ id: v.bigint(), name: v.string() })),
    ),
    list: serverStream(t.js(v.undefined()), t.js(v.map(v.string(), v.date()))),
  },
);
const Arktype = service(
  "Users",
  { modes },
  {
    add: unary(
      t.js(type({ name: "string > 0", age: "number.integer", tags: type("string[]").default(() => []) })),
      t.js(type({ id: "bigint", name: "string" })),
    ),
    list: serverStream(t.js(type("undefined")), t.js(type("Map"))),
  },
);

const dates = new Map([["ada", new Date(0)]]);

/** The handlers get the output of the validators, so `tags` is always there. */
const handlers = {
  add: ({ name, tags }: { name: string; age: number; tags: readonly string[] }) => ({
    id: BigInt(tags.length),
    name,
  }),
  *list() {
    yield dates;
  },
};

const cases: readonly (readonly [string, Service<typeof Zod.methods>])[] = [
  ["zod", Zod],
  ["valibot", Valibot as unknown as typeof Zod],
  ["arktype", Arktype as unknown as typeof Zod],
];

describe.each(cases)("a service with validators of %s", (_, Users) => {
  it("validates requests and responses, with defaults filled in", async () => {
    const users = (await started(implement(Users, handlers))).stub(Users);
    expect(await users.add({ name: "Ada", age: 36 })).toEqual({ id: 0n, name: "Ada" });
    expect(await users.add({ name: "Ada", age: 36, tags: ["a", "b"] })).toEqual({ id: 2n, name: "Ada" });
    for await (const each of users.list(undefined)) expect(each).toEqual(dates);
  });

  it("refuses a request before it is sent, with the path", async () => {
    const users = (await started(implement(Users, handlers))).stub(Users);
    for (const wrong of [
      { name: "Ada", age: "36" },
      { name: "Ada", age: 0.5 },
    ]) {
      const refused = await failure(() => users.add(wrong as never));
      expect(refused).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: true, reason: "VALUE_MISFIT" });
      expect(refused.details.get("path")).toBe("age");
    }
    expect((await failure(() => users.add({ name: "", age: 1 }))).details.get("path")).toBe("name");
  });

  it("does not trust the other side: both sides validate", async () => {
    // A client and a server that validate nothing, with the same contract.
    const Loose = service("Users", { modes }, { add: unary(t.js, t.js), list: serverStream(t.js, t.js) });
    const client = await started(implement(Users, handlers));
    const refused = await failure(() => client.stub(Loose).add({ name: "Ada", age: "36" }));
    expect(refused).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: false });
    expect(refused.rawMessage).toContain("at age");
    const loose = implement(Loose, { add: () => ({ id: 1, name: "Ada" }), list: () => [] });
    const users = (await started(loose)).stub(Users);
    expect(await failure(() => users.add({ name: "Ada", age: 1 }))).toMatchObject({ isLocal: true });
  });

  it("ends a call whose handler gives a wrong response as INTERNAL", async () => {
    const wrong = { ...handlers, add: () => ({ id: 5, name: "Ada" }) as never };
    const users = (await started(implement(Users, wrong))).stub(Users);
    expect((await failure(() => users.add({ name: "Ada", age: 1 }))).code).toBe(Code.INTERNAL);
  });
});

describe("validators", () => {
  it("get what was sent, and the receiver gets what they return", async () => {
    const Length = t.js(z.string().transform((text) => text.length));
    const Texts = service("Texts", { modes }, { measure: unary(Length, t.js) });
    const seen: unknown[] = [];
    const texts = implement(Texts, { measure: (length) => seen.push(length) });
    await (await started(texts)).stub(Texts).measure("four");
    expect(seen).toEqual([4]);
  });

  it("may be inside of messages, lists and optional fields", () => {
    const Even = t.js(z.number().refine((value) => value % 2 === 0));
    const Holder = message("validators/Holder", { one: t.optional(Even), many: t.list(Even) });
    expect(Holder.decode(Holder.encode({ one: null, many: [2, 4] }))).toEqual({ one: null, many: [2, 4] });
    expect(() => Holder.encode({ one: 3, many: [] })).toThrow("validators/Holder at one");
    expect(() => Holder.encode({ one: 2, many: [2, 3] })).toThrow("validators/Holder at many[1]");
  });

  it("must be synchronous, and must not throw", () => {
    const Async = message("validators/Async", { value: t.js(z.string().refine(async () => true)) });
    expect(() => Async.encode({ value: "x" })).toThrow(AsterError);
    const broken = {
      "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(1) },
    };
    const Later = message("validators/Later", {
      value: t.js(broken as unknown as Parameters<typeof t.js>[0]),
    });
    expect(() => Later.encode({ value: "x" })).toThrow("asynchronous");
  });

  it.each([
    ["null", () => null],
    ["a number", () => 5],
    ["an object without a value", () => ({})],
    ["issues that are a number", () => ({ issues: 5 })],
    ["null as issues", () => ({ issues: null })],
  ])("that give %s accept nothing", (_, validate) => {
    const broken = { "~standard": { version: 1, vendor: "test", validate } };
    const Broken = message("validators/Broken", {
      value: t.js(broken as unknown as Parameters<typeof t.js>[0]),
    });
    expect(() => Broken.encode({ value: "x" })).toThrow("the validator");
  });

  it("must be schemas of Standard Schema", () => {
    for (const wrong of [{}, null, "x", () => true, { "~standard": { version: 2 } }]) {
      expect(() => t.js(wrong as never)).toThrow("needs a validator of Standard Schema");
    }
    expect(() => t.shared(t.js)).toThrow(TypeError);
    expect(() => t.union(t.js as never, t.js as never)).toThrow(TypeError);
  });
});
