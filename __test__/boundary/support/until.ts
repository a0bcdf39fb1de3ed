/** Waiting for conditions that no event of this process tells: the operating system's, or the peer's. */
import { expect } from "vitest";

/** Asks until `holds` does, and fails after `ms`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  ms: number,
  what: string,
): Promise<void> {
  await expect.poll(async () => holds(), { timeout: ms, interval: 10, message: what }).toBe(true);
}

/** Milliseconds that `run` takes. */
export async function took(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/** What a promise rejects with. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("this should have failed");
}
