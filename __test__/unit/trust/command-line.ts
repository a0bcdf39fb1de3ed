/** The command line without a process, in a folder of its own that is the working directory and the home directory. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll } from "vitest";
import type { Keyring } from "../../../ts/src/cli/command.js";
import { run } from "../../../ts/src/cli/run.js";

/** What a command line has around it, in a test. */
export interface Around {
  readonly env?: Record<string, string>;
  readonly keyring?: Keyring | null;
  readonly stdin?: Readable;
  readonly signal?: AbortSignal;
}

/** Goes into a new folder. `HOME` is the folder `home` in it. */
export function home(): string {
  const before = { cwd: process.cwd(), HOME: process.env.HOME };
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "aster-cli-")));
  process.chdir(folder);
  process.env.HOME = path.join(folder, "home");
  afterAll(() => {
    process.chdir(before.cwd);
    process.env.HOME = before.HOME;
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Runs a command line. Returns its exit code and output. */
export async function aster(args: readonly string[], around: Around = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const { env = {}, keyring = null, stdin = Readable.from([]) } = around;
  const code = await run(args, {
    stdin,
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    signal: around.signal ?? new AbortController().signal,
    env,
    keyring: async () => keyring,
  });
  return { code, out: out.join(""), err: err.join("") };
}

/** Runs a command line that must succeed. Returns its output. */
export async function done(line: string, around: Around = {}): Promise<string> {
  const { code, out, err } = await aster(line.split(" "), around);
  if (code !== 0) throw new Error(`aster ${line}: exit code ${code}: ${err}${out}`);
  return out;
}

/** Runs a command line with `--json` that must succeed. Returns its document. */
export async function doneJson(line: string, around: Around = {}) {
  return JSON.parse(await done(`${line} --json`, around));
}

/** A keyring in memory. */
export class MemoryKeyring implements Keyring {
  readonly entries = new Map<string, string>();
  async get(entry: string): Promise<string | null> {
    return this.entries.get(entry) ?? null;
  }
  async set(entry: string, secret: string): Promise<void> {
    this.entries.set(entry, secret);
  }
  async delete(entry: string): Promise<void> {
    this.entries.delete(entry);
  }
}

/** A keyring that is locked. */
export const lockedKeyring: Keyring = {
  get: () => Promise.reject(new Error("locked")),
  set: (_, secret) => Promise.reject(new Error(`locked: ${secret}`)),
  delete: () => Promise.reject(new Error("locked")),
};
