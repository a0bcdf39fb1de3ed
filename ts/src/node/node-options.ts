// Options of an endpoint, shared by AsterNode, AsterServer and AsterClient.
//
// Owns: their names, types and checks, and their form for the native side. Does not own: addresses and keys,
// which Rust judges.

import { type Logger, stderrLogger } from "../logging.js";
import type { LimitOptions, StartOptions } from "../native/documents.js";
import {
  type Check,
  checkOptions,
  describeValue,
  having,
  integer,
  listOf,
  type OptionChecksOf,
  object,
  oneOf,
  optional,
  optionError,
  text,
} from "../options.js";

/** Which relays an endpoint uses. */
export type Relay = "disabled" | "default" | { readonly urls: readonly string[] };

/** Bounds on what peers may take up. */
export interface NodeLimits {
  /** Streams that a peer may have open on one connection; a call is a stream. Default 1024. */
  readonly maxStreams?: number | undefined;
  /** How long a handshake, or a stream's header, may take. Default 10 s. */
  readonly headerTimeoutMs?: number | undefined;
  /** How long a started frame, or an awaited single request, may take. Default 60 s. */
  readonly bodyTimeoutMs?: number | undefined;
  /** Bytes that waiting messages above 64 KiB may occupy, for each connection. Default 64 MiB. */
  readonly peerBytes?: number | undefined;
  /** Calls that a peer may leave before their answer at once, on one connection. Default 2000. */
  readonly resetBurst?: number | undefined;
  /** Calls that a peer may leave so each second after that; more delay its next ones. Default 500. */
  readonly resetsPerSecond?: number | undefined;
  /** Connections served at once, of all peers together. Default 4096. */
  readonly maxConnections?: number | undefined;
}

/** Options of an endpoint. */
export interface EndpointOptions {
  /** The ed25519 seed: 32 bytes, or 64 hex digits. */
  readonly secretKey?: Uint8Array | string | undefined;
  /** `ip:port` to listen on, no host name; port 0 takes a free one. Default: all interfaces, a free port. */
  readonly bind?: string | undefined;
  /**
   * Default `"default"`: the public relays and discovery of iroh's operators; starting waits for a relay, at most
   * 3 s. `"disabled"` contacts and waits for nothing outside.
   */
  readonly relay?: Relay | undefined;
  /** Bounds on what peers may take up. */
  readonly limits?: NodeLimits | undefined;
  /** Default: warnings and errors on stderr. */
  readonly logger?: Logger | undefined;
}

const MOST = 0x7fff_ffff;

const limitsChecks = {
  maxStreams: optional(integer(1, MOST)),
  headerTimeoutMs: optional(integer(1)),
  bodyTimeoutMs: optional(integer(1)),
  peerBytes: optional(integer(65_536, MOST)),
  resetBurst: optional(integer(1, MOST)),
  resetsPerSecond: optional(integer(1, MOST)),
  maxConnections: optional(integer(1, MOST)),
};

const DEFAULT_LIMITS: LimitOptions = {
  maxStreams: null,
  headerTimeoutMs: null,
  bodyTimeoutMs: null,
  peerBytes: null,
  resetBurst: null,
  resetsPerSecond: null,
  maxConnections: null,
};

const secretKey: Check<string> = (value, path) => {
  if (value instanceof Uint8Array && value.length === 32) return Buffer.from(value).toString("hex");
  if (typeof value === "string" && /^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw optionError(path, "must be 32 bytes, as a Uint8Array or as 64 hex digits");
};

const relay: Check<StartOptions["relay"]> = (value, path) => {
  if (value === "disabled" || value === "default") return value;
  if (typeof value !== "object")
    throw optionError(path, `must be "disabled", "default" or { urls }, not ${describeValue(value)}`);
  const { urls } = checkOptions({ urls: listOf(text) }, object(value, path), path);
  if (urls.length === 0) throw optionError(`${path}.urls`, 'must name a relay; "disabled" uses none');
  return [...urls];
};

/** Checked endpoint options. */
export interface CheckedEndpoint {
  readonly secretKey: string | undefined;
  readonly bind: string | undefined;
  readonly relay: StartOptions["relay"] | undefined;
  readonly limits: NodeLimits | undefined;
  readonly logger: Logger | undefined;
}

/** The checks of {@link EndpointOptions}, to be spread into the shape of a role. */
export const endpointChecks: OptionChecksOf<CheckedEndpoint> = {
  secretKey: optional(secretKey),
  bind: optional(text),
  relay: optional(relay),
  limits: optional((value: unknown, path: string) => checkOptions(limitsChecks, value, path)),
  logger: optional(having<Logger>("debug", "info", "warn", "error")),
};

/** Check of where a server's or node's key comes from when none is given. */
export const identity: Check<"project" | "ephemeral" | undefined> = optional(oneOf("project", "ephemeral"));

/** The options as the addon takes them. */
export function startOptions(options: CheckedEndpoint, key: string | null): StartOptions {
  return {
    secretKey: key,
    bind: options.bind ?? null,
    relay: options.relay ?? "default",
    limits: { ...DEFAULT_LIMITS, ...presentIn(options.limits ?? {}) },
  };
}

function presentIn(limits: NodeLimits): Partial<LimitOptions> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/** The logger to use. */
export function loggerOf(options: { readonly logger: Logger | undefined }): Logger {
  return options.logger ?? stderrLogger;
}
