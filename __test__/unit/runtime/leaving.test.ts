/** Leaving a stream ends its iteration at any time, and a failure of a call is told once. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { interceptedMethod } from "../../../ts/src/client/interceptors.js";
import { AsterError, Code } from "../../../ts/src/errors.js";
import { failureOf, Harness, turns, watchRejections } from "./harness.js";

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

const DONE = { done: true, value: undefined };
const mine = new Error("mine");

describe.each(["serverStream", "bidiStream"] as const)("a %s call whose server has ended", (pattern) => {
  async function ended(options?: object, fails = false) {
    const method = harness.method(pattern, async function* () {
      yield 1;
      yield 2;
      yield 3;
      if (fails) throw new AsterError(Code.ABORTED, "late");
    });
    const stream = pattern === "serverStream" ? method(0, options) : method(options);
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    await turns();
    expect(harness.native.links.size).toBe(0);
    return stream;
  }

  it.each([false, true])("gives nothing after return() (it failed: %s)", async (fails) => {
    const stream = await ended(undefined, fails);
    expect(await stream.return()).toEqual(DONE);
    expect(await stream.next()).toEqual(DONE);
  });

  it("gives nothing after break", async () => {
    const stream = await ended();
    for await (const _ of stream) break;
    expect(await stream.next()).toEqual(DONE);
  });

  it("gives nothing after throw(), which rejects with its error", async () => {
    const stream = await ended();
    await expect(stream.throw(mine)).rejects.toBe(mine);
    expect(await stream.next()).toEqual(DONE);
  });

  it("rejects once with CANCELLED after an abort, and is done then", async () => {
    const controller = new AbortController();
    const stream = await ended({ signal: controller.signal });
    controller.abort();
    expect((await failureOf(stream.next())).code).toBe(Code.CANCELLED);
    expect(await stream.next()).toEqual(DONE);
  });

  it("sends no CANCEL, because the call is over", async () => {
    await (await ended()).return();
    await turns();
    expect(harness.native.seen("CANCEL")).toEqual([]);
  });
});

describe("the input of a handler", () => {
  it("is done after throw() and return(), also when the call is aborted then", async () => {
    const seen: unknown[] = [];
    const controller = new AbortController();
    const upload = harness.method("clientStream", async (items: AsyncGenerator<unknown>) => {
      seen.push(await items.next());
      seen.push(await items.throw(mine).catch((error: unknown) => error));
      controller.abort();
      await turns();
      seen.push(await items.next());
    });
    async function* source(): AsyncGenerator<number> {
      yield 1;
      await new Promise(() => {});
    }
    await failureOf(upload(source(), { signal: controller.signal }));
    await turns(10);
    expect(seen).toEqual([{ done: false, value: 1 }, mine, DONE]);
  });
});

describe("a send() that nobody awaits", () => {
  const refuse = async (items: AsyncGenerator<unknown>): Promise<never> => {
    await items.next();
    throw new AsterError(Code.ABORTED, "go away");
  };

  it.each(["without", "with"])("is told by next() alone, %s interceptors", async (how) => {
    const target = harness.target("bidiStream", refuse);
    const method =
      how === "with"
        ? (interceptedMethod(target, [(next) => next]) as () => never)
        : harness.method("bidiStream", refuse);
    // biome-ignore lint/suspicious/noExplicitAny: the stream of either method
    const chat: any = method();
    chat.send(1);
    await turns();
    chat.send(2);
    chat.end();
    expect((await failureOf(chat.next())).code).toBe(Code.ABORTED);
  });

  it("and waits for room is told by next() alone", async () => {
    const chat = harness.method("bidiStream", refuse)();
    for (let i = 0; i < 2000; i++) chat.send("x".repeat(1024));
    expect((await failureOf(chat.next())).code).toBe(Code.ABORTED);
  });
});

describe("a bidi call that cannot be opened", () => {
  const talk = (options?: object) => harness.method("bidiStream", async function* () {})(options);

  it.each(["send", "end"] as const)(
    "tells it to the reader, when a %s() that nobody awaits opened it",
    async (how) => {
      const chat = talk({ signal: AbortSignal.abort() });
      void (how === "send" ? chat.send(1) : chat.end());
      expect(await failureOf(chat.next())).toMatchObject({ code: Code.CANCELLED, notSent: true });
      expect(await chat.next()).toEqual(DONE);
      expect(harness.native.ops).toEqual([]);
    },
  );

  it("tells it to each send() that is awaited", async () => {
    const chat = talk({ timeoutMs: -1 });
    for (let round = 0; round < 2; round++)
      expect(await failureOf(chat.send(round))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  it("has nothing to tell after it was left", async () => {
    const chat = talk({ signal: AbortSignal.abort() });
    void chat.send(1);
    await chat.return();
    expect(await chat.next()).toEqual(DONE);
  });
});
