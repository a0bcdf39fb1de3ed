// Who may call: the options, and what the program is asked.
//
// Owns: their names, types and checks, the rule that `access` is required, the warning about open access, and the questions to
// `admit`. Does not own: the decisions (Rust).

import { isIP } from "node:net";
import { type Logger, logSafely } from "../logging.js";
import type { AccessOptions } from "../native/documents.js";
import {
  type Check,
  checkOptions,
  describeValue,
  functionOf,
  object,
  oneOf,
  optional,
  optionError,
  text,
} from "../options.js";
import type { AdmitPeer, Port } from "../port/port.js";
import { type CallPeer, peerOf } from "./peer.js";

/**
 * Who may call: everybody, or callers with a credential of a root key.
 *
 * @example
 * const everybody: Access = "open"; // everybody who can reach the server may call
 * const gated: Access = { rootPublicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" };
 */
export type Access = "open" | GatedAccess;

/**
 * Access by credentials. See `docs/security.md` for how to make them.
 *
 * @example
 * const access: GatedAccess = {
 *   rootPublicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
 *   producers: "open",
 *   admit: async (peer) => peer.attributes.get("region") === "eu",
 * };
 */
export interface GatedAccess {
  /**
   * The public key of the root whose credentials count: 64 hexadecimal digits, or `{ file }` with the path of a key file.
   * With several of them each counts, so that a root key can be replaced.
   */
  readonly rootPublicKey: RootPublicKey | readonly RootPublicKey[];
  /** `"gated"` (the default) lets producers ask for admission with their credentials. `"open"` does not offer that. */
  readonly producers?: "open" | "gated" | undefined;
  /**
   * The file that remembers used one-time credentials, and revocation lists that were sent to the server. It is made when it
   * does not exist. All processes of a service share it. Without it one-time credentials are refused.
   */
  readonly nonces?: { readonly path: string } | undefined;
  /** A file with a signed revocation list. When it changes, the new list is in force within a second. */
  readonly revocations?: { readonly path: string } | undefined;
  /**
   * Is asked about each peer whose credential counts, and can refuse it. It has 5 seconds. An error, a later answer and
   * anything but true refuse the peer.
   */
  readonly admit?: ((peer: CallPeer) => boolean | Promise<boolean>) | undefined;
}

/**
 * A public root key: 64 hexadecimal digits, or the path of a key file.
 *
 * @example
 * const trusted: readonly RootPublicKey[] = [{ file: "root.pub" }, { file: "root-2.pub" }];
 */
export type RootPublicKey = string | { readonly file: string };

/** Who may call, checked. Null: everybody. */
export type CheckedAccess = {
  readonly native: AccessOptions;
  readonly admit: GatedAccess["admit"];
} | null;

const rootKey: Check<RootPublicKey> = (value, path) => {
  if (typeof value === "string" && /^[0-9a-f]{64}$/i.test(value)) return value;
  if (typeof value === "object" && value !== null) return checkOptions({ file: text }, value, path);
  throw optionError(path, `must be 64 hexadecimal digits, not ${describeValue(value)}`);
};

const file: Check<string> = (value, path) => checkOptions({ path: text }, object(value, path), path).path;

const gatedChecks = {
  rootPublicKey: rootKeys,
  producers: optional(oneOf("open", "gated")),
  nonces: optional(file),
  revocations: optional(file),
  admit: optional(functionOf<NonNullable<GatedAccess["admit"]>>()),
};

function rootKeys(value: unknown, path: string): { readonly keys: string[]; readonly files: string[] } {
  if (value === undefined) throw optionError(path, "is required: it says whose credentials count");
  if (Array.isArray(value) && value.length === 0) throw optionError(path, "must have at least one key");
  const given = Array.isArray(value)
    ? value.map((key, index) => rootKey(key, `${path}[${index}]`))
    : [rootKey(value, path)];
  return {
    keys: given.filter((key) => typeof key === "string"),
    files: given.filter((key) => typeof key === "object").map(({ file }) => file),
  };
}

/** Checks `access`, which is required. */
export const access: Check<CheckedAccess> = (value, path) => {
  if (value === "open") return null;
  if (value === undefined) {
    throw optionError(
      path,
      'is required: "open" lets everybody call, { rootPublicKey } only callers with a credential',
    );
  }
  if (typeof value !== "object" || value === null)
    throw optionError(path, `must be "open" or an object, not ${describeValue(value)}`);
  const checked = checkOptions(gatedChecks, value, path);
  return {
    native: {
      rootPublicKeys: checked.rootPublicKey.keys,
      rootFiles: checked.rootPublicKey.files,
      producers: checked.producers !== "open",
      nonces: checked.nonces ?? null,
      revocations: checked.revocations ?? null,
      asks: checked.admit !== undefined,
    },
    admit: checked.admit,
  };
};

/** Answers the questions about peers with the function of the user. Returns a function that stops it. */
export function answerQuestions(
  port: Port,
  node: number,
  admit: NonNullable<GatedAccess["admit"]>,
  logger: Logger,
): () => void {
  const ask: AdmitPeer = async (peer) => {
    try {
      return (await admit(peerOf(peer, null))) === true;
    } catch (error) {
      logSafely(() =>
        logger.error("access.admit failed, so the peer is refused", { peer: peer.endpointId, error }),
      );
      return false;
    }
  };
  return port.answerQuestions(node, ask);
}

/** Warns when everybody may call a node that other machines can reach. */
export function warnOpen(addresses: readonly string[], hasRelay: boolean, logger: Logger): void {
  const reachable = addresses.find((address) => !isLoopback(address));
  if (reachable === undefined && !hasRelay) return;
  logSafely(() =>
    logger.warn(
      'everybody who can reach this server may call it; to let only callers with a credential call, replace access: "open" with access: { rootPublicKey: "..." }',
      { address: reachable ?? "relay" },
    ),
  );
}

function isLoopback(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  if (isIP(host) === 4) return host.startsWith("127.");
  return host === "::1" || host.startsWith("::ffff:127.");
}
