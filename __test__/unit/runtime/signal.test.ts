/** Listeners of `ctx.signal` are code of one call: what they throw is logged and reaches nothing else. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Code } from "../../../ts/src/errors.js";
import type { CallContext } from "../../../ts/src/server/context.js";
import { failureOf, Harness, turns } from "./harness.js";

let harness: Harness;
const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);
beforeEach(() => {
  harness = new Harness();
  uncaught.length = 0;
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
});
afterEach(() => {
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
  harness.close();
});

/** Runs a handler until its caller cancels. Returns what the handler gave. */
async function cancelled<T>(use: (signal: AbortSignal) => T): Promise<T> {
  let used!: T;
  const method = harness.method("unary", (_: unknown, { signal }: CallContext) => {
    used = use(signal);
    return new Promise(() => {});
  });
  const controller = new AbortController();
  const call = failureOf(method(1, { signal: controller.signal }));
  await turns();
  controller.abort();
  expect((await call).code).toBe(Code.CANCELLED);
  await turns();
  return used;
}

const boom = (): never => {
  throw new Error("boom");
};

describe("a listener of the signal of a call", () => {
  it.each<[string, (signal: AbortSignal) => void]>([
    ["throws", (signal) => signal.addEventListener("abort", boom)],
    ["throws, as an object", (signal) => signal.addEventListener("abort", { handleEvent: boom })],
    ["throws, as onabort", (signal) => Object.assign(signal, { onabort: boom })],
    ["rejects", (signal) => signal.addEventListener("abort", async () => boom())],
  ])("that %s is logged, and the process goes on", async (_, use) => {
    await cancelled(use);
    expect(uncaught).toEqual([]);
    expect(harness.log.lines.filter(({ message }) => /listener/.test(message))).toHaveLength(1);
    expect(await harness.method("unary", (x: unknown) => x)(7)).toBe(7);
  });

  it("does not keep the others from running, and can be removed", async () => {
    const ran: string[] = [];
    await cancelled((signal) => {
      const removed = (): void => void ran.push("removed");
      signal.addEventListener("abort", boom);
      signal.addEventListener("abort", removed);
      signal.removeEventListener("abort", removed);
      signal.addEventListener("abort", () => ran.push("twice"), { once: true });
      signal.onabort = () => ran.push("replaced");
      signal.onabort = function (this: AbortSignal) {
        ran.push(`onabort ${this === signal}`);
      };
      expect(signal.onabort).toBeTypeOf("function");
    });
    expect(ran).toEqual(["twice", "onabort true"]);
  });

  it("the signal is still an AbortSignal for other functions", async () => {
    const ran: string[] = [];
    const signal = await cancelled((signal) => {
      AbortSignal.any([signal]).addEventListener("abort", () => ran.push("any"));
      return signal;
    });
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(() => signal.throwIfAborted()).toThrow(/cancelled/);
    expect(ran).toEqual(["any"]);
  });
});
