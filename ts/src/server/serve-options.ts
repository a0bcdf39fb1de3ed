// The options of serving.
//
// Owns: their names, types, checks and defaults. Does not own: who may call (access.ts), the options of the endpoint
// (node/node-options.ts).

import {
  type Check,
  describeValue,
  functionOf,
  integer,
  listOf,
  type OptionChecksOf,
  oneOf,
  optional,
  optionError,
} from "../options.js";
import { type UnknownMembers, unknownMembers } from "../service/unknown-members.js";
import { type Access, access, type CheckedAccess } from "./access.js";
import { type Implementation, implementationOf } from "./implement.js";
import type { ServerInterceptor } from "./interceptors.js";

/**
 * The options of `AsterNode.serve`.
 *
 * @example
 * const options: ServeOptions = { services: [implement(Billing, handlers)], access: "open", maxCallMs: 60_000 };
 * const node = await AsterNode.start({ bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * node.serve(options);
 * await node.close();
 */
export interface ServeOptions {
  /** The results of `implement()`. At least one; each name and version only once. */
  readonly services: readonly Implementation[];
  /** Who may call. Required. */
  readonly access: Access;
  /** Functions that run around every handler. The first one is the outermost. */
  readonly interceptors?: readonly ServerInterceptor[] | undefined;
  /** The longest time of a unary or client-stream call without a deadline, in milliseconds. Default 300,000. */
  readonly maxCallMs?: number | undefined;
  /**
   * Compression of responses above 4096 bytes. `"auto"` (the default) stops for a while when the data does not become
   * smaller. JSON is never compressed.
   */
  readonly compress?: "auto" | "always" | "never" | undefined;
  /**
   * A member of a response that its message does not declare. `"refuse"`: the call fails with INTERNAL, and the log has the path.
   * `"drop"`: the member is left out. Only plain objects are checked. Default: `"refuse"` when the environment variable `NODE_ENV` is
   * `test` or `development`, else `"drop"`, which costs nothing.
   */
  readonly unknownMembers?: "refuse" | "drop" | undefined;
}

/**
 * The options with which a client answers calls back: those of a server, without `services` and `access`.
 *
 * @example
 * const options: ServingOptions = { maxCallMs: 60_000, compress: "never" };
 */
export type ServingOptions = Omit<ServeOptions, "services" | "access">;

/** The time limit of unary and client-stream calls without a deadline. */
export const DEFAULT_MAX_CALL_MS = 300_000;

/** Checks `services`: at least one, and each name and version only once. */
export const services: Check<readonly Implementation[]> = (value, path) => {
  if (!Array.isArray(value) || value.length === 0)
    throw optionError(path, `must be an array with at least one implementation, not ${describeValue(value)}`);
  const served = new Set<string>();
  for (const [index, implementation] of value.entries()) {
    implementationOf(implementation, `${path}[${index}]`);
    const { name, version } = (implementation as Implementation).service;
    const key = `${name} v${version}`;
    if (served.has(key)) throw optionError(`${path}[${index}]`, `must not serve ${key} for the second time`);
    served.add(key);
  }
  return value as readonly Implementation[];
};

/** The options of serving, checked. */
export interface CheckedServing {
  readonly services: readonly Implementation[];
  readonly access: CheckedAccess;
  readonly interceptors: readonly ServerInterceptor[] | undefined;
  readonly maxCallMs: number | undefined;
  readonly compress: "auto" | "always" | "never" | undefined;
  readonly unknownMembers: UnknownMembers | undefined;
}

/** The checks of {@link ServingOptions}. */
export const servingChecks: OptionChecksOf<Omit<CheckedServing, "services" | "access">> = {
  interceptors: optional(listOf(functionOf<ServerInterceptor>())),
  maxCallMs: optional(integer(1)),
  compress: optional(oneOf("auto", "always", "never")),
  unknownMembers,
};

/** The checks of {@link ServeOptions}. */
export const serveChecks: OptionChecksOf<CheckedServing> = { services, access, ...servingChecks };
