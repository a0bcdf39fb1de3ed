// Options of a client's connection.
//
// Owns: their names, types and checks. Does not own: the options of the endpoint (node/node-options.ts).

import {
  type Check,
  duration,
  functionOf,
  listOf,
  type OptionChecksOf,
  optional,
  optionError,
} from "../options.js";
import type { ClientInterceptor } from "./interceptors.js";

/** Options of a connection. */
export interface ClientOptions {
  /** What is presented at admission: the text of a credential. Open servers want none. */
  readonly credential?: string | undefined;
  /** Deadline of dialling and admission together. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Run round every call, the first outermost. */
  readonly interceptors?: readonly ClientInterceptor[] | undefined;
}

const credential: Check<string> = (value, path) => {
  if (typeof value !== "string") throw optionError(path, "must be the text of a credential");
  return value;
};

/** Checked connection options. */
export interface CheckedConnection {
  readonly credential: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly interceptors: readonly ClientInterceptor[] | undefined;
}

/** The checks of {@link ClientOptions}. */
export const connectChecks: OptionChecksOf<CheckedConnection> = {
  credential: optional(credential),
  timeoutMs: optional(duration),
  interceptors: optional(listOf(functionOf<ClientInterceptor>())),
};
