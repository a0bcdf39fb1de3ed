// Reading and writing the files of keys and credentials.
//
// Owns: UTF-8, and folders that do not exist yet. Does not own: sizes, modes and atomic writing (Rust).

import { mkdirSync } from "node:fs";
import path from "node:path";
import { AsterError, Code } from "../errors.js";
import type { NativeBinding } from "../native/documents.js";
import { controlCall } from "../native/index.js";

/** What a file contains, which decides its largest size and whether others may read it. */
export type FileKind = Parameters<NativeBinding["trustReadFile"]>[1];

/** Reads bytes. @throws {AsterError} for a file that is missing, too large, not a file, or a secret that others may read */
export function readBytes(file: string, kind: FileKind): Uint8Array {
  return controlCall((native) => native.trustReadFile(file, kind));
}

/** Reads a text. @throws {AsterError} like `readBytes()`, and when the bytes are not UTF-8 */
export function readText(file: string, kind: FileKind): string {
  return decoded(readBytes(file, kind), file);
}

/** The text of bytes. @throws {AsterError} INVALID_ARGUMENT when they are not UTF-8 */
export function decoded(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new AsterError(Code.INVALID_ARGUMENT, `${JSON.stringify(file)} is not UTF-8 text`, {
      reason: "MALFORMED",
    });
  }
}

/** Reads a text, or returns null when there is no such file. */
export function readTextIfThere(file: string, kind: FileKind): string | null {
  try {
    return readText(file, kind);
  } catch (error) {
    if (error instanceof AsterError && error.reason === "NO_FILE") return null;
    throw error;
  }
}

/**
 * Writes a file with mode 0600, completely or not at all, and makes the folders above it.
 * @param how `create`: an existing file is an error. `replace`: an existing file is replaced
 */
export function writeFile(file: string, text: string, how: "create" | "replace"): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: 0o700 });
  const bytes = new TextEncoder().encode(text);
  controlCall((native) => native.trustWriteFile(file, bytes, how === "replace"));
}

/** Runs a reader of a text, and puts the name of the file before its error text. */
export function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AsterError)) throw error;
    const { code, rawMessage, reason } = error;
    throw new AsterError(code, `${JSON.stringify(file)}: ${rawMessage}`, { reason });
  }
}
