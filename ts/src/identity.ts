// Development keys: an address that survives a restart without any set-up.
//
// Owns: where the key of an entry point lies (`.aster/keys/` of its project folder, mode 0600, git-ignored) and
// the lock that keeps two processes from using one key. Does not own: the keys of production, which are given
// as `secretKey`. A lost lock or an unwritable folder costs the address, never the start.

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
import { type Logger, logSafely } from "./logging.js";
import { controlCall } from "./native/index.js";
import { kindOf, optionError } from "./options.js";

/** A key in use. */
export interface Identity {
  /** 64 hex digits. */
  readonly secretKey: string;
  /** Lets another process have the key. Safe twice. */
  release(): void;
}

/** A new secret key: 32 random bytes. */
export function generateSecretKey(): Uint8Array {
  return controlCall((native) => native.secretKeyGenerate());
}

/**
 * The endpoint id of a secret key, 64 hex digits.
 * @throws {TypeError} when the key is not 32 bytes.
 */
export function endpointIdOf(secretKey: Uint8Array): string {
  if (!(secretKey instanceof Uint8Array)) {
    throw optionError("secretKey", `must be a Uint8Array, not ${kindOf(secretKey)}`);
  }
  return controlCall((native) => native.publicKeyOf(Buffer.from(secretKey).toString("hex")));
}

/** A key that nobody else has and nobody keeps. */
export function ephemeralIdentity(): Identity {
  return { secretKey: Buffer.from(generateSecretKey()).toString("hex"), release() {} };
}

/** The development key of an entry point; a key of its own, with a warning, when that one is in use. */
export function developmentIdentity(logger: Logger, entry: string | undefined = process.argv[1]): Identity {
  const folder = projectFolder(entry);
  const name = keyName(folder, entry);
  const keyFile = path.join(folder, ".aster", "keys", `${name}.key`);
  try {
    prepareFolder(folder);
    const lock = takeLock(`${keyFile.slice(0, -".key".length)}.lock`);
    if (lock !== null) return { secretKey: readOrMake(keyFile), release: lock };
    logSafely(() =>
      logger.warn("the development key is in use by another server; this one gets a new address", {
        keyFile,
      }),
    );
  } catch (error) {
    logSafely(() =>
      logger.warn("the development key cannot be kept; the address changes at each start", {
        keyFile,
        error,
      }),
    );
  }
  return ephemeralIdentity();
}

/** The nearest folder with a package.json above the entry point, else the working directory. */
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
  // The manifest is the one file of the folder that belongs to the code.
  writeOnce(path.join(own, ".gitignore"), "*\n!manifest.json\n", 0o644);
}

function readOrMake(keyFile: string): string {
  writeOnce(keyFile, `${ephemeralIdentity().secretKey}\n`, 0o600);
  const key = readFileSync(keyFile, "utf8").trim();
  if (!/^[0-9a-f]{64}$/.test(key)) throw new Error(`${keyFile} holds no key; delete it to get a new one`);
  return key;
}

/** Writes a file that must not exist yet, whole or not at all; one that exists is left alone. */
function writeOnce(file: string, content: string, mode: number): boolean {
  if (existsSync(file)) return false;
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const handle = openSync(draft, "wx", mode);
  try {
    writeSync(handle, content);
    closeSync(handle);
    linkSync(draft, file); // fails if another process was first, which is as good
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

// The lock holds the process id and when that process began: ids are used again, in containers at every start.
function ownMark(): string {
  return `${process.pid} ${Math.round((Date.now() - process.uptime() * 1000) / 1000)}`;
}

/** Takes a lock, or null when a living process (this one included) holds it. */
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
  // Our own id: ours only if it began when we did, else a former process had the same id.
  if (pid === process.pid) return Math.abs(began - Number(ownMark().split(" ")[1])) <= 2;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
