// Options of serving.
//
// Owns: their names, types, checks and defaults, and the rule that who may call must be said. Does not own: the options
// of the endpoint (node/node-options.ts).

import { AsterError, Code } from "../errors.js";
import {
  type Check,
  describeValue,
  functionOf,
  integer,
  listOf,
  type OptionChecksOf,
  object,
  oneOf,
  optional,
  optionError,
} from "../options.js";
import { type Implementation, implementationHandlers } from "./implement.js";
import type { ServerInterceptor } from "./interceptors.js";

/** Who may call: everybody, or who holds a credential of a root key (not available yet). */
export type Access = "open" | { readonly rootPublicKey: string };

/** Options of `AsterNode.serve`. */
export interface ServeOptions {
  /** Results of `implement()`, at least one; no name and version twice. */
  readonly services: readonly Implementation[];
  /** Who may call. There is no default. */
  readonly access: Access;
  /** Run round every handler, the first outermost. */
  readonly interceptors?: readonly ServerInterceptor[] | undefined;
  /** Longest time of a unary or client-stream call that has no deadline. Default 300 s. */
  readonly maxCallMs?: number | undefined;
  /**
   * Compression of answers above 4096 bytes. `"auto"` (the default) pauses where data does not shrink. JSON is
   * never compressed.
   */
  readonly compress?: "auto" | "always" | "never" | undefined;
}

/** Unary and client-stream calls without a deadline get this much. */
export const DEFAULT_MAX_CALL_MS = 300_000;

/** Check of `access`, which has no default: who may call must be said. */
export const access: Check<Access> = (value, path) => {
  if (value === "open") return value;
  if (value === undefined) {
    throw optionError(
      path,
      'is missing: say who may call, "open" for everybody or { rootPublicKey } for holders of a credential',
    );
  }
  if (typeof value !== "object" || value === null)
    throw optionError(path, `must be "open" or an object, not ${describeValue(value)}`);
  object(value, path);
  throw new AsterError(
    Code.UNIMPLEMENTED,
    `${path}: this version can only serve access: "open"; gated access is not available yet`,
  );
};

/** Check of `services`: at least one, no two of the same name and version. */
const services: Check<readonly Implementation[]> = (value, path) => {
  if (!Array.isArray(value) || value.length === 0)
    throw optionError(path, "must be an array of implementations, with at least one");
  const seen = new Set<string>();
  for (const [index, implementation] of value.entries()) {
    implementationHandlers(implementation, `${path}[${index}]`);
    const { name, version } = (implementation as Implementation).service;
    const key = `${name} v${version}`;
    if (seen.has(key)) throw optionError(`${path}[${index}]`, `serves ${key} a second time`);
    seen.add(key);
  }
  return value as readonly Implementation[];
};

/** Checked options of serving. */
export interface CheckedServing {
  readonly services: readonly Implementation[];
  readonly access: Access;
  readonly interceptors: readonly ServerInterceptor[] | undefined;
  readonly maxCallMs: number | undefined;
  readonly compress: "auto" | "always" | "never" | undefined;
}

/** The checks of {@link ServeOptions}. */
export const serveChecks: OptionChecksOf<CheckedServing> = {
  services,
  access,
  interceptors: optional(listOf(functionOf<ServerInterceptor>())),
  maxCallMs: optional(integer(1)),
  compress: optional(oneOf("auto", "always", "never")),
};
