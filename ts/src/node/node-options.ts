// The options of an endpoint, for AsterNode, AsterServer and AsterClient.
//
// Owns: their names, types and checks, and their document for the addon. Does not own: the checks of addresses and keys,
// which Rust does.

import { type Logger, stderrLogger } from "../logging.js";
import type { LimitOptions, StartOptions } from "../native/documents.js";
import {
  type Check,
  checkOptions,
  having,
  integer,
  type OptionChecksOf,
  oneOf,
  optional,
  optionError,
  text,
} from "../options.js";
import {
  type Discovery,
  defaultRelay,
  discovery,
  noDiscovery,
  type Relay,
  relay,
} from "./network-options.js";

/**
 * The limits for what peers may use.
 *
 * @example
 * const limits: NodeLimits = { maxConnections: 100, maxStreams: 64 };
 * const node = await AsterNode.start({ limits, bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * await node.close();
 */
export interface NodeLimits {
  /** The number of open streams of a peer on one connection. A call is a stream. Default 1024. */
  readonly maxStreams?: number | undefined;
  /** The number of open sessions of a peer on one connection, beside `maxStreams`. Default 1024. */
  readonly maxSessions?: number | undefined;
  /** The server ends a session that had no call for this time, in milliseconds. Default: never. */
  readonly sessionIdleMs?: number | undefined;
  /** The time for a handshake, or for the header of a stream, in milliseconds. Default 10,000, or `bodyTimeoutMs` if that is shorter. */
  readonly headerTimeoutMs?: number | undefined;
  /**
   * The time for a frame that has started, or for an expected single request, in milliseconds. Not below `headerTimeoutMs`. Default
   * 60,000, or `headerTimeoutMs` if that is longer.
   */
  readonly bodyTimeoutMs?: number | undefined;
  /**
   * The bytes of messages that wait in this process, for each connection: requests until their call ends, stream items until
   * they are read, and responses until they are sent. Default 64 MiB.
   */
  readonly peerBytes?: number | undefined;
  /**
   * The same for all connections of the process together. A connection uses at most as many bytes as are free for the
   * others. One value counts for the whole process: that of the last node that was started with one. Default: a quarter of
   * the memory.
   */
  readonly processBytes?: number | undefined;
  /**
   * The estimated size of the values of one message when it is decoded, in bytes. A message above it is refused with
   * RESOURCE_EXHAUSTED before its values are made: a short message can decode to large values. Default 64 MiB.
   */
  readonly maxDecodedBytes?: number | undefined;
  /** The number of calls that a peer may cancel in a burst on one connection. Default 2000. */
  readonly resetBurst?: number | undefined;
  /** The number of calls that a peer may cancel each second after that. More of them delay its next calls. Default 500. */
  readonly resetsPerSecond?: number | undefined;
  /** The number of connections at one time, for all peers together. Default 4096. */
  readonly maxConnections?: number | undefined;
  /** The number of connections of one peer at one time. Default 16. */
  readonly maxConnectionsPerPeer?: number | undefined;
  /**
   * In milliseconds. Calls end with UNAVAILABLE when the peer has acknowledged nothing for this time although something was sent; a
   * silent connection sends keep-alive packets. On both sides: a server aborts the handlers of a client that was killed. After 3
   * seconds new calls of a client connect again, and running calls end when the new connection is there. Default 10,000.
   */
  readonly deadAfterMs?: number | undefined;
}

/**
 * The options of an endpoint.
 *
 * @example
 * const options: EndpointOptions = { bind: "127.0.0.1:0", relay: "disabled" };
 * const node = await AsterNode.start({ ...options, identity: "ephemeral" });
 * console.log(node.addresses);
 * await node.close();
 */
export interface EndpointOptions {
  /** The Ed25519 secret key: 32 bytes, or 64 hexadecimal digits. */
  readonly secretKey?: Uint8Array | string | undefined;
  /** The address to listen on, as `ip:port` without host names. Port 0 takes a free port. Default: all interfaces. */
  readonly bind?: string | undefined;
  /**
   * `"default"` (the default) uses the public relays and the discovery of iroh's operators. The start waits for a relay
   * for at most 3 s. `"disabled"` contacts no other host.
   */
  readonly relay?: Relay | undefined;
  /** How endpoints are found of which only the id is known. Default: with `relay: "default"` as that says, else not at all. */
  readonly discovery?: Discovery | undefined;
  /** The limits for what peers may use. */
  readonly limits?: NodeLimits | undefined;
  /** The logger. Default: warnings and errors on stderr. */
  readonly logger?: Logger | undefined;
}

const MOST = 0x7fff_ffff;

const limitsChecks = {
  maxStreams: optional(integer(1, MOST)),
  maxSessions: optional(integer(0, MOST)),
  sessionIdleMs: optional(integer(1)),
  headerTimeoutMs: optional(integer(1)),
  bodyTimeoutMs: optional(integer(1)),
  peerBytes: optional(integer(65_536, MOST)),
  processBytes: optional(integer(1 << 20)),
  maxDecodedBytes: optional(integer(1, MOST)),
  resetBurst: optional(integer(1, MOST)),
  resetsPerSecond: optional(integer(1, MOST)),
  maxConnections: optional(integer(1, MOST)),
  maxConnectionsPerPeer: optional(integer(1, MOST)),
  deadAfterMs: optional(integer(1)),
};

const HEADER_TIMEOUT_MS = 10_000;
const BODY_TIMEOUT_MS = 60_000;

/** Checks the limits. A call whose header may take longer than its body would end with the wrong status. */
const limits: Check<NodeLimits> = (value, path) => {
  const checked: NodeLimits = checkOptions(limitsChecks, value, path);
  const { headerTimeoutMs, bodyTimeoutMs } = checked;
  if (headerTimeoutMs === undefined && bodyTimeoutMs === undefined) return checked;
  const header = headerTimeoutMs ?? Math.min(HEADER_TIMEOUT_MS, bodyTimeoutMs ?? HEADER_TIMEOUT_MS);
  const body = bodyTimeoutMs ?? Math.max(BODY_TIMEOUT_MS, header);
  if (body >= header) return { ...checked, headerTimeoutMs: header, bodyTimeoutMs: body };
  throw optionError(`${path}.bodyTimeoutMs`, `must not be below headerTimeoutMs, which is ${header}`);
};

const DEFAULT_LIMITS: LimitOptions = {
  maxStreams: null,
  maxSessions: null,
  sessionIdleMs: null,
  headerTimeoutMs: null,
  bodyTimeoutMs: null,
  peerBytes: null,
  processBytes: null,
  resetBurst: null,
  resetsPerSecond: null,
  maxConnections: null,
  maxConnectionsPerPeer: null,
  deadAfterMs: null,
};

const secretKey: Check<string> = (value, path) => {
  if (value instanceof Uint8Array && value.length === 32) return Buffer.from(value).toString("hex");
  if (typeof value === "string" && /^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw optionError(path, "must be 32 bytes: a Uint8Array, or 64 hexadecimal digits");
};

/**
 * Where the key of a node comes from. `"project"` stores a key for each entry file in `.aster/keys` of the project folder.
 * `"ephemeral"` makes a new key for each start. `{ file }` reads it from an identity file, such as `aster enroll node` makes.
 *
 * @example
 * const enrolled: NodeIdentity = { file: "server.aster-identity" };
 */
export type NodeIdentity = "project" | "ephemeral" | { readonly file: string };

/** Checked endpoint options. */
export interface CheckedEndpoint {
  readonly secretKey: string | undefined;
  readonly bind: string | undefined;
  readonly relay: StartOptions["relay"] | undefined;
  readonly discovery: StartOptions["discovery"] | undefined;
  readonly limits: NodeLimits | undefined;
  readonly logger: Logger | undefined;
}

/** The checks of {@link EndpointOptions}, which other option checks include. */
export const endpointChecks: OptionChecksOf<CheckedEndpoint> = {
  secretKey: optional(secretKey),
  bind: optional(text),
  relay: optional(relay),
  discovery: optional(discovery),
  limits: optional(limits),
  logger: optional(having<Logger>("debug", "info", "warn", "error")),
};

/** Checks where the key comes from when `secretKey` is not set. */
export const identity: Check<NodeIdentity | undefined> = optional((value, path) =>
  typeof value === "object" && value !== null ? checkOptions({ file: text }, value, path) : word(value, path),
);

const word: Check<"project" | "ephemeral"> = oneOf("project", "ephemeral");

/** The options as the addon needs them. */
export function startOptions(options: CheckedEndpoint, key: string | null): StartOptions {
  return {
    secretKey: key,
    bind: options.bind ?? null,
    relay: options.relay ?? defaultRelay,
    discovery: options.discovery ?? noDiscovery,
    limits: { ...DEFAULT_LIMITS, ...presentIn(options.limits ?? {}) },
  };
}

/** The limits for the core. That of decoding is for the codecs of this side, so clients with others share an endpoint. */
function presentIn({ maxDecodedBytes: _, ...limits }: NodeLimits): Partial<LimitOptions> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/** The logger to use. */
export function loggerOf(options: { readonly logger: Logger | undefined }): Logger {
  return options.logger ?? stderrLogger;
}
