// Revocation lists.
//
// Owns: the class. Does not own: the document, its signature and the order of lists (Rust).

import { controlCall } from "../native/index.js";
import { checkOptions, listOf, optional, text } from "../options.js";
import { seconds } from "./credentials.js";
import { type RootKey, rootKey, secretBytes } from "./keys.js";

/**
 * What is to be revoked.
 *
 * @example
 * const revoked: Revoked = { endpointIds: [generateNode().endpointId] };
 * console.log(revoked.endpointIds?.length); // 1
 */
export interface Revoked {
  /** Nodes. All their credentials of this root key are revoked. Default: none. */
  readonly endpointIds?: readonly string[];
  /** Fingerprints of single credentials. Default: none. */
  readonly fingerprints?: readonly string[];
  /** The time of the signature. Default: now. */
  readonly now?: Date;
}

/**
 * A signed list of everything that a root key has revoked. It never changes: `next()` makes the list that takes its place.
 *
 * @example
 * const root = generateRoot();
 * const lost = generateNode().endpointId;
 * const first = RevocationList.sign(root, {});
 * const second = first.next(root, { endpointIds: [lost] });
 * console.log(second.sequence, second.endpointIds.has(lost)); // 2 true
 */
export class RevocationList {
  /** The root key that signed it. */
  readonly rootPublicKey: string;
  /** Its number: of two lists of a root key, servers use the one with the higher number. */
  readonly sequence: number;
  /** When it was signed. */
  readonly issuedAt: Date;
  readonly endpointIds: ReadonlySet<string>;
  readonly fingerprints: ReadonlySet<string>;
  readonly #text: string;

  private constructor(content: string) {
    const facts = controlCall((native) => native.trustReadRevocations(content));
    this.rootPublicKey = facts.rootPublicKey;
    this.sequence = facts.sequence;
    this.issuedAt = new Date(facts.issuedAt * 1000);
    this.endpointIds = new Set(facts.endpointIds);
    this.fingerprints = new Set(facts.fingerprints);
    this.#text = content;
  }

  /**
   * Reads the text of a list and checks its signature. Whether its root key is trusted is for the server to decide.
   * @throws {AsterError} INVALID_ARGUMENT with reason `MALFORMED`
   */
  static parse(content: string): RevocationList {
    return new RevocationList(text(content, "content"));
  }

  /** Signs the first list of a root key. @throws {TypeError} for a wrong option */
  static sign(root: RootKey, revoked: Revoked): RevocationList {
    return signed(root, null, revoked);
  }

  /**
   * Signs the list that follows: it says what this one says, and more.
   * @throws {TypeError} for a wrong option
   * @throws {AsterError} FAILED_PRECONDITION with reason `WRONG_ROOT` for another root key
   */
  next(root: RootKey, revoked: Revoked): RevocationList {
    return signed(root, this.#text, revoked);
  }

  /** The text of the list, as it is stored and sent. */
  toString(): string {
    return this.#text;
  }
}

function signed(root: RootKey, previous: string | null, revoked: Revoked): RevocationList {
  const secret = secretBytes(rootKey(root, "root"));
  const { endpointIds, fingerprints, now } = checkOptions(revokedChecks, revoked, "revoked");
  const time = now ?? Math.floor(Date.now() / 1000);
  const ids = [...(endpointIds ?? [])];
  const prints = [...(fingerprints ?? [])];
  return RevocationList.parse(
    controlCall((native) => native.trustSignRevocations(secret, previous, time, ids, prints)),
  );
}

const revokedChecks = {
  endpointIds: optional(listOf(text)),
  fingerprints: optional(listOf(text)),
  now: optional(seconds),
};
