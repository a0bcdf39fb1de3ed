/** Waiting for conditions without an event in this process: those of the operating system or of the peer. */
import { expect } from "vitest";

/** Checks until `holds` returns true, and fails after `ms`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  ms: number,
  what: string,
): Promise<void> {
  await expect.poll(async () => holds(), { timeout: ms, interval: 10, message: what }).toBe(true);
}

/** The time of `run` in milliseconds. */
export async function took(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/** The error that a promise rejects with. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("this should have failed");
}
