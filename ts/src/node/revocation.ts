// Revocation: at a node of this process, and by a list that is sent to another node.
//
// Owns: the public functions, and the errors for lists that are not taken. Does not own: the lists (Rust).

import { dialRelay } from "../client/relay-policy.js";
import { AsterError, Code, withCaller } from "../errors.js";
import { controlCall } from "../native/index.js";
import {
  type Check,
  checkOptions,
  describeValue,
  duration,
  object,
  optional,
  optionError,
  text,
} from "../options.js";
import type { Port } from "../port/port.js";
import { dialAccess, Endpoint } from "./endpoint.js";
import { type EndpointOptions, endpointChecks } from "./node-options.js";

/**
 * What is revoked: a node or a credential, until the process ends; or what a signed list says, for as long as the list is kept.
 *
 * @example
 * const revoked: Revocation = { endpointId: client.endpointId };
 */
export type Revocation =
  | { readonly endpointId: string }
  | { readonly fingerprint: string }
  | { readonly list: string };

/**
 * The options of {@link pushRevocations}.
 *
 * @example
 * const options: PushOptions = { timeoutMs: 5000, relay: "disabled" };
 */
export interface PushOptions extends EndpointOptions {
  /** The time limit, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_PUSH_MS = 30_000;
const pushChecks = { ...endpointChecks, timeoutMs: optional(duration) };

const id: Check<string | null> = (value, path) => {
  if (value === undefined) return null;
  if (typeof value === "string" && /^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw optionError(path, `must be 64 hexadecimal digits, not ${describeValue(value)}`);
};

const revocationChecks = { endpointId: id, fingerprint: id, list: optional(text) };

/** Revokes at a node of this process. */
export async function revokeAt(port: Port, node: number, what: Revocation): Promise<boolean> {
  const { endpointId, fingerprint, list } = checkOptions(
    revocationChecks,
    object(what, "revocation"),
    "revocation",
  );
  const given = [endpointId, fingerprint, list ?? null].filter((member) => member !== null);
  if (given.length !== 1) {
    throw optionError("revocation", "must have one of endpointId, fingerprint and list");
  }
  if (list !== undefined) {
    const outcome = await port.request("takeRevocationOutcome", (native, request) =>
      native.nodeTakeRevocations(port.number, request, node, list),
    );
    return changed(outcome);
  }
  if (controlCall((native) => native.nodeRevoke(node, endpointId, fingerprint))) return true;
  throw new AsterError(Code.FAILED_PRECONDITION, "everybody may call this node, so nobody can be revoked", {
    reason: "OPEN_ACCESS",
  });
}

/**
 * Sends a signed revocation list to a running server, which puts it in force at once. The signature of the root key is what
 * makes the list count, so this needs no credential.
 * @param address a ticket, an endpoint id, or a node address in base64
 * @param list the document of the list
 * @returns true when the list is new to the server, false when it was in force already
 * @example
 * const push = (list: string): Promise<boolean> => pushRevocations(ticket, list, { relay: "disabled" });
 * @throws {TypeError} with the path of the wrong option
 * @throws {AsterError} PERMISSION_DENIED with reason `LIST_REFUSED` when the server does not trust the list,
 * FAILED_PRECONDITION with reason `OLDER_LIST` when it has a newer one, UNAVAILABLE when no server with access by credentials
 * answers, DEADLINE_EXCEEDED after `timeoutMs`
 */
export function pushRevocations(address: string, list: string, options: PushOptions = {}): Promise<boolean> {
  return withCaller(pushRevocations, async () => {
    const { timeoutMs, ...endpoint } = checkOptions(pushChecks, options);
    const dial = {
      address: text(address, "address"),
      credential: null,
      timeoutMs: Math.ceil(timeoutMs ?? DEFAULT_PUSH_MS),
      ...dialAccess("nothing"),
      ...dialRelay(undefined),
    };
    const document = text(list, "list");
    const shared = await Endpoint.share(endpoint);
    try {
      const { port, started } = shared;
      const outcome = await port.request("takeRevocationOutcome", (native, request) =>
        native.nodePushRevocations(port.number, request, started.node, dial, document),
      );
      return changed(outcome);
    } finally {
      await shared.close();
    }
  });
}

function changed(outcome: string): boolean {
  if (outcome === "IN_FORCE") return true;
  if (outcome === "UNCHANGED") return false;
  if (outcome === "OLDER") {
    throw new AsterError(Code.FAILED_PRECONDITION, "a newer revocation list is in force", {
      reason: "OLDER_LIST",
    });
  }
  throw new AsterError(Code.PERMISSION_DENIED, "the revocation list was not taken", {
    reason: "LIST_REFUSED",
  });
}
