// Whether the calls of a connection may go through a relay.
//
// Owns: the type of the policy, and its check. Does not own: keeping to it (Rust).

import type { DialOptions } from "../native/documents.js";
import { type Check, checkOptions, describeValue, integer, optionError } from "../options.js";

/**
 * Whether the calls of a connection may go through a relay. `"forbid"`: they need a direct path. `"only"`: every packet goes through a
 * relay. `{ maxBytes }`: so many bytes in both directions, for all connections to the server; after that as `"forbid"`. Without a
 * policy they may.
 *
 * A connection that does not meet its policy is closed, and its calls end with UNAVAILABLE and the reason `RELAY_REFUSED`. The
 * first packets of a connection, the admission, and the search for a direct path may still use a relay with `"forbid"`.
 *
 * @example
 * const cheap: RelayPolicy = { maxBytes: 50_000_000 };
 */
export type RelayPolicy = "forbid" | "only" | { readonly maxBytes: number };

/** Checks a policy. `others`: what else the option may be. */
export function relayPolicy(value: unknown, path: string, others: readonly string[] = []): RelayPolicy {
  if (value === "forbid" || value === "only") return value;
  if (typeof value !== "object" || value === null) {
    const known = [...others, '"forbid"', '"only"'].join(", ");
    throw optionError(path, `must be ${known} or { maxBytes }, not ${describeValue(value)}`);
  }
  return checkOptions({ maxBytes: integer(0) }, value, path);
}

/** The check of the option. */
export const policy: Check<RelayPolicy | undefined> = (value, path) =>
  value === undefined ? undefined : relayPolicy(value, path);

/** The policy for the addon. */
export function dialRelay(given: RelayPolicy | undefined): Pick<DialOptions, "relay" | "relayBytes"> {
  if (given === undefined) return { relay: "allow", relayBytes: 0 };
  if (typeof given === "string") return { relay: given, relayBytes: 0 };
  return { relay: "atMost", relayBytes: given.maxBytes };
}
