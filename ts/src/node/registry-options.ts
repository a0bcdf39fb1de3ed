// The options of a registry.
//
// Owns: their names, types, checks and defaults. Does not own: the registry (registry.ts).

import type { RegistryQuery, RegistrySettings } from "../native/documents.js";
import {
  type Check,
  checkOptions,
  describeValue,
  duration,
  listOf,
  type OptionChecksOf,
  object,
  oneOf,
  optional,
  optionError,
  text,
} from "../options.js";

/**
 * The registry of a node. `"memory"`: its documents are kept in memory. `{ path }`: in a folder, which only one process may
 * use. `"off"`: there is none.
 *
 * @example
 * const registry: RegistryChoice = { join: [ticket], path: ".aster/registry" };
 */
export type RegistryChoice =
  | "memory"
  | "off"
  | {
      /** The folder of the documents. Default: in memory. */
      readonly path?: string | undefined;
      /** Addresses of members to join: tickets, endpoint ids, or node addresses in base64. One that is reachable is enough. */
      readonly join?: readonly string[] | undefined;
      /** The credential text for the admission at members with access by credentials. */
      readonly credential?: string | undefined;
    };

/**
 * The options of a node that concern its registry.
 *
 * @example
 * const options: RegistryOptions = { registry: { join: [ticket] }, channel: "stable", tags: ["eu"] };
 * const node = await AsterNode.start({ ...options, bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * await node.close();
 */
export interface RegistryOptions {
  /** Where services are published and found. Default `"memory"`; a node that only calls has none before it is used. */
  readonly registry?: RegistryChoice | undefined;
  /** The channel under which the services of this node are published, such as `"stable"`. */
  readonly channel?: string | undefined;
  /** The tags of this node, by which it can be found. */
  readonly tags?: readonly string[] | undefined;
}

/**
 * What a search for a service asks for.
 *
 * @example
 * const search: SearchOptions = { version: 1, channel: "stable", policy: "leastLoad" };
 * const found = await client.find("BillingService", search);
 */
export interface SearchOptions {
  /** The version of the service. */
  readonly version?: number | undefined;
  /** A channel under which the endpoint published the service. */
  readonly channel?: string | undefined;
  /** A tag of the endpoint. */
  readonly tag?: string | undefined;
  /** The contract: 64 hexadecimal digits. */
  readonly contractId?: string | undefined;
  /**
   * The order of endpoints of equal health. `"roundRobin"` (the default): each is first in turn. `"leastLoad"`: the least busy one
   * first. `"nearest"`: the one with the shortest round trip first. `"random"`: any order.
   */
  readonly policy?: "roundRobin" | "leastLoad" | "nearest" | "random" | undefined;
  /** The longest wait for the first answers of members that were named to join, in milliseconds. Default 5000. */
  readonly waitMs?: number | undefined;
}

/** A registry to start, or none. */
export type CheckedRegistry = Omit<RegistrySettings, "channel" | "tags"> | "off";

/** The options of a registry, checked. */
export interface CheckedRegistryOptions {
  readonly registry: CheckedRegistry | undefined;
  readonly channel: string | undefined;
  readonly tags: readonly string[] | undefined;
}

const NAME_BYTES = 255;
const MOST_TAGS = 64;
const DEFAULT_WAIT_MS = 5000;
const IN_MEMORY: CheckedRegistry = { path: null, join: [], credential: null };

const registry: Check<CheckedRegistry> = (value, path) => {
  if (value === "off") return "off";
  if (value === "memory") return IN_MEMORY;
  if (typeof value !== "object")
    throw optionError(path, `must be "memory", "off" or an object, not ${describeValue(value)}`);
  const members = { path: optional(text), join: optional(listOf(text)), credential: optional(text) };
  const checked = checkOptions(members, object(value, path), path);
  return {
    path: checked.path ?? null,
    join: [...(checked.join ?? [])],
    credential: checked.credential ?? null,
  };
};

/** A name that can be part of a key of the registry. */
const name: Check<string> = (value, path) => {
  const given = text(value, path);
  if (given !== "" && !given.includes("/") && Buffer.byteLength(given) <= NAME_BYTES) return given;
  throw optionError(path, `must have 1 to ${NAME_BYTES} bytes and no slash`);
};

const tags: Check<readonly string[]> = (value, path) => {
  const checked = listOf(name)(value, path);
  if (checked.length > MOST_TAGS) throw optionError(path, `must have at most ${MOST_TAGS} tags`);
  return [...new Set(checked)];
};

/** Checks a contract id. */
export const contractId: Check<string> = (value, path) => {
  if (typeof value === "string" && /^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw optionError(path, `must be 64 hexadecimal digits, not ${describeValue(value)}`);
};

const version: Check<number> = (value, path) => {
  if (Number.isSafeInteger(value)) return value as number;
  throw optionError(path, `must be an integer, not ${describeValue(value)}`);
};

/** The checks of {@link RegistryOptions}. */
export const registryChecks: OptionChecksOf<CheckedRegistryOptions> = {
  registry: optional(registry),
  channel: optional(name),
  tags: optional(tags),
};

/** The checks of {@link SearchOptions}. */
const searchChecks: OptionChecksOf<Required<{ [K in keyof SearchOptions]: SearchOptions[K] }>> = {
  version: optional(version),
  channel: optional(name),
  tag: optional(name),
  contractId: optional(contractId),
  policy: optional(oneOf("roundRobin", "leastLoad", "nearest", "random")),
  waitMs: optional(duration),
};

/** The settings of a registry to start; null for none. */
export function settingsOf(options: CheckedRegistryOptions): RegistrySettings | null {
  const chosen = options.registry ?? IN_MEMORY;
  if (chosen === "off") return null;
  return { ...chosen, channel: options.channel ?? null, tags: options.tags ?? [] };
}

/** A search, as the addon needs it. */
export function queryOf(service: string, options: SearchOptions | undefined): RegistryQuery {
  const checked = checkOptions(searchChecks, options);
  return {
    service: text(service, "service"),
    version: checked.version ?? null,
    channel: checked.channel ?? null,
    tag: checked.tag ?? null,
    contractId: checked.contractId ?? null,
    policy: checked.policy ?? "roundRobin",
    waitMs: checked.waitMs ?? DEFAULT_WAIT_MS,
  };
}
