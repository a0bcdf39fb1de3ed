// Credentials: signing them, and what they say.
//
// Owns: the options, and the form of the results. Does not own: signing and every check (Rust).

import { AsterError, Code } from "../errors.js";
import type { CredentialFault, NamedText } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import {
  type Check,
  checkOptions,
  describeValue,
  listOf,
  object,
  oneOf,
  optional,
  optionError,
  text,
} from "../options.js";
import { type RootKey, rootKey, secretBytes } from "./keys.js";
import { inWords } from "./words.js";

/**
 * Which gate a credential opens: `policy` admits a client until it expires, `ott` (one-time token) admits a client once,
 * `producer` admits a server of the mesh.
 *
 * @example
 * const type: CredentialType = "policy";
 * console.log(type);
 */
export type CredentialType = "policy" | "ott" | "producer";

/**
 * What a credential says about its holder.
 *
 * @example
 * const grant: CredentialGrant = { endpointId: null, roles: ["ops"], expiresAt: new Date(Date.now() + 3_600_000) };
 * console.log(grant.roles);
 */
export interface CredentialGrant {
  /** Default: `policy`. */
  readonly type?: CredentialType;
  /** The endpoint id of the node that may use it; null for every node that has it. A producer credential needs one. */
  readonly endpointId: string | null;
  /** The roles of the holder. Default: none. */
  readonly roles?: readonly string[];
  /** Further attributes. Names that start with `aster.` belong to the protocol. Default: none. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** When it ends, in whole seconds. */
  readonly expiresAt: Date;
  /** When it begins. Only this library checks it, the Python package does not. Default: at once. */
  readonly notBefore?: Date;
}

/**
 * What a credential is held against.
 *
 * @example
 * const against: CredentialChecks = { rootPublicKey: generateRoot().publicKey };
 * console.log(typeof against);
 */
export interface CredentialChecks {
  /** The trusted root keys, as 64 hexadecimal digits each. Default: the one that the credential names. */
  readonly rootPublicKey?: string | readonly string[];
  /** The endpoint id of the node that presents it. Default: not checked. */
  readonly endpointId?: string;
  /** The time. Default: now. */
  readonly now?: Date;
  /** Texts of revocation lists. Default: none. */
  readonly revocations?: readonly string[];
}

/**
 * What a credential says. Nothing of it is true unless `verifyCredential()` returned it.
 *
 * @example
 * const root = generateRoot();
 * const text = signCredential({ root, endpointId: null, roles: ["ops"], expiresAt: new Date(Date.now() + 60_000) });
 * const facts: CredentialFacts = inspectCredential(text);
 * console.log(facts.roles, facts.rootPublicKey === root.publicKey);
 */
export interface CredentialFacts {
  readonly type: CredentialType;
  /** The root key that is said to have signed it. */
  readonly rootPublicKey: string;
  /** The node that it is bound to, or null. */
  readonly endpointId: string | null;
  /** When it ends. */
  readonly expiresAt: Date;
  /** When it begins, or null. */
  readonly notBefore: Date | null;
  readonly roles: readonly string[];
  readonly attributes: ReadonlyMap<string, string>;
  /** By this value it can be revoked: 64 hexadecimal digits. */
  readonly fingerprint: string;
}

/**
 * The result of an inspection.
 *
 * @example
 * const report: CredentialReport = inspectCredential(
 *   signCredential({ root: generateRoot(), endpointId: null, expiresAt: new Date(0) }),
 * );
 * console.log(report.faults[0]?.code); // EXPIRED
 */
export interface CredentialReport extends CredentialFacts {
  /** Every reason to refuse it. Empty: it would be accepted. */
  readonly faults: readonly CredentialFault[];
  /** What it allows, for whom, until when, and what would make it be refused, in words. */
  readonly description: string;
}

export type { CredentialFault };

/**
 * Signs a credential. Returns the text of a credential file, as `aster trust sign` writes it.
 *
 * @example
 * const root = generateRoot();
 * const node = generateNode();
 * const credential = signCredential({
 *   root,
 *   endpointId: node.endpointId,
 *   roles: ["billing.read"],
 *   expiresAt: new Date(Date.now() + 30 * 86_400_000),
 * });
 * console.log(inspectCredential(credential).roles); // [ "billing.read" ]
 * @throws {TypeError} for a wrong option, also for a credential that every server would refuse
 */
export function signCredential(options: CredentialGrant & { readonly root: RootKey }): string {
  const { root, type, endpointId, roles, attributes, expiresAt, notBefore } = checkOptions(
    { root: rootKey, ...grantChecks },
    options,
  );
  const pairs = notBefore === undefined ? attributes : [...(attributes ?? []), notBefore];
  return controlCall((native) =>
    native.trustSignCredential(secretBytes(root), {
      type: type ?? "policy",
      endpointId,
      expiresAt,
      attributes: pairs ?? [],
      roles: [...(roles ?? [])],
    }),
  );
}

/**
 * Reads the text of a credential file and makes every check, without deciding anything.
 *
 * @example
 * const root = generateRoot();
 * const credential = signCredential({ root, endpointId: null, expiresAt: new Date(Date.now() + 60_000) });
 * console.log(inspectCredential(credential).description);
 * @throws {TypeError} for a wrong option
 * @throws {AsterError} INVALID_ARGUMENT with reason `MALFORMED` when the text is not a credential
 */
export function inspectCredential(credential: string, checks: CredentialChecks = {}): CredentialReport {
  const { rootPublicKey, endpointId, now, revocations } = checkOptions(checksChecks, checks);
  const content = text(credential, "credential");
  const time = now ?? Math.floor(Date.now() / 1000);
  const facts = controlCall((native) =>
    native.trustCheckCredential(content, {
      rootPublicKeys: rootPublicKey ?? null,
      endpointId: endpointId ?? null,
      now: time,
      revocations: [...(revocations ?? [])],
    }),
  );
  const report = {
    ...facts,
    expiresAt: dateOf(facts.expiresAt),
    notBefore: facts.notBefore === null ? null : dateOf(facts.notBefore),
    attributes: new Map(facts.attributes.map(({ name, value }) => [name, value])),
  };
  const unchecked = {
    root: rootPublicKey === undefined,
    peer: endpointId === undefined && facts.endpointId !== null,
    revocations: revocations === undefined,
  };
  return { ...report, description: inWords(report, dateOf(time), unchecked) };
}

/**
 * Checks a credential. Returns what it says, which is true after that. A one-time credential is not used up.
 *
 * @example
 * const root = generateRoot();
 * const { endpointId } = generateNode();
 * const credential = signCredential({ root, endpointId, roles: ["ops"], expiresAt: new Date(Date.now() + 60_000) });
 * const { roles } = verifyCredential(credential, { rootPublicKey: root.publicKey, endpointId });
 * console.log(roles); // [ "ops" ]
 * @throws {TypeError} for a wrong option
 * @throws {AsterError} PERMISSION_DENIED when it is refused, with the cause as reason, such as `EXPIRED` or `WRONG_ROOT`;
 * INVALID_ARGUMENT with reason `MALFORMED` when the text is not a credential
 */
export function verifyCredential(
  credential: string,
  checks: CredentialChecks & Required<Pick<CredentialChecks, "rootPublicKey" | "endpointId">>,
): CredentialFacts {
  for (const name of ["rootPublicKey", "endpointId"] as const) {
    if (checks?.[name] === undefined) throw optionError(`options.${name}`, "is missing");
  }
  const { faults, description: _, ...facts } = inspectCredential(credential, checks);
  const [first] = faults;
  if (first === undefined) return facts;
  throw new AsterError(Code.PERMISSION_DENIED, first.message, { reason: first.code });
}

/** Requires an object of texts. The result is in its order. */
export const attributePairs: Check<NamedText[]> = (value, path) =>
  Object.entries(object(value, path)).map(([name, item]) => {
    if (typeof item === "string") return { name, value: item };
    throw optionError(`${path}.${name}`, `must be a string, not ${describeValue(item)}`);
  });

/** Requires a list of names. */
export const roleList: Check<readonly string[]> = listOf(text);

/** Requires a type of credentials. */
export const credentialType: Check<CredentialType> = oneOf("policy", "ott", "producer");

/** Requires a date. Returns whole seconds since 1970. */
export const seconds: Check<number> = (value, path) => {
  const time = value instanceof Date ? value.getTime() : Number.NaN;
  if (Number.isNaN(time)) throw optionError(path, "must be a valid Date");
  return Math.floor(time / 1000);
};

const endpointIdOrNull: Check<string | null> = (value, path) => {
  if (value === undefined) {
    throw optionError(path, "must be an endpoint id, or null for a credential that every node can use");
  }
  return value === null ? null : text(value, path);
};

const beginning: Check<NamedText> = (value, path) => ({
  name: "aster.not_before",
  value: String(seconds(value, path)),
});

const grantChecks = {
  type: optional(credentialType),
  endpointId: endpointIdOrNull,
  roles: optional(roleList),
  attributes: optional(attributePairs),
  expiresAt: seconds,
  notBefore: optional(beginning),
};

const keyList: Check<readonly string[]> = (value, path) =>
  typeof value === "string" ? [text(value, path)] : listOf(text)(value, path);

const checksChecks = {
  rootPublicKey: optional(keyList),
  endpointId: optional(text),
  now: optional(seconds),
  revocations: optional(listOf(text)),
};

/** The last time that a Date can have, in seconds. */
const LAST = 8.64e12;

function dateOf(time: number): Date {
  return new Date(Math.min(time, LAST) * 1000);
}
