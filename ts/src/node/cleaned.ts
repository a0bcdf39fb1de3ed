// Waiting for the clean-up of sessions when a node or a client closes.

import type { Served } from "../server/serve.js";

/** The longest time for which closing waits for the clean-up of sessions. */
const CLEAN_UP_MS = 5000;
/** The same for draining, when the time for the calls is used up. */
const LEAST_CLEAN_UP_MS = 500;
// Taken when the module loads, so that fake timers of a test do not stop it.
const { setTimeout: later, clearTimeout: notLater, performance: clock } = globalThis;

/**
 * How long draining may wait for the clean-up of sessions: what is left of its time, and a moment.
 * @param began when draining began, as `performance.now()` tells it
 */
export function cleanUpTime(began: number, drainMs: number): number {
  return Math.max(began + drainMs - clock.now(), 0) + LEAST_CLEAN_UP_MS;
}

/** Waits for the clean-up of the sessions, which have ended. A handler that never ends does not delay it for ever. */
export async function cleaned(served: Served | null, limitMs: number = CLEAN_UP_MS): Promise<void> {
  if (served === null) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = later(resolve, limitMs);
  });
  await Promise.race([served.cleaned(), late]);
  notLater(timer);
}
