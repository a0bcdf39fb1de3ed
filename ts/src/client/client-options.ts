// The options of a client's connection.
//
// Owns: their names, types and checks. Does not own: the options of the endpoint (node/node-options.ts).

import {
  type Check,
  describeValue,
  duration,
  functionOf,
  listOf,
  type OptionChecksOf,
  optional,
  optionError,
} from "../options.js";
import { type UnknownMembers, unknownMembers } from "../service/unknown-members.js";
import type { ClientInterceptor } from "./interceptors.js";

/**
 * The options of a connection.
 *
 * @example
 * const options: ClientOptions = { timeoutMs: 5000, interceptors: [] };
 * const client = await AsterClient.connect(ticket, { ...options, relay: "disabled" });
 * await client.close();
 */
export interface ClientOptions {
  /** The credential for admission, as text. Servers with open access need none. */
  readonly credential?: string | undefined;
  /** The time limit for connecting and admission together, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Functions that run around every call. The first one is the outermost. */
  readonly interceptors?: readonly ClientInterceptor[] | undefined;
  /**
   * A member of a request that its message does not declare. `"refuse"`: the call fails with INVALID_ARGUMENT and the path. `"drop"`: the
   * member is left out. Only plain objects are checked. Default: `"refuse"` when the environment variable `NODE_ENV` is `test` or
   * `development`, else `"drop"`, which costs nothing.
   */
  readonly unknownMembers?: "refuse" | "drop" | undefined;
}

const credential: Check<string> = (value, path) => {
  if (typeof value !== "string") throw optionError(path, `must be a string, not ${describeValue(value)}`);
  return value;
};

/** The options of a connection, checked. */
export interface CheckedConnection {
  readonly credential: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly interceptors: readonly ClientInterceptor[] | undefined;
  readonly unknownMembers: UnknownMembers | undefined;
}

/** The checks of {@link ClientOptions}. */
export const connectChecks: OptionChecksOf<CheckedConnection> = {
  credential: optional(credential),
  timeoutMs: optional(duration),
  interceptors: optional(listOf(functionOf<ClientInterceptor>())),
  unknownMembers,
};
