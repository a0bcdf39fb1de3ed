import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ClientInterceptor,
  interceptedMethod,
  type OutgoingCall,
} from "../../../ts/src/client/interceptors.js";
import { AsterError, Code } from "../../../ts/src/errors.js";
import type { CallContext } from "../../../ts/src/server/context.js";
import {
  type ArrivedCall,
  interceptedRun,
  type ServerInterceptor,
} from "../../../ts/src/server/interceptors.js";
import { failureOf, Harness, type Pattern, turns } from "./harness.js";

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.close());

const intercepted = (
  pattern: Pattern,
  handler: (input: never, context: CallContext) => unknown,
  ...around: ClientInterceptor[]
  // biome-ignore lint/suspicious/noExplicitAny: tests call functions of all four patterns
): any => interceptedMethod(harness.target(pattern, handler), around);
const collect = async (items: AsyncIterable<unknown>): Promise<unknown[]> => {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
};
const seen: string[] = [];
const naming =
  (name: string): ClientInterceptor =>
  (next) =>
  async (call) => {
    seen.push(`${name} in`);
    const output = await next(call);
    seen.push(`${name} out`);
    return output;
  };
beforeEach(() => {
  seen.length = 0;
});

describe("leaving a stream with interceptors", () => {
  const never = new Promise<never>(() => {});
  const count = async function* (n: number) {
    for (let i = 0; i < n; i++) {
      yield i;
      await turns(1);
    }
  };
  const DONE = { done: true, value: undefined };

  it("ends when an interceptor never passes the call on, and ends the next() that waits", async () => {
    const stream = intercepted("serverStream", count, () => () => never)(10);
    const waiting = stream.next();
    expect(await stream.return()).toEqual(DONE);
    expect(await waiting).toEqual(DONE);
    expect(await stream.next()).toEqual(DONE);
    expect(harness.native.ops).toEqual([]);
  });

  it("cancels the call when an interceptor never gives the stream back, or gives a copy of the call on", async () => {
    const keeping: ClientInterceptor = (next) => async (call) => {
      await next({ ...call });
      return never;
    };
    const endless = async function* (_: unknown, { signal }: CallContext) {
      for (let i = 0; !signal.aborted; i++) {
        yield i;
        await turns(1);
      }
    };
    const stream = intercepted("bidiStream", endless, keeping)();
    void stream.send(1);
    await turns();
    const waiting = stream.next();
    expect(await stream.return()).toEqual(DONE);
    expect(await waiting).toEqual(DONE);
    await turns();
    expect(harness.native.seen("CANCEL")).toHaveLength(1);
  });

  it("cancels the call when the iterator of an interceptor hangs", async () => {
    const hanging: ClientInterceptor = (next) => async (call) => {
      await next(call);
      return { [Symbol.asyncIterator]: () => ({ next: () => never, return: () => never }) };
    };
    const stream = intercepted("serverStream", count, hanging)(10);
    const waiting = stream.next();
    await turns();
    await expect(stream.throw(new Error("enough"))).rejects.toThrow("enough");
    expect(await waiting).toEqual(DONE);
    await turns();
    expect(harness.native.seen("OPEN")).toHaveLength(harness.native.seen("CANCEL").length);
  });

  it("a call that an interceptor passes on only afterwards is not made", async () => {
    let pass = (): void => {};
    const late: ClientInterceptor = (next) => async (call) => {
      await new Promise<void>((resolve) => {
        pass = resolve;
      });
      return next(call);
    };
    const stream = intercepted("serverStream", count, late)(10);
    const waiting = stream.next();
    await turns();
    await stream.return();
    pass();
    await turns();
    expect(await waiting).toEqual(DONE);
    expect(harness.native.ops).toEqual([]);
  });
});

describe("client interceptors", () => {
  it("run in order, the first one outermost", async () => {
    const call = intercepted("unary", (x: unknown) => x, naming("a"), naming("b"));
    expect(await call(1)).toBe(1);
    expect(seen).toEqual(["a in", "b in", "b out", "a out"]);
  });

  it("see the call and may change it", async () => {
    let given: OutgoingCall | null = null;
    const call = intercepted(
      "unary",
      (x: unknown, { metadata }: CallContext) => [x, metadata.get("token")],
      (next) => async (call) => {
        given = { ...call };
        call.input = "changed";
        call.metadata.set("token", "t");
        return next(call);
      },
    );
    expect(await call("original", { timeoutMs: 77 })).toEqual(["changed", "t"]);
    expect(given).toMatchObject({
      service: "Test",
      method: "unary",
      peer: "server",
      input: "original",
      timeoutMs: 77,
      requestStream: false,
    });
  });

  it("may answer without the network, fail, or call again", async () => {
    const answered = intercepted(
      "unary",
      () => 1,
      () => async () => "cached",
    );
    expect(await answered(1)).toBe("cached");
    expect(harness.native.ops).toEqual([]);
    let tries = 0;
    const retried = intercepted(
      "unary",
      () => {
        if (tries++ < 2) throw new AsterError(Code.UNAVAILABLE, "again");
        return "third";
      },
      (next) => async (call) => {
        for (;;) {
          try {
            return await next(call);
          } catch (error) {
            if (!AsterError.from(error).retryable) throw error;
          }
        }
      },
    );
    expect(await retried(1)).toBe("third");
    expect(tries).toBe(3);
  });

  it("wrong use rejects as it does without them", async () => {
    const call = intercepted("unary", () => 1, naming("a"));
    await expect(call(1, { metadata: { a: 1 } })).rejects.toMatchObject({ path: "options.metadata.a" });
  });

  it("wrap the stream of responses, which opens at first use, and break still cancels", async () => {
    const doubling: ClientInterceptor = (next) => async (call) => {
      seen.push("opened");
      const output = (await next(call)) as AsyncIterable<number>;
      return (async function* () {
        for await (const item of output) yield item * 2;
      })();
    };
    const numbers = intercepted(
      "serverStream",
      async function* () {
        for (let i = 1; i < 10_000; i++) {
          yield i;
          await turns(1);
        }
      },
      doubling,
    );
    const stream = numbers(0);
    await turns();
    expect(seen).toEqual([]);
    const got: number[] = [];
    for await (const item of stream) {
      got.push(item);
      if (got.length === 3) break;
    }
    expect(got).toEqual([2, 4, 6]);
    await turns();
    expect(harness.native.seen("CANCEL")).toHaveLength(1);
  });

  it("see the input of a client stream as an iterable", async () => {
    const adding: ClientInterceptor = (next) => (call) => {
      const input = call.input as Iterable<number>;
      call.input = (function* () {
        for (const item of input) yield item + 1;
      })();
      return next(call);
    };
    const sum = intercepted(
      "clientStream",
      async (items: AsyncIterable<number>) => {
        let total = 0;
        for await (const item of items) total += item;
        return total;
      },
      adding,
    );
    expect(await sum([1, 2])).toBe(5);
  });

  it("a bidi call works in both directions through them", async () => {
    const chat = intercepted(
      "bidiStream",
      async function* (items: AsyncIterable<number>) {
        for await (const item of items) yield item + 1;
      },
      naming("a"),
    )();
    for (let i = 0; i < 3; i++) {
      await chat.send(i);
      expect((await chat.next()).value).toBe(i + 1);
    }
    await chat.end();
    expect(await collect(chat)).toEqual([]);
    expect(seen).toEqual(["a in", "a out"]);
  });

  it("a bidi call that fails in them rejects send() and next()", async () => {
    const refusing: ClientInterceptor = () => async () => {
      throw new AsterError(Code.PERMISSION_DENIED, "no");
    };
    const chat = intercepted("bidiStream", () => [], refusing)();
    expect((await failureOf(chat.send(1))).code).toBe(Code.PERMISSION_DENIED);
    expect((await failureOf(chat.next())).code).toBe(Code.PERMISSION_DENIED);
  });

  it.each([
    ["null", () => null],
    ["a number", () => 5],
    ["an object without next()", () => ({})],
  ])("an iterable of them whose iterator is %s rejects send() and next()", async (_, iterator) => {
    const answering: ClientInterceptor = () => async () => ({ [Symbol.asyncIterator]: iterator });
    const chat = intercepted("bidiStream", () => [], answering)();
    await expect(chat.send(1)).rejects.toBeInstanceOf(TypeError);
    await expect(chat.next()).rejects.toBeInstanceOf(TypeError);
  });

  it("send() after end() is INPUT_ENDED, also when the server has ended too", async () => {
    const chat = intercepted(
      "bidiStream",
      async function* () {},
      (next) => (call) => next(call),
    )();
    await chat.end();
    expect((await chat.next()).done).toBe(true);
    expect((await failureOf(chat.send(1))).reason).toBe("INPUT_ENDED");
  });

  it("break of a bidi call cancels it", async () => {
    const chat = intercepted(
      "bidiStream",
      async function* () {
        for (let i = 0; i < 10_000; i++) {
          yield 1;
          await turns(1);
        }
      },
      naming("a"),
    )();
    for await (const _ of chat) break;
    await turns();
    expect(harness.native.seen("CANCEL")).toHaveLength(1);
  });
});

describe("server interceptors", () => {
  const method = {
    service: "S",
    version: 1,
    method: "m",
    requestStream: false,
    responseStream: false,
    idempotent: true,
  };
  const context = { callId: "7" } as CallContext;

  it("are not used when there are none", () => {
    const run = (): number => 1;
    expect(interceptedRun(run, method, [])).toBe(run);
  });

  it("run around the handler in order, and see the context", async () => {
    const calls: ArrivedCall[] = [];
    const around: ServerInterceptor = (next) => async (call) => {
      calls.push({ ...call });
      call.input = `${String(call.input)}!`;
      return `<${String(await next(call))}>`;
    };
    const run = interceptedRun((input) => input, method, [around, around]);
    expect(await run("x", context)).toBe("<<x!!>>");
    expect(calls[0]).toEqual({ ...method, context, input: "x" });
  });

  it("a call that they refuse does not reach the handler", async () => {
    let ran = false;
    const refusing: ServerInterceptor = () => async () => {
      throw new AsterError(Code.UNAUTHENTICATED, "who are you?");
    };
    const run = interceptedRun(() => (ran = true), method, [refusing]);
    const call = harness.method("unary", run as never);
    expect((await failureOf(call(1))).code).toBe(Code.UNAUTHENTICATED);
    expect(ran).toBe(false);
  });
});
