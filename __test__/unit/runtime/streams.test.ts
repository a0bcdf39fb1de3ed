import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AsterError, Code } from "../../../ts/src/errors.js";
import type { CallContext } from "../../../ts/src/server/context.js";
import { deferred, failureOf, Harness, turns } from "./harness.js";

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.close());

const collect = async (items: AsyncIterable<unknown>): Promise<unknown[]> => {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
};
const KIB = "x".repeat(1024);
/** A limit for streams that should not end, so that a defect fails the test and does not fill the memory. */
const ENOUGH = 10_000;

describe("a server stream", () => {
  it("returns all items in order", async () => {
    const count = harness.method("serverStream", async function* (n: number) {
      for (let i = 0; i < n; i++) yield i;
    });
    expect(await collect(count(1000))).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it("may come from any iterable, or from a promise of one", async () => {
    expect(await collect(harness.method("serverStream", () => [1, 2])(0))).toEqual([1, 2]);
    expect(await collect(harness.method("serverStream", async () => new Set([3]))(0))).toEqual([3]);
  });

  it("sends nothing when it is not iterated", async () => {
    const stream = harness.method("serverStream", () => [])(1, { nonsense: true });
    await stream.return();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(harness.native.ops).toEqual([]);
  });

  it("reports wrong use at the first next(), and is done after that", async () => {
    const stream = harness.method("serverStream", () => [])(1, { nonsense: true });
    await expect(stream.next()).rejects.toThrow(TypeError);
    expect((await stream.next()).done).toBe(true);
    const misfit = harness.method("serverStream", () => [])(undefined);
    expect((await failureOf(misfit.next())).code).toBe(Code.INVALID_ARGUMENT);
  });

  it("has no deadline by default", async () => {
    await collect(harness.method("serverStream", () => [])(1));
    expect(harness.native.seen("OPEN")[0]!.timeoutMs).toBe(0xffff_ffff);
  });

  it("break cancels the call and ends the handler's iterator with return()", async () => {
    const ended = deferred<boolean>();
    const stream = harness.method("serverStream", async function* (_: unknown, { signal }: CallContext) {
      try {
        for (let i = 0; i < ENOUGH; i++) {
          yield i;
          await turns(1);
        }
      } finally {
        ended.resolve(signal.aborted);
      }
    });
    for await (const item of stream(0)) if (item === 3) break;
    await turns();
    expect(harness.native.seen("CANCEL")).toHaveLength(1);
    expect(await ended.promise).toBe(true);
  });

  it("an error in the body of the loop cancels the call too", async () => {
    const stream = harness.method("serverStream", async function* () {
      for (let i = 0; i < ENOUGH; i++) yield KIB;
    });
    const loop = async (): Promise<void> => {
      for await (const _ of stream(0)) throw new Error("mine");
    };
    await expect(loop()).rejects.toThrow("mine");
    await turns();
    expect(harness.native.seen("CANCEL")).toHaveLength(1);
  });

  it("delivers the items that arrived before the error", async () => {
    const stream = harness.method("serverStream", async function* () {
      yield 1;
      yield 2;
      throw new AsterError(Code.ABORTED, "enough");
    });
    const seen: unknown[] = [];
    const error = await failureOf(
      (async () => {
        for await (const item of stream(0)) seen.push(item);
      })(),
    );
    expect(seen).toEqual([1, 2]);
    expect(error).toMatchObject({ code: Code.ABORTED, itemsReceived: 2 });
  });

  it("the error is reported once; after that the stream is done", async () => {
    const stream = harness.method("serverStream", () => {
      throw new AsterError(Code.NOT_FOUND, "none");
    })(0);
    expect((await failureOf(stream.next())).code).toBe(Code.NOT_FOUND);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("several next() calls at the same time are answered in order", async () => {
    const stream = harness.method("serverStream", () => [1, 2])(0);
    const results = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);
    expect(results.map(({ value }) => value)).toEqual([1, 2, undefined, undefined]);
  });

  it("an item that cannot be decoded ends it with DATA_LOSS and cancels the call", async () => {
    const stream = harness.method("serverStream", async function* () {
      yield 1;
      yield "damaged";
      await new Promise(() => {});
    })(0);
    expect((await stream.next()).value).toBe(1);
    expect((await failureOf(stream.next())).code).toBe(Code.DATA_LOSS);
    expect((await stream.next()).done).toBe(true);
    await turns();
    expect(harness.native.seen("CANCEL")).toHaveLength(1);
  });

  it("an item that cannot be encoded ends it with INTERNAL", async () => {
    const stream = harness.method("serverStream", () => [1, undefined, 3])(0);
    expect((await stream.next()).value).toBe(1);
    expect((await failureOf(stream.next())).code).toBe(Code.INTERNAL);
    expect(harness.log.lines).toHaveLength(1);
  });

  it("an abort drops unread items and rejects a waiting next()", async () => {
    const controller = new AbortController();
    const stream = harness.method("serverStream", async function* () {
      yield 1;
      yield 2;
      await new Promise(() => {});
    })(0, { signal: controller.signal });
    await stream.next();
    await turns();
    controller.abort();
    expect((await failureOf(stream.next())).code).toBe(Code.CANCELLED);
    expect((await stream.next()).done).toBe(true);
  });

  it("a handler that returns no iterable is INTERNAL", async () => {
    const stream = harness.method("serverStream", () => "text")(0);
    expect((await failureOf(stream.next())).code).toBe(Code.INTERNAL);
  });
});

describe("flow control", () => {
  it("a reader that stops reading stops the writer within the budget", async () => {
    let produced = 0;
    const stream = harness.method("serverStream", async function* () {
      for (let i = 0; i < ENOUGH; i++) {
        produced++;
        yield KIB;
      }
    })(0);
    await stream.next();
    await turns(50);
    expect(produced).toBeGreaterThan(1000);
    // One budget is unread here, and one is at the writer.
    expect(produced).toBeLessThan(2100);
    const before = produced;
    await turns(20);
    expect(produced).toBe(before);
    await stream.return();
  });

  it("a reader that continues restarts the writer, and returns credit in steps", async () => {
    const stream = harness.method("serverStream", async function* () {
      for (let i = 0; i < 4000; i++) yield KIB;
    })(0);
    expect(await collect(stream)).toHaveLength(4000);
    const credits = harness.native.seen("CREDIT").map((op) => op.argument);
    expect(credits.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(4000 * 1030);
    expect(credits.filter((bytes) => bytes >= 65_536).length).toBeGreaterThan(20);
    expect(credits.length).toBeLessThan(200);
  });

  it("messages larger than the budget are sent one after another", async () => {
    const big = "y".repeat(1_500_000);
    const stream = harness.method("serverStream", async function* () {
      yield "small";
      yield big;
      yield big;
    })(0);
    expect(await collect(stream)).toEqual(["small", big, big]);
  });

  it("send() settles only when there is room", async () => {
    const go = deferred();
    const chat = harness.method("bidiStream", async function* (items: AsyncIterable<unknown>) {
      await go.promise;
      for await (const _ of items);
      yield "end";
    })();
    let accepted = 0;
    const sending = (async () => {
      for (let i = 0; i < 4000; i++) {
        await chat.send(KIB);
        accepted++;
      }
      await chat.end();
    })();
    await turns(50);
    expect(accepted).toBeGreaterThan(1000);
    expect(accepted).toBeLessThan(2100);
    go.resolve();
    await sending;
    expect(await collect(chat)).toEqual(["end"]);
  });

  it("messages that are sent without waiting keep their order", async () => {
    const chat = harness.method("bidiStream", async function* (items: AsyncIterable<string>) {
      for await (const item of items) yield item.slice(0, 4);
    })();
    const sends = Array.from({ length: 3000 }, (_, i) => chat.send(String(i).padStart(4, "0") + KIB));
    sends.push(chat.end());
    const answers = await collect(chat);
    await Promise.all(sends);
    expect(answers).toEqual(Array.from({ length: 3000 }, (_, i) => String(i).padStart(4, "0")));
  });

  it("a handler that stops reading does not block a caller that continues to send", async () => {
    const upload = harness.method("clientStream", async (items: AsyncIterable<unknown>) => {
      for await (const _ of items) break;
      await turns(100);
      return "done";
    });
    expect(await upload(Array.from({ length: 4000 }, () => KIB))).toBe("done");
  });
});

describe("a client stream", () => {
  const sum = () =>
    harness.method("clientStream", async (items: AsyncIterable<number>) => {
      let total = 0;
      for await (const item of items) total += item;
      return total;
    });

  it("accepts arrays, generators and async iterables", async () => {
    expect(await sum()([1, 2, 3])).toBe(6);
    expect(
      await sum()(
        (function* () {
          yield 4;
        })(),
      ),
    ).toBe(4);
    expect(
      await sum()(
        (async function* () {
          yield 5;
          yield 6;
        })(),
      ),
    ).toBe(11);
    expect(await sum()([])).toBe(0);
  });

  it.each([[undefined], [null], ["text"], [7], [{}]])(
    "rejects %j as input without making a call",
    async (input) => {
      await expect(sum()(input)).rejects.toThrow(TypeError);
      expect(harness.native.ops).toEqual([]);
    },
  );

  it("an input that throws cancels the call and rejects with that error", async () => {
    const error = new Error("mine");
    await expect(
      sum()(
        (async function* () {
          yield 1;
          throw error;
        })(),
      ),
    ).rejects.toBe(error);
    await turns();
    expect(harness.native.seen("CANCEL")).toMatchObject([
      { argument: Code.CANCELLED, message: new Uint8Array() },
    ]);
    expect(harness.native.seen("END")).toEqual([]);
  });

  it("an item that cannot be encoded cancels the call, and ends the input with return()", async () => {
    const ended = deferred();
    const input = (async function* () {
      try {
        yield undefined;
      } finally {
        ended.resolve();
      }
    })();
    expect((await failureOf(sum()(input))).code).toBe(Code.INVALID_ARGUMENT);
    await ended.promise;
  });

  it("a response before the end of the input ends the input with return()", async () => {
    const ended = deferred();
    const early = harness.method("clientStream", async () => "early");
    const input = (async function* () {
      try {
        for (let i = 0; i < ENOUGH; i++) {
          yield i;
          await turns(1);
        }
      } finally {
        ended.resolve();
      }
    })();
    expect(await early(input)).toBe("early");
    await ended.promise;
  });

  it("an abort ends a waiting input with return()", async () => {
    const ended = deferred();
    const input: AsyncIterableIterator<number> = {
      next: () => new Promise(() => {}),
      return: async () => {
        ended.resolve();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => input,
    };
    const controller = new AbortController();
    const failed = failureOf(sum()(input, { signal: controller.signal }));
    controller.abort();
    expect((await failed).code).toBe(Code.CANCELLED);
    await ended.promise;
  });

  it("has the default deadline, counted from its start", async () => {
    await sum()([]);
    expect(harness.native.seen("OPEN")[0]).toMatchObject({ timeoutMs: 30_000, flags: 0 });
  });

  it("when the caller cancels, the handler's input throws", async () => {
    const seen = deferred<unknown>();
    const upload = harness.method("clientStream", async (items: AsyncIterable<number>) => {
      try {
        for await (const _ of items);
      } catch (error) {
        seen.resolve(error);
      }
    });
    const controller = new AbortController();
    const input = (async function* () {
      yield 1;
      await new Promise(() => {});
    })();
    const failed = failureOf(upload(input, { signal: controller.signal }));
    await turns();
    controller.abort();
    await failed;
    expect(await seen.promise).toMatchObject({ code: Code.CANCELLED });
  });

  it("an item that cannot be decoded ends the call, and the handler's input throws", async () => {
    const seen = deferred<unknown>();
    const upload = harness.method(
      "clientStream",
      async (items: AsyncIterable<number>, { signal }: CallContext) => {
        try {
          for await (const _ of items);
        } catch (error) {
          seen.resolve([error, signal.aborted]);
          throw error;
        }
      },
    );
    expect((await failureOf(upload([1, "damaged"]))).code).toBe(Code.INVALID_ARGUMENT);
    expect(await seen.promise).toMatchObject([{ code: Code.INVALID_ARGUMENT }, true]);
  });
});

describe("a bidi call", () => {
  const echo = () =>
    harness.method("bidiStream", async function* (items: AsyncIterable<unknown>) {
      for await (const item of items) yield item;
    });

  it("alternates between both directions", async () => {
    const chat = echo()();
    for (let i = 0; i < 5; i++) {
      await chat.send(i);
      expect(await chat.next()).toEqual({ done: false, value: i });
    }
    await chat.end();
    await chat.end();
    expect((await chat.next()).done).toBe(true);
  });

  it("opens at the first send(), not earlier", async () => {
    const chat = echo()();
    await turns();
    expect(harness.native.ops).toEqual([]);
    await chat.send(1);
    await turns();
    expect(harness.native.seen("OPEN")).toHaveLength(1);
    await chat.return();
  });

  it("can be ended before anything was sent", async () => {
    const chat = echo()();
    await chat.end();
    expect(await collect(chat)).toEqual([]);
  });

  it("send() rejects after end(), after return() and after the end of the call", async () => {
    const ended = echo()();
    await ended.end();
    expect(await failureOf(ended.send(1))).toMatchObject({
      code: Code.FAILED_PRECONDITION,
      reason: "INPUT_ENDED",
    });
    const left = echo()();
    await left.send(1);
    await left.return();
    expect((await failureOf(left.send(1))).reason).toBe("CALL_OVER");
    const failed = harness.method("bidiStream", () => {
      throw new AsterError(Code.PERMISSION_DENIED, "no");
    })();
    await failureOf(failed.next());
    expect((await failureOf(failed.send(1))).code).toBe(Code.PERMISSION_DENIED);
  });

  it("send() after end() is INPUT_ENDED, also when the server has ended too", async () => {
    const harness = new Harness();
    const talk = harness.method("bidiStream", async function* () {});
    const chat = talk();
    await chat.end();
    expect((await chat.next()).done).toBe(true);
    expect((await failureOf(chat.send(1))).reason).toBe("INPUT_ENDED");
    harness.close();
  });

  it("a message that cannot be encoded rejects only its own send()", async () => {
    const chat = echo()();
    expect((await failureOf(chat.send(undefined))).code).toBe(Code.INVALID_ARGUMENT);
    await chat.send(2);
    expect((await chat.next()).value).toBe(2);
    await chat.return();
  });

  it("break cancels the call: the handler's input throws and its output is ended with return()", async () => {
    const ended = deferred();
    const chat = harness.method("bidiStream", async function* () {
      try {
        for (let i = 0; i < ENOUGH; i++) {
          yield 1;
          await turns(1);
        }
      } finally {
        ended.resolve();
      }
    })();
    for await (const _ of chat) break;
    await ended.promise;
    expect(harness.native.seen("CANCEL")).toHaveLength(1);
  });

  it("waiting sends reject when the call ends", async () => {
    const chat = harness.method("bidiStream", async function* () {
      yield 1;
      await turns(20);
      throw new AsterError(Code.ABORTED, "stop");
    })();
    const sends = Array.from({ length: 4000 }, () => chat.send(KIB));
    const settled = await Promise.allSettled(sends);
    expect(settled.at(-1)).toMatchObject({ status: "rejected", reason: { code: Code.ABORTED } });
  });

  it("wrong options reject send(), next() and end() in the same way", async () => {
    for (const use of ["send", "next", "end"]) {
      await expect(echo()({ nonsense: 1 })[use](1)).rejects.toThrow(TypeError);
    }
  });
});

describe("a thousand cancelled streams", () => {
  it("leave no state behind", async () => {
    let running = 0;
    const stream = harness.method("serverStream", async function* () {
      running++;
      try {
        for (let i = 0; i < ENOUGH; i++) {
          yield 1;
          await turns(1);
        }
      } finally {
        running--;
      }
    });
    for (let i = 0; i < 1000; i++) for await (const _ of stream(i)) break;
    await turns(10);
    expect(running).toBe(0);
    expect(harness.native.links.size).toBe(0);
  });
});

describe("a handler that continues after an abort", () => {
  it("is named in the log after the grace period, with one line for all its calls", async () => {
    const logged = deferred();
    harness.log.warn = (message, fields) => {
      harness.log.lines.push({ level: "warn", message, fields: fields ?? {} });
      logged.resolve();
    };
    const call = harness.method("unary", () => new Promise(() => {}));
    await Promise.all([1, 2, 3].map((n) => failureOf(call(n, { timeoutMs: 1 }))));
    await logged.promise;
    expect(harness.log.lines).toMatchObject([{ level: "warn", fields: { method: "Test.unary", calls: 3 } }]);
  });
});
