// The options of a drain.

import { duration, type OptionChecksOf, optional } from "../options.js";

/**
 * The options of a drain.
 *
 * @example
 * const options: DrainOptions = { timeoutMs: 1000 };
 * const node = await AsterNode.start({ bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * await node.drain(options);
 */
export interface DrainOptions {
  /** Calls that still run after this time are cancelled. In milliseconds; default 10,000. */
  readonly timeoutMs?: number | undefined;
}

export const DEFAULT_DRAIN_MS = 10_000;

/** The checks of {@link DrainOptions}. */
export const drainChecks: OptionChecksOf<{ readonly timeoutMs: number | undefined }> = {
  timeoutMs: optional(duration),
};
