// The commands of `aster` as data: the arguments of a command, and a function that returns a result.
//
// Owns: these types, and the two types of failure. Does not own: printing and exit codes (run.ts). Commands do not
// print, so each result can be shown as text or, with `--json`, as JSON.

import type { Readable } from "node:stream";
import type { ParseArgsConfig } from "node:util";

/** A stream for output. */
export interface Output {
  write(text: string): unknown;
}

/** A keyring. Each function rejects when the keyring is locked or does not run. */
export interface Keyring {
  get(entry: string): Promise<string | null>;
  set(entry: string, secret: string): Promise<void>;
  delete(entry: string): Promise<void>;
}

/** What a command line has around it. */
export interface Surroundings {
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborts when the user interrupts. The reason is the name of the signal. */
  readonly signal: AbortSignal;
  /** The environment variables. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Opens the keyring of the operating system. Null: there is none. Default: none. */
  readonly keyring?: () => Promise<Keyring | null>;
}

/** The arguments of a command. */
export interface Given {
  readonly positionals: readonly string[];
  text(option: string): string | undefined;
  texts(option: string): readonly string[];
  flag(option: string): boolean;
}

/** The result of a command. */
export interface Result {
  /** The exit code: 0, or 1 for a negative result such as a breaking change or a mismatch. */
  readonly code: 0 | 1;
  /** The result as text. */
  readonly text: string;
  /** The same result for `--json`. */
  readonly json: unknown;
}

/** A command. */
export interface Command {
  /** The words after `aster`. */
  readonly name: string;
  /** The arguments, as the help shows them. */
  readonly usage: string;
  /** A description in one line. */
  readonly summary: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** The smallest and the largest number of positional arguments. */
  readonly positionals: readonly [number, number];
  /** Loads the function that runs the command. */
  load(): Promise<(given: Given, surroundings: Surroundings) => Promise<Result>>;
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {}

/** The command failed for a reason that the user can fix: exit code 1. */
export class CommandError extends Error {}
