// Development keys: a server keeps its endpoint id over restarts, without configuration.
//
// Owns: the key file of an entry point (in `.aster/keys/` of its project folder, mode 0600, ignored by git), and the
// lock that stops two processes from using one key. Does not own: production keys, which users pass as `secretKey`.
// When the lock or the folder cannot be used, the server starts with a new endpoint id.

import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { AsterError, Code } from "./errors.js";
import { type Logger, logSafely } from "./logging.js";
import { controlCall, native } from "./native/index.js";
import { describeValue, optionError } from "./options.js";

/** A secret key that this process uses. */
export interface Identity {
  /** The secret key: 64 hexadecimal digits. */
  readonly secretKey: string;
  /** Allows another process to use the key. Calling it twice has no further effect. */
  release(): void;
}

/**
 * Makes a new secret key of 32 random bytes.
 *
 * @example
 * const secretKey = generateSecretKey();
 * const text = Buffer.from(secretKey).toString("hex"); // keep it where only the server can read it
 */
export function generateSecretKey(): Uint8Array {
  return controlCall((native) => native.secretKeyGenerate());
}

/**
 * The endpoint id of a secret key: 64 hexadecimal digits.
 *
 * @example
 * const secretKey = generateSecretKey();
 * console.log(endpointIdOf(secretKey)); // the address under which a server with this key is dialled
 * @throws {TypeError} when the key is not a Uint8Array of 32 bytes
 */
export function endpointIdOf(secretKey: Uint8Array): string {
  if (!(secretKey instanceof Uint8Array)) {
    throw optionError("secretKey", `must be a Uint8Array, not ${describeValue(secretKey)}`);
  }
  return controlCall((native) => native.publicKeyOf(Buffer.from(secretKey).toString("hex")));
}

/** The key of an identity file, such as `aster enroll node` makes it. */
export function fileIdentity(file: string): Identity {
  const text = Buffer.from(controlCall((native) => native.trustReadFile(file, "identity"))).toString();
  const { node } = controlCall((native) => native.trustReadIdentity(text));
  if (node === null) {
    throw new AsterError(Code.FAILED_PRECONDITION, `${JSON.stringify(file)} has no node key`, {
      reason: "NO_NODE_KEY",
    });
  }
  return { secretKey: Buffer.from(node).toString("hex"), release() {} };
}

/** A new key that is not stored. */
export function ephemeralIdentity(): Identity {
  return { secretKey: Buffer.from(generateSecretKey()).toString("hex"), release() {} };
}

/** The development key of an entry point. When it cannot be used, logs a warning and returns a new key. */
export function developmentIdentity(logger: Logger, entry: string | undefined = process.argv[1]): Identity {
  const folder = projectFolder(entry);
  const name = keyName(folder, entry);
  const keyFile = path.join(folder, ".aster", "keys", `${name}.key`);
  native(); // a missing addon is not a fault of the folder
  try {
    prepareFolder(folder);
    const lock = takeLock(`${keyFile.slice(0, -".key".length)}.lock`);
    if (lock !== null) return { secretKey: readOrMake(keyFile), release: lock };
    logSafely(() =>
      logger.warn("another server uses the development key; this server gets a new endpoint id", {
        keyFile,
      }),
    );
  } catch (error) {
    logSafely(() =>
      logger.warn("the development key cannot be stored; the endpoint id changes at each start", {
        keyFile,
        error,
      }),
    );
  }
  return ephemeralIdentity();
}

/** The nearest folder above the entry point that has a package.json, else the working directory. */
function projectFolder(entry: string | undefined): string {
  let folder = entry === undefined ? process.cwd() : path.dirname(path.resolve(entry));
  for (;;) {
    if (existsSync(path.join(folder, "package.json"))) return folder;
    const above = path.dirname(folder);
    if (above === folder) return process.cwd();
    folder = above;
  }
}

function keyName(folder: string, entry: string | undefined): string {
  const relative = entry === undefined ? "repl" : path.relative(folder, path.resolve(entry));
  const hash = createHash("sha256").update(relative).digest("hex").slice(0, 12);
  const stem = path
    .parse(relative)
    .name.replace(/[^\w-]/g, "_")
    .slice(0, 40);
  return `${stem}-${hash}`;
}

function prepareFolder(folder: string): void {
  const own = path.join(folder, ".aster");
  mkdirSync(path.join(own, "keys"), { recursive: true, mode: 0o700 });
  // Git ignores the folder, except for the manifest, which belongs to the source code.
  writeOnce(path.join(own, ".gitignore"), "*\n!manifest.json\n", 0o644);
}

function readOrMake(keyFile: string): string {
  writeOnce(keyFile, `${ephemeralIdentity().secretKey}\n`, 0o600);
  const key = readFileSync(keyFile, "utf8").trim();
  if (!/^[0-9a-f]{64}$/.test(key)) {
    throw new Error(`${keyFile} must contain 64 hexadecimal digits; delete the file to get a new key`);
  }
  return key;
}

/** Writes a new file completely or not at all. Returns false when the file exists, and does not change it. */
function writeOnce(file: string, content: string, mode: number): boolean {
  if (existsSync(file)) return false;
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const handle = openSync(draft, "wx", mode);
  try {
    writeSync(handle, content);
    closeSync(handle);
    linkSync(draft, file); // fails when another process made the file first; then that file is used
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

// The lock holds the process id and the start time of its process, because systems use process ids again.
function ownMark(): string {
  return `${process.pid} ${Math.round((Date.now() - process.uptime() * 1000) / 1000)}`;
}

/** Takes the lock. Returns null when a running process holds it, also when that is this process. */
function takeLock(lockFile: string): (() => void) | null {
  for (let attempt = 0; attempt < 3; attempt++) {
    const mark = `${ownMark()} ${randomBytes(8).toString("hex")}\n`;
    if (writeOnce(lockFile, mark, 0o600)) return () => releaseLock(lockFile, mark);
    const held = readIfThere(lockFile);
    if (held === null) continue;
    if (isAlive(held)) return null;
    releaseLock(lockFile, held);
  }
  return null;
}

function releaseLock(lockFile: string, mark: string): void {
  if (readIfThere(lockFile) === mark) rmSync(lockFile, { force: true });
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function isAlive(mark: string): boolean {
  const [pid, began] = mark.split(" ").map(Number);
  if (pid === undefined || began === undefined || !Number.isSafeInteger(pid) || pid <= 0) return false;
  // For our own process id, compare the start time: an earlier process may have had the same id.
  if (pid === process.pid) return Math.abs(began - Number(ownMark().split(" ")[1])) <= 2;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
