import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AsterError, Code } from "../../../ts/src/errors.js";
import { NO_TIMEOUT } from "../../../ts/src/native/constants.js";
import type { CallContext } from "../../../ts/src/server/context.js";
import { messageText } from "./fake-native.js";
import { deferred, failureOf, Harness, turns } from "./harness.js";

let harness: Harness;
beforeEach(() => {
  harness = new Harness();
});
afterEach(() => harness.close());

describe("a unary call", () => {
  it("returns the handler's response", async () => {
    const add = harness.method("unary", ({ a, b }: { a: number; b: number }) => a + b);
    expect(await add({ a: 2, b: 3 })).toBe(5);
  });

  it("uses one submit for all calls of a turn, and one for all their responses", async () => {
    // Every second handler answers during the dispatch of events, the others in promise callbacks after it.
    const echo = harness.method("unary", (x: number) => (x % 2 === 0 ? x : Promise.resolve(x)));
    const answers = await Promise.all(Array.from({ length: 64 }, (_, i) => echo(i)));
    expect(answers).toEqual(Array.from({ length: 64 }, (_, i) => i));
    expect(harness.native.ports.get(harness.port.number)!.submits).toBe(2);
  });

  it("has an odd number that is not used twice", async () => {
    const echo = harness.method("unary", async (x: unknown) => x);
    await Promise.all([echo(1), echo(2)]);
    await echo(3);
    expect(harness.native.seen("OPEN").map((op) => op.call)).toEqual([1, 3, 5]);
  });

  it("can have messages larger than the buffer and the slab", async () => {
    const echo = harness.method("unary", async (x: unknown) => x);
    const big = "x".repeat(3_000_000);
    expect(await echo(big)).toBe(big);
    expect(await echo("small")).toBe("small");
  });

  it("refuses a message that is too large for a frame, and other calls of the turn are not affected", async () => {
    const echo = harness.method("unary", async (x: unknown) => x);
    const [small, big] = await Promise.allSettled([echo("ok"), echo("x".repeat(17 * 1024 * 1024))]);
    expect(small).toEqual({ status: "fulfilled", value: "ok" });
    expect(big).toMatchObject({ reason: { code: Code.RESOURCE_EXHAUSTED, isLocal: true, notSent: true } });
  });

  it("that cannot be encoded rejects, and leaves no state behind", async () => {
    const echo = harness.method("unary", async (x: unknown) => x);
    const error = await failureOf(echo(undefined));
    expect(error.code).toBe(Code.INVALID_ARGUMENT);
    expect(harness.native.ops).toEqual([]);
    expect(await echo(1)).toBe(1);
  });

  it("whose message has a getter that makes a call rejects the inner call", async () => {
    const echo = harness.method("unary", async (x: unknown) => x);
    let inner: Promise<AsterError> | null = null;
    const message = {
      get a(): number {
        inner = failureOf(echo("inner"));
        return 1;
      },
    };
    expect(await echo(message)).toEqual({ a: 1 });
    expect((await (inner as unknown as Promise<AsterError>)).code).toBe(Code.FAILED_PRECONDITION);
  });

  it("whose response is damaged rejects with DATA_LOSS", async () => {
    const call = harness.method("unary", async () => "damaged");
    const error = await failureOf(call(1));
    expect(error).toMatchObject({ code: Code.DATA_LOSS, isLocal: true, peer: "server" });
    expect(error.rawMessage).toContain("message: is damaged");
  });

  it("of a closed client rejects with FAILED_PRECONDITION", async () => {
    const echo = harness.method("unary", async (x: unknown) => x);
    harness.path.closed = true;
    expect(await failureOf(echo(1))).toMatchObject({
      code: Code.FAILED_PRECONDITION,
      reason: "CLOSED",
      notSent: true,
    });
  });
});

describe("options of a call", () => {
  it.each([
    [{ timeout: 5 }, "options.timeout"],
    [{ timeoutMs: "5" }, "options.timeoutMs"],
    [{ timeoutMs: Number.NaN }, "options.timeoutMs"],
    [{ signal: {} }, "options.signal"],
    [{ metadata: { a: 1 } }, "options.metadata.a"],
    [{ metadata: ["ab"] }, "options.metadata[0]"],
    [{ metadata: "ab" }, "options.metadata"],
    [{ metadata: new Date(0) }, "options.metadata"],
    [null, "options"],
  ])("that are wrong (%j) reject with a TypeError that names %s", async (options, path) => {
    const echo = harness.method("unary", async (x: unknown) => x);
    await expect(echo(1, options)).rejects.toThrow(TypeError);
    await expect(echo(1, options)).rejects.toMatchObject({ path });
    expect(harness.native.ops).toEqual([]);
  });

  it("metadata is passed to the handler", async () => {
    const call = harness.method("unary", (_: unknown, context: CallContext) => [...context.metadata]);
    const metadata = new Map([
      ["trace", "ü1"],
      ["empty", ""],
    ]);
    expect(await call(1, { metadata })).toEqual([
      ["trace", "ü1"],
      ["empty", ""],
    ]);
    expect(await call(1, { metadata: { a: "b" } })).toEqual([["a", "b"]]);
  });

  it.each([
    [Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, "v"]))],
    [{ ["k".repeat(257)]: "v" }],
    [{ k: "v".repeat(4097) }],
    [{ a: "v".repeat(4096), b: "v".repeat(4096) }],
  ])("metadata beyond a limit is refused before anything is sent", async (metadata) => {
    const call = harness.method("unary", () => 1);
    expect(await failureOf(call(1, { metadata }))).toMatchObject({
      code: Code.RESOURCE_EXHAUSTED,
      notSent: true,
    });
    expect(harness.native.ops).toEqual([]);
  });
});

describe("deadlines", () => {
  const opened = () =>
    harness.native.seen("OPEN").map(({ timeoutMs, flags }) => ({ timeoutMs, travels: (flags & 1) === 1 }));

  it("are 30 s by default, and not sent to the server", async () => {
    await harness.method("unary", () => 1)(1);
    expect(opened()).toEqual([{ timeoutMs: 30_000, travels: false }]);
  });

  it("are sent when they are set, and null means none", async () => {
    const call = harness.method("unary", () => 1);
    await call(1, { timeoutMs: 1500.2 });
    await call(1, { timeoutMs: null });
    expect(opened()).toEqual([
      { timeoutMs: 1501, travels: true },
      { timeoutMs: NO_TIMEOUT, travels: false },
    ]);
  });

  it("of the call are used before those of the stub", async () => {
    const call = harness.method("unary", () => 1, 4000);
    await call(1);
    await call(1, { timeoutMs: 10 });
    expect(opened()).toEqual([
      { timeoutMs: 4000, travels: true },
      { timeoutMs: 10, travels: true },
    ]);
  });

  it("that have passed reject without a call", async () => {
    const call = harness.method("unary", () => 1);
    expect(await failureOf(call(1, { timeoutMs: 0 }))).toMatchObject({
      code: Code.DEADLINE_EXCEEDED,
      notSent: true,
    });
    expect(harness.native.ops).toEqual([]);
  });

  it("end the call and abort the handler's signal", async () => {
    const aborted = deferred<unknown>();
    const call = harness.method("unary", (_: unknown, { signal }: CallContext) => {
      signal.addEventListener("abort", () => aborted.resolve(signal.reason));
      return new Promise(() => {});
    });
    expect(await failureOf(call(1, { timeoutMs: 5 }))).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(await aborted.promise).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  it("are passed to the handler as a Date, or as null when none was sent", async () => {
    const call = harness.method(
      "unary",
      (_: unknown, { deadline }: CallContext) => deadline?.getTime() ?? null,
    );
    const before = Date.now();
    expect(await call(1, { timeoutMs: 5000 })).toBeGreaterThanOrEqual(before + 5000);
    expect(await call(1)).toBeNull();
  });
});

describe("an AbortSignal", () => {
  it("that aborted before rejects, and sends nothing", async () => {
    const call = harness.method("unary", () => 1);
    const error = await failureOf(call(1, { signal: AbortSignal.abort("why") }));
    expect(error).toMatchObject({ code: Code.CANCELLED, cause: "why", notSent: true });
    expect(harness.native.ops).toEqual([]);
  });

  it("cancels the call, aborts the handler and ignores its late response", async () => {
    const started = deferred<AbortSignal>();
    const finish = deferred<number>();
    const call = harness.method("unary", (_: unknown, { signal }: CallContext) => {
      started.resolve(signal);
      return finish.promise;
    });
    const controller = new AbortController();
    const promise = call(1, { signal: controller.signal });
    const signal = await started.promise;
    controller.abort();
    expect(await failureOf(promise)).toMatchObject({ code: Code.CANCELLED, isLocal: true });
    await turns();
    expect(signal.aborted).toBe(true);
    finish.resolve(1);
    await turns();
    expect(harness.native.seen("REPLY")).toEqual([]);
    expect(harness.native.seen("FINISH")).toEqual([]);
  });

  it("that times out gives DEADLINE_EXCEEDED", async () => {
    const call = harness.method("unary", () => new Promise(() => {}));
    expect((await failureOf(call(1, { signal: AbortSignal.timeout(5) }))).code).toBe(Code.DEADLINE_EXCEEDED);
  });

  it("has no listener after the call", async () => {
    const call = harness.method("unary", () => 1);
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    signal.addEventListener = (_: string, listener: unknown) => void listeners.add(listener);
    signal.removeEventListener = (_: string, listener: unknown) => void listeners.delete(listener);
    const promise = call(1, { signal });
    expect(listeners.size).toBe(1);
    await promise;
    expect(listeners.size).toBe(0);
  });

  it("shared by many calls has one listener, and ends all of them", async () => {
    const call = harness.method("unary", () => new Promise(() => {}));
    const controller = new AbortController();
    let listeners = 0;
    const add = controller.signal.addEventListener.bind(controller.signal);
    controller.signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    const failures = Array.from({ length: 20 }, () => failureOf(call(1, { signal: controller.signal })));
    expect(listeners).toBe(1);
    controller.abort();
    expect((await Promise.all(failures)).every(({ code }) => code === Code.CANCELLED)).toBe(true);
  });

  it("that a handler reads after the abort is already aborted", async () => {
    const proceed = deferred();
    const seen = deferred<boolean>();
    const started = deferred();
    const call = harness.method("unary", async (_: unknown, context: CallContext) => {
      started.resolve();
      await proceed.promise;
      seen.resolve(context.signal.aborted);
    });
    const controller = new AbortController();
    const failed = failureOf(call(1, { signal: controller.signal }));
    await started.promise;
    controller.abort();
    await failed;
    await turns();
    proceed.resolve();
    expect(await seen.promise).toBe(true);
  });
});

describe("an error of a handler", () => {
  it("that is an AsterError is sent with code, message, reason and details", async () => {
    const call = harness.method("unary", () => {
      throw new AsterError(Code.NOT_FOUND, "no such customer", { reason: "GONE", details: { id: "c1" } });
    });
    const error = await failureOf(call(1));
    expect(error).toMatchObject({
      code: Code.NOT_FOUND,
      rawMessage: "no such customer",
      reason: "GONE",
      isLocal: false,
    });
    expect(error.details).toEqual(new Map([["id", "c1"]]));
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("secret");
      },
    ],
    [
      "rejects",
      async () => {
        throw new TypeError("secret");
      },
    ],
    [
      "throws a string",
      () => {
        throw "secret";
      },
    ],
    ["returns a value that cannot be encoded", () => undefined],
  ])("is INTERNAL without its text when it %s, and is logged with an id", async (_, handler) => {
    const error = await failureOf(harness.method("unary", handler)(1));
    expect(error).toMatchObject({ code: Code.INTERNAL, isLocal: false });
    expect(error.message).not.toContain("secret");
    const id = /id (\w+)/.exec(error.message)?.[1];
    expect(harness.log.lines).toHaveLength(1);
    expect(harness.log.lines[0]).toMatchObject({ level: "error", fields: { id } });
  });

  it("is shortened to the limits of a status", async () => {
    const details = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, "v".repeat(5000)]));
    const call = harness.method("unary", () => {
      throw new AsterError(Code.ABORTED, "m".repeat(5000), { details });
    });
    const error = await failureOf(call(1));
    expect(error.rawMessage).toHaveLength(4096);
    expect(error.details.size).toBe(32);
    expect(error.details.get("k0")).toHaveLength(4096);
  });

  it("a request that cannot be decoded does not reach the handler", async () => {
    let ran = false;
    const call = harness.method("unary", () => {
      ran = true;
    });
    const error = await failureOf(call("damaged"));
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: false });
    expect(ran).toBe(false);
  });
});

describe("unexpected statuses and responses", () => {
  const silent = async (): Promise<{ promise: Promise<unknown>; call: number }> => {
    harness.close();
    harness = new Harness({ silent: true });
    const promise = harness.method("unary", () => 1)(1);
    promise.catch(() => {});
    await turns(1);
    return { promise, call: harness.native.seen("OPEN")[0]!.call };
  };

  it("an unknown code becomes UNKNOWN with the number in the reason", async () => {
    const { promise, call } = await silent();
    harness.native.ended(harness.port.number, call, 150, "odd");
    expect(await failureOf(promise)).toMatchObject({
      code: Code.UNKNOWN,
      reason: "CODE_150",
      rawMessage: "odd",
    });
  });

  it("an end with OK but without a response is DATA_LOSS", async () => {
    const { promise, call } = await silent();
    harness.native.ended(harness.port.number, call, 0);
    expect((await failureOf(promise)).code).toBe(Code.DATA_LOSS);
  });

  it("a response after the end is ignored", async () => {
    const { promise, call } = await silent();
    harness.native.ended(harness.port.number, call, 14, "gone", { flags: 3, argument: 4 });
    expect(await failureOf(promise)).toMatchObject({
      notSent: true,
      isLocal: true,
      retryable: true,
      itemsReceived: 4,
    });
    harness.native.event(harness.port.number, { kind: 1, call, payload: new TextEncoder().encode("1") });
    harness.native.ended(harness.port.number, call, 0);
    await turns();
  });

  it("stream items for a single response end the call", async () => {
    const { promise, call } = await silent();
    harness.native.items(harness.port.number, call, [new TextEncoder().encode("1")]);
    expect((await failureOf(promise)).code).toBe(Code.INTERNAL);
    await turns();
    expect(harness.native.seen("CANCEL").map((op) => op.call)).toEqual([call]);
  });

  it("closing the port ends running calls with UNAVAILABLE, and may be done twice", async () => {
    const { promise } = await silent();
    harness.close();
    harness.close();
    expect((await failureOf(promise)).code).toBe(Code.UNAVAILABLE);
    expect((await failureOf(harness.method("unary", () => 1)(1))).code).toBe(Code.UNAVAILABLE);
  });

  it("the text of a status is sent unchanged", async () => {
    const call = harness.method("unary", () => {
      throw new AsterError(Code.ABORTED, "ünïcode ✓");
    });
    expect((await failureOf(call(1))).rawMessage).toBe("ünïcode ✓");
    expect(messageText(harness.native.seen("FINISH")[0]!)).toBe("ünïcode ✓");
  });
});
