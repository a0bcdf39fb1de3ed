// Waiting for the clean-up of sessions when a node or a client closes.

import type { Served } from "../server/serve.js";

/** The longest time for which closing waits for the clean-up of sessions. */
const CLEAN_UP_MS = 5000;
// Taken when the module loads, so that fake timers of a test do not stop it.
const { setTimeout: later, clearTimeout: notLater } = globalThis;

/** Waits for the clean-up of the sessions, which have ended. A handler that never ends does not delay it for ever. */
export async function cleaned(served: Served | null): Promise<void> {
  if (served === null) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = later(resolve, CLEAN_UP_MS);
  });
  await Promise.race([served.cleaned(), late]);
  notLater(timer);
}
