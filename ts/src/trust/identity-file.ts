// Identity files: the key and the credentials of a node, in one file.
//
// Owns: reading and writing them under a path. Does not own: their text (Rust, `docs/trust.md#files`).

import { AsterError, Code } from "../errors.js";
import type { IdentityEntry } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import { type Check, checkOptions, listOf, optional, text } from "../options.js";
import { inFile, readText, readTextIfThere, writeFile } from "./files.js";
import { NodeKey, nodeKey, secretBytes } from "./keys.js";

export type { IdentityEntry };

/**
 * What an identity file contains.
 *
 * @example
 * const load = (): Identity => readIdentity(".aster-identity");
 * console.log(typeof load);
 */
export interface Identity {
  /** The key of the node, or null when the file has none. */
  readonly node: NodeKey | null;
  /** The credentials, in the order of the file. */
  readonly entries: readonly IdentityEntry[];
}

/**
 * A credential with the label under which an identity file keeps it.
 *
 * @example
 * const named: NamedCredential = { name: "edge", credential: "{}" };
 * console.log(named.name);
 */
export interface NamedCredential {
  readonly name: string;
  /** The text of a credential file. */
  readonly credential: string;
}

/**
 * Reads an identity file, also one that the Python command line wrote. A credential whose text cannot be read has a
 * `problem`.
 *
 * @example
 * const load = (): Identity => readIdentity(".aster-identity");
 * console.log(typeof load);
 * @throws {AsterError} NOT_FOUND with reason `NO_FILE`; FAILED_PRECONDITION with reason `FILE_MODE` when others may read
 * the file; INVALID_ARGUMENT with reason `MALFORMED`
 */
export function readIdentity(file: string): Identity {
  const content = readText(text(file, "file"), "identity");
  return inFile(file, () => identityOf(content));
}

/** Reads an identity file. Returns null when there is no such file. */
export function identityIfThere(file: string): Identity | null {
  const content = readTextIfThere(file, "identity");
  return content === null ? null : inFile(file, () => identityOf(content));
}

/** The content of the text of an identity file. */
function identityOf(content: string): Identity {
  const { node, entries } = controlCall((native) => native.trustReadIdentity(content));
  return { node: node === null ? null : NodeKey.fromBytes(node), entries };
}

/**
 * Writes an identity file with mode 0600: a new one, or changes in one that exists. Comments and everything else in an
 * existing file stay. A credential replaces the one with its name.
 *
 * @example
 * const prepare = (credential: string): void =>
 *   writeIdentity("edge.aster-identity", { node: generateNode(), credentials: [{ name: "edge", credential }] });
 * console.log(typeof prepare);
 * @throws {TypeError} for a wrong option
 * @throws {AsterError} FAILED_PRECONDITION with reason `NO_NODE_KEY` when there is no key yet, `WRONG_PEER` when a
 * credential is bound to another node, `BAD_SIGNATURE` when it is not signed; INVALID_ARGUMENT with reason `MALFORMED`
 */
export function writeIdentity(
  file: string,
  changes: { readonly node?: NodeKey; readonly credentials?: readonly NamedCredential[] },
): void {
  const { node, credentials } = checkOptions(changeChecks, changes, "changes");
  const previous = readTextIfThere(text(file, "file"), "identity");
  const secret = node === undefined ? null : secretBytes(node);
  const content = inFile(file, () =>
    controlCall((native) => native.trustWriteIdentity(previous, secret, [...(credentials ?? [])])),
  );
  writeFile(file, content, "replace");
}

/**
 * Puts a signed credential into the identity file of its node.
 *
 * @example
 * const accept = (credential: string): void => install(".aster-identity", { name: "edge", credential });
 * console.log(typeof accept);
 * @throws {AsterError} NOT_FOUND with reason `NO_FILE` when there is no such file, else like `writeIdentity()`
 */
export function install(file: string, credential: NamedCredential): void {
  if (readTextIfThere(text(file, "file"), "identity") === null) {
    throw new AsterError(Code.NOT_FOUND, `${JSON.stringify(file)}: there is no such identity file`, {
      reason: "NO_FILE",
    });
  }
  writeIdentity(file, { credentials: [credential] });
}

const namedCredential: Check<NamedCredential> = (value, path) =>
  checkOptions({ name: text, credential: text }, value, path);

const changeChecks = { node: optional(nodeKey), credentials: optional(listOf(namedCredential)) };
