/** Values of users of any kind: each ends its own call with the right status, and never the process or another call. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { interceptedMethod } from "../../../ts/src/client/interceptors.js";
import { AsterError, Code } from "../../../ts/src/errors.js";
import type { MessageCodec } from "../../../ts/src/message.js";
import { failureOf, Harness, jsonCodec, type Pattern, turns, watchRejections } from "./harness.js";

let harness: Harness;
const rejections = watchRejections();
beforeEach(() => {
  harness = new Harness();
  rejections.start();
});
afterEach(async () => {
  await turns();
  harness.close();
  expect(rejections.stop()).toEqual([]);
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
const throwing = (name: string): object =>
  Object.defineProperty({}, name, {
    get() {
      throw new Error("mine");
    },
  });
/** An AsterError whose members were replaced, as a program without types can do it. */
const changed = (members: object): AsterError =>
  Object.assign(new AsterError(Code.NOT_FOUND, "none"), members);

const values: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  undefined: () => undefined,
  "a string": () => "text",
  "a symbol": () => Symbol("s"),
  "a revoked proxy": revoked,
  "an object without a prototype": () => Object.create(null),
  "a throwing getter `name`": () => throwing("name"),
  "a frozen error": () => Object.freeze(new Error("frozen")),
  "an AsterError with a number as text": () => changed({ rawMessage: 5 }),
  "an AsterError with a list as details": () => changed({ details: { ids: ["a", "b"] } }),
  "an AsterError with code 0": () => changed({ code: 0 }),
  "an AsterError with a throwing getter": () =>
    Object.defineProperty(new AsterError(Code.NOT_FOUND, "none"), "details", {
      get() {
        throw new Error("mine");
      },
    }),
};
const kinds = Object.keys(values);
const patterns: readonly Pattern[] = ["unary", "serverStream", "clientStream", "bidiStream"];

/** Calls the method of any pattern and gives its failure. */
async function callFailure(pattern: Pattern, handler: (input: never) => unknown): Promise<AsterError> {
  const method = harness.method(pattern, handler);
  if (pattern === "unary") return failureOf(method(1));
  if (pattern === "clientStream") return failureOf(method([1]));
  return failureOf((pattern === "serverStream" ? method(1) : method()).next());
}

async function worksStill(): Promise<void> {
  expect(await harness.method("unary", (x: unknown) => x)(7)).toBe(7);
}

describe.each(patterns)("a handler of a %s call", (pattern) => {
  it.each(kinds)("that throws %s is INTERNAL", async (kind) => {
    const thrown = values[kind]!();
    const error = await callFailure(pattern, () => {
      throw thrown;
    });
    expect(error).toMatchObject({ code: Code.INTERNAL, isLocal: false });
    expect(error.rawMessage).toMatch(/id \w+/);
    expect(harness.log.lines).toHaveLength(1);
    const logged = harness.log.lines[0]!.fields.error;
    if (kind === "a frozen error") expect(logged).toMatchObject({ message: "frozen" });
    else expect(Object.is(logged, thrown)).toBe(true);
    await worksStill();
  });

  it.each(kinds)("that rejects with %s is INTERNAL", async (kind) => {
    const error = await callFailure(pattern, async () => {
      throw values[kind]!();
    });
    expect(error).toMatchObject({ code: Code.INTERNAL, isLocal: false });
    await worksStill();
  });

  it.each<[string, () => unknown]>([
    ["a revoked proxy", revoked],
    ["a throwing getter `then`", () => throwing("then")],
    [
      "a `then` that throws",
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: the test is about it
        then() {
          throw new Error("mine");
        },
      }),
    ],
    ["a promise of a throwing getter `then`", () => Promise.resolve().then(() => throwing("then"))],
  ])("that returns %s is INTERNAL", async (_, give) => {
    expect((await callFailure(pattern, give)).code).toBe(Code.INTERNAL);
    await worksStill();
  });

  it("has its status also when the logger throws or rejects", async () => {
    const fail = (): never => {
      throw new Error("handler");
    };
    harness.log.error = fail;
    expect((await callFailure(pattern, fail)).code).toBe(Code.INTERNAL);
    harness.log.error = async () => fail();
    expect((await callFailure(pattern, fail)).code).toBe(Code.INTERNAL);
  });
});

describe("a thenable that a handler returns", () => {
  it("is answered once, although it calls back twice", async () => {
    const call = harness.method("unary", () => ({
      // biome-ignore lint/suspicious/noThenProperty: the test is about it
      then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
        resolve(1);
        resolve(2);
        reject(new Error("late"));
      },
    }));
    expect(await call(0)).toBe(1);
    await turns();
    expect(harness.native.seen("REPLY")).toHaveLength(1);
    expect(harness.native.seen("FINISH")).toHaveLength(0);
  });
});

describe.each(["serverStream", "bidiStream"] as const)("the iterator of a %s handler", (pattern) => {
  it.each<[string, unknown]>([
    ["gives null as a step", { next: () => null }],
    ["gives a revoked proxy as a step", { next: revoked }],
    ["has no next()", {}],
    [
      "throws undefined",
      {
        next() {
          throw undefined;
        },
      },
    ],
    ["rejects with null", { next: () => Promise.reject(null) }],
  ])("that %s ends the call with INTERNAL", async (_, iterator) => {
    const error = await callFailure(pattern, () => ({ [Symbol.asyncIterator]: () => iterator }));
    expect(error.code).toBe(Code.INTERNAL);
    await worksStill();
  });
});

describe("the source of an upload", () => {
  const count = async (items: AsyncIterable<unknown>): Promise<number> => {
    let n = 0;
    for await (const _ of items) n++;
    return n;
  };

  it.each(kinds)("that throws %s rejects the call with it, and the handler learns of it", async (kind) => {
    const thrown = values[kind]!();
    let ended: unknown = "nothing";
    const upload = harness.method("clientStream", async (items: AsyncIterable<unknown>) => {
      ended = await count(items).catch((error: unknown) => error);
    });
    async function* source(): AsyncGenerator<number> {
      yield 1;
      throw thrown;
    }
    const caught = await upload(source()).then(
      () => ["resolved"],
      (error: unknown) => [error],
    );
    expect(Object.is(caught[0], thrown)).toBe(true);
    await turns();
    expect(ended).toMatchObject({ code: Code.CANCELLED });
    expect(harness.native.links.size).toBe(0);
    await worksStill();
  });

  it("that throws in a synchronous next() is not ended with return()", async () => {
    let returned = false;
    const source = {
      [Symbol.iterator]: () => ({
        next() {
          throw null;
        },
        return() {
          returned = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const caught = await harness
      .method(
        "clientStream",
        count,
      )(source)
      .catch((error: unknown) => [error]);
    expect(caught).toEqual([null]);
    expect(returned).toBe(false);
  });
});

describe("an abort", () => {
  it.each(kinds)("with %s as its reason is CANCELLED for all calls of the signal", async (kind) => {
    const controller = new AbortController();
    const call = harness.method("unary", () => new Promise(() => {}));
    const calls = [1, 2].map((n) => failureOf(call(n, { signal: controller.signal })));
    await turns();
    controller.abort(values[kind]!());
    for (const error of await Promise.all(calls)) expect(error.code).toBe(Code.CANCELLED);
    await worksStill();
  });

  it("of a signal whose methods throw rejects the call before anything is sent", async () => {
    const fail = (): never => {
      throw new Error("no listeners");
    };
    const signal = { aborted: false, addEventListener: fail, removeEventListener: fail };
    await expect(harness.method("unary", (x: unknown) => x)(1, { signal })).rejects.toThrow("no listeners");
    await turns();
    expect(harness.native.ops).toEqual([]);
    await worksStill();
  });
});

describe("an interceptor of a response stream", () => {
  it.each([null, undefined, 5, {}])("that returns %j rejects next() and names the mistake", async (given) => {
    const target = harness.target("serverStream", () => []);
    const method = interceptedMethod(target, [() => async () => given]) as (
      request: unknown,
    ) => AsyncIterator<unknown>;
    await expect(method(1).next()).rejects.toThrow("must return an async iterable, not ");
    await worksStill();
  });
});

describe("an error of a call that cannot be handled", () => {
  const broken: MessageCodec = {
    write: jsonCodec.write,
    read() {
      throw revoked();
    },
  };

  it("while a response is decoded is DATA_LOSS", async () => {
    const target = { ...harness.target("unary", (x: unknown) => x), response: broken };
    const { unaryCall } = await import("../../../ts/src/client/invoke.js");
    expect((await failureOf(unaryCall(target, 1, undefined))).code).toBe(Code.DATA_LOSS);
    await worksStill();
  });

  it("in the dispatch of an event ends that call alone", async () => {
    const waits = harness.method("unary", () => new Promise(() => {}));
    const [first, second] = [failureOf(waits(1)), failureOf(waits(2))];
    await turns();
    const [call] = harness.native.seen("OPEN");
    harness.port.faultyCall(call!.call, null);
    expect(await first).toMatchObject({ code: Code.INTERNAL, isLocal: true });
    await worksStill();
    expect(harness.native.links.size).toBe(2);
    harness.port.close();
    expect((await second).code).toBe(Code.UNAVAILABLE);
  });
});
