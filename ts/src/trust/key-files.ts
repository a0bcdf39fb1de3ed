// Files of keys.
//
// Owns: reading and writing them under a path. Does not own: their text (Rust, `docs/trust.md#files`).

import { controlCall } from "../native/index.js";
import { text } from "../options.js";
import { inFile, readText, writeFile } from "./files.js";
import { NodeKey, nodeKey, RootKey, rootKey, secretBytes } from "./keys.js";

/**
 * Reads a root key file: JSON as `aster keygen root` writes it, or 64 hexadecimal digits.
 *
 * @example
 * const load = (): RootKey => readRootKey("root.key");
 * console.log(typeof load);
 * @throws {AsterError} NOT_FOUND with reason `NO_FILE`; FAILED_PRECONDITION with reason `FILE_MODE` when others may read
 * the file; INVALID_ARGUMENT with reason `MALFORMED`
 */
export function readRootKey(file: string): RootKey {
  const content = readText(text(file, "file"), "key");
  return inFile(file, () => rootKeyOf(content));
}

/** The root key in the text of a key file. */
export function rootKeyOf(content: string): RootKey {
  return RootKey.fromBytes(controlCall((native) => native.trustReadKey("root", content)));
}

/**
 * Writes a root key to a new file, with mode 0600. An existing file is never replaced.
 *
 * @example
 * const keep = (root: RootKey): void => writeRootKey("root.key", root);
 * console.log(typeof keep);
 * @throws {AsterError} ALREADY_EXISTS with reason `FILE_EXISTS`
 */
export function writeRootKey(file: string, key: RootKey): void {
  writeFile(text(file, "file"), rootKeyText(rootKey(key, "key")), "create");
}

/** The text of a root key file, which is a secret. */
export function rootKeyText(key: RootKey): string {
  return controlCall((native) => native.trustWriteKey("root", secretBytes(key)));
}

/**
 * Reads a node key file: JSON as `aster keygen node` writes it, or 64 hexadecimal digits.
 *
 * @example
 * const load = (): NodeKey => readNodeKey("node.key");
 * console.log(typeof load);
 * @throws {AsterError} NOT_FOUND with reason `NO_FILE`; FAILED_PRECONDITION with reason `FILE_MODE` when others may read
 * the file; INVALID_ARGUMENT with reason `MALFORMED`
 */
export function readNodeKey(file: string): NodeKey {
  const content = readText(text(file, "file"), "key");
  const read = () => controlCall((native) => native.trustReadKey("node", content));
  return NodeKey.fromBytes(inFile(file, read));
}

/**
 * Writes a node key to a new file, with mode 0600. An existing file is never replaced.
 *
 * @example
 * const keep = (node: NodeKey): void => writeNodeKey("node.key", node);
 * console.log(typeof keep);
 * @throws {AsterError} ALREADY_EXISTS with reason `FILE_EXISTS`
 */
export function writeNodeKey(file: string, key: NodeKey): void {
  const content = controlCall((native) => native.trustWriteKey("node", secretBytes(nodeKey(key, "key"))));
  writeFile(text(file, "file"), content, "create");
}

/**
 * Reads the public half of a root key: JSON with `public_key`, or 64 hexadecimal digits. Returns the digits.
 *
 * @example
 * const load = (): string => readRootPublicKey("root.pub");
 * console.log(typeof load);
 * @throws {AsterError} NOT_FOUND with reason `NO_FILE`; INVALID_ARGUMENT with reason `MALFORMED`, also for a key for which
 * everybody can sign
 */
export function readRootPublicKey(file: string): string {
  const content = readText(text(file, "file"), "publicKey");
  return inFile(file, () => controlCall((native) => native.trustReadPublicKey(content)));
}

/** The text of the file for the public half of a root key. */
export function rootPublicKeyText(publicKey: string): string {
  return controlCall((native) => native.trustWritePublicKey(publicKey));
}
