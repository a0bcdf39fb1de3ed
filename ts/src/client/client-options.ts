// The options of a client's connection.
//
// Owns: their names, types and checks. Does not own: the options of the endpoint (node/node-options.ts).

import {
  type Check,
  checkOptions,
  describeValue,
  duration,
  functionOf,
  listOf,
  type OptionChecksOf,
  optional,
  optionError,
  text,
} from "../options.js";
import { type UnknownMembers, unknownMembers } from "../service/unknown-members.js";
import type { ClientInterceptor } from "./interceptors.js";
import { policy, type RelayPolicy } from "./relay-policy.js";

/**
 * Where the credential of a client is: its text, a file with it, or an entry of an identity file. A file must be readable only
 * by its owner. It is watched: when it gets another credential, the client presents that one at once, and its calls continue.
 *
 * An identity file also has the secret key, which is used unless `secretKey` is set. `peer` is the name of the entry; without it
 * the first entry for a consumer is used.
 *
 * @example
 * const source: CredentialSource = { identityFile: ".aster-identity", peer: "billing" };
 */
export type CredentialSource =
  | string
  | { readonly file: string }
  | { readonly identityFile: string; readonly peer?: string | undefined };

/**
 * The options of a connection.
 *
 * @example
 * const options: ClientOptions = { timeoutMs: 5000, interceptors: [] };
 * const client = await AsterClient.connect(ticket, { ...options, relay: "disabled" });
 * await client.close();
 */
export interface ClientOptions {
  /** The credential for admission. Servers with open access need none, and refuse one. */
  readonly credential?: CredentialSource | undefined;
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
  /**
   * What the server may call back over this connection. Services are announced when the connection is made, so call `serve()`
   * before `connect()`. Default: `"access"`; for `AsterClient.connect` with `services`: `{ roles: [] }`.
   */
  readonly serverAccess?: ServerAccess | undefined;
  /** Whether calls may go through a relay. Default: they may. */
  readonly relay?: RelayPolicy | undefined;
}

/**
 * What the server of a connection may call back. `"nothing"`: it may call nothing, and nothing is announced to it. `"access"`:
 * what it could call if it had dialled this node, as the `access` of `serve()` says. `{ roles }`: every service, with these
 * roles; the server needs no credential, because this side chose to dial its key.
 *
 * @example
 * const dispatcher: ServerAccess = { roles: ["dispatcher"] };
 */
export type ServerAccess = "nothing" | "access" | { readonly roles: readonly string[] };

/** Where the credential is, checked. */
export interface CheckedCredential {
  readonly text: string | null;
  readonly file: string | null;
  readonly peer: string | null;
}

const credential: Check<CheckedCredential | undefined> = (value, path) => {
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string") return { text: value, file: null, peer: null };
  if (typeof value !== "object" || value === null)
    throw optionError(path, `must be a text, { file } or { identityFile }, not ${describeValue(value)}`);
  if ("identityFile" in value) {
    const { identityFile, peer } = checkOptions({ identityFile: text, peer: optional(text) }, value, path);
    return { text: null, file: identityFile, peer: peer ?? null };
  }
  return { text: null, file: checkOptions({ file: text }, value, path).file, peer: null };
};

const serverAccess: Check<ServerAccess | undefined> = (value, path) => {
  if (value === undefined || value === "nothing" || value === "access") return value;
  if (typeof value !== "object" || value === null)
    throw optionError(path, `must be "nothing", "access" or { roles }, not ${describeValue(value)}`);
  return checkOptions({ roles: listOf(role) }, value, path);
};

/** Roles are separated by commas where they are kept. */
const role: Check<string> = (value, path) => {
  if (typeof value === "string" && value.trim() !== "" && !value.includes(",")) return value;
  throw optionError(path, `must be a text without commas, not ${describeValue(value)}`);
};

/** The options of a connection, checked. */
export interface CheckedConnection {
  readonly credential: CheckedCredential | undefined;
  readonly timeoutMs: number | undefined;
  readonly interceptors: readonly ClientInterceptor[] | undefined;
  readonly unknownMembers: UnknownMembers | undefined;
  readonly serverAccess: ServerAccess | undefined;
  readonly relay: RelayPolicy | undefined;
}

/** The checks of {@link ClientOptions}. */
export const connectChecks: OptionChecksOf<CheckedConnection> = {
  credential,
  timeoutMs: optional(duration),
  interceptors: optional(listOf(functionOf<ClientInterceptor>())),
  unknownMembers,
  serverAccess,
  relay: policy,
};
