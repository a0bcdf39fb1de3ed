// The options of an endpoint about the network: its relays, and how other endpoints are found.
//
// Owns: their names, types and checks. Does not own: the checks of URLs, which Rust does.

import { readFileSync } from "node:fs";
import { type RelayPolicy, relayPolicy } from "../client/relay-policy.js";
import type { StartOptions } from "../native/documents.js";
import {
  boolean,
  type Check,
  checkOptions,
  describeValue,
  integer,
  listOf,
  object,
  optional,
  optionError,
  text,
} from "../options.js";

/**
 * Relays of one's own, such as `aster relay` runs. All peers that are to find each other use the same ones.
 *
 * @example
 * const relay: OwnRelays = { urls: ["https://relay.example.net"], token: "a long word" };
 */
export interface OwnRelays {
  /** Their URLs. With `https:` they also tell an endpoint its public address, which direct paths through NATs need. */
  readonly urls: readonly string[];
  /** The word that the relays ask for. */
  readonly token?: string | undefined;
  /** The UDP port on which the relays tell the public address. Default 7842. */
  readonly quicPort?: number | undefined;
  /** Certificates in PEM, as text or as a file, that are trusted beside the public ones. */
  readonly certificates?: string | { readonly file: string } | undefined;
  /** True: the endpoint has no direct paths, and every packet goes through a relay. Default false. */
  readonly only?: boolean | undefined;
}

/**
 * The relays that an endpoint uses.
 *
 * @example
 * const own: Relay = { urls: ["https://relay.example.net"] };
 * const none: Relay = "disabled"; // direct addresses only
 */
export type Relay = "disabled" | "default" | OwnRelays;

/**
 * How endpoints are found of which only the id is known, beside the discovery that `relay: "default"` includes.
 *
 * @example
 * const discovery: Discovery = { local: true };
 * const options: EndpointOptions = { discovery, relay: "disabled" };
 */
export interface Discovery {
  /**
   * True: finds endpoints on this machine, and by mDNS in the local network, and is found there itself. Everybody in the local
   * network can see the id and the addresses then. Default false.
   */
  readonly local?: boolean | undefined;
  /** The URL of a pkarr server. The endpoint publishes its addresses there, and asks it for those of others. */
  readonly pkarr?: string | undefined;
  /** A domain below which a DNS server has the addresses of endpoints, as pkarr servers publish them. */
  readonly dns?: string | undefined;
  /** The DNS server to ask, as `ip:port`. Default: those of the system. */
  readonly nameserver?: string | undefined;
}

/** The relays of an endpoint, and the policy for the connection that a client makes. */
export interface CheckedClientRelay {
  readonly choice: StartOptions["relay"];
  readonly policy: RelayPolicy | undefined;
}

const chosen = (kind: "disabled" | "default", only = false): StartOptions["relay"] => ({
  kind,
  urls: [],
  token: null,
  quicPort: null,
  certificates: null,
  only,
});

const certificates: Check<string> = (value, path) => {
  if (typeof value === "string") return value;
  const { file } = checkOptions({ file: text }, object(value, path), path);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw optionError(`${path}.file`, `cannot be read: ${(error as Error).message}`);
  }
};

const ownChecks = {
  urls: listOf(text),
  token: optional(text),
  quicPort: optional(integer(1, 65_535)),
  certificates: optional(certificates),
  only: optional(boolean),
};

function ownRelays(value: unknown, path: string): StartOptions["relay"] {
  const given = checkOptions(ownChecks, object(value, path), path);
  if (given.urls.length === 0)
    throw optionError(`${path}.urls`, 'must contain at least one relay; use "disabled" for none');
  const { urls, token = null, quicPort = null, certificates = null, only = false } = given;
  return { kind: "own", urls: [...urls], token, quicPort, certificates, only };
}

/** Checks the relays of an endpoint. */
export const relay: Check<StartOptions["relay"]> = (value, path) => {
  if (value === "disabled" || value === "default") return chosen(value);
  if (typeof value !== "object" || value === null)
    throw optionError(path, `must be "disabled", "default" or { urls }, not ${describeValue(value)}`);
  return ownRelays(value, path);
};

/** The default relays. */
export const defaultRelay: StartOptions["relay"] = chosen("default");

/** Checks the relays of a client, with the policy for its connection. */
export const clientRelay: Check<CheckedClientRelay> = (value, path) => {
  if (value === "disabled" || value === "default") return { choice: chosen(value), policy: undefined };
  const isOwn = typeof value === "object" && value !== null && "urls" in value;
  if (!isOwn) {
    const policy = relayPolicy(value, path, ['"disabled"', '"default"', "{ urls }"]);
    return { choice: chosen("default", policy === "only"), policy };
  }
  const { policy: given, ...relays } = value as OwnRelays & { readonly policy?: unknown };
  const policy = given === undefined ? undefined : relayPolicy(given, `${path}.policy`);
  const choice = ownRelays(relays, path);
  return { choice: policy === "only" ? { ...choice, only: true } : choice, policy };
};

const discoveryChecks = {
  local: optional(boolean),
  pkarr: optional(text),
  dns: optional(text),
  nameserver: optional(text),
};

/** Checks how other endpoints are found. */
export const discovery: Check<StartOptions["discovery"]> = (value, path) => {
  const given = checkOptions(discoveryChecks, object(value, path), path);
  return {
    local: given.local ?? false,
    pkarr: given.pkarr ?? null,
    dns: given.dns ?? null,
    nameserver: given.nameserver ?? null,
  };
};

/** No discovery beside that of the default relays. */
export const noDiscovery: StartOptions["discovery"] = {
  local: false,
  pkarr: null,
  dns: null,
  nameserver: null,
};
