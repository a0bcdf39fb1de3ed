/** A folder for the files of one test file, keys that are always the same, and catching errors. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll } from "vitest";
import { NodeKey, RootKey } from "../../../ts/src/trust/index.js";

/** The seed of RFC 8032, section 7.1, test 1, and its public key. */
export const SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
export const PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

export const root = RootKey.fromBytes(Buffer.from(SEED, "hex"));
export const otherRoot = RootKey.fromBytes(new Uint8Array(32).fill(2));
export const node = NodeKey.fromBytes(new Uint8Array(32).fill(3));
export const otherNode = NodeKey.fromBytes(new Uint8Array(32).fill(4));

/** Makes a folder, and removes it after the tests. Returns a function that gives the path of a file in it. */
export function scratch(): (name: string) => string {
  const folder = mkdtempSync(path.join(tmpdir(), "aster-trust-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  return (name) => path.join(folder, name);
}

/** Writes a file with a mode, whatever the umask is. Returns its path. */
export function put(file: string, content: string | Uint8Array, mode = 0o600): string {
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

/** The error that a function throws. */
export function thrown(run: () => unknown): Error & { code?: unknown; reason?: unknown; path?: unknown } {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}
