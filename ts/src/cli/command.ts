// What a command of `aster` is: data about its arguments, and a function that gives a result.
//
// Owns: those types and the two kinds of failure. Does not own: printing and exit codes (main.ts). A command
// prints nothing itself, so each has its `--json` twin.

import type { ParseArgsConfig } from "node:util";

/** What a command was given. */
export interface Given {
  readonly positionals: readonly string[];
  text(option: string): string | undefined;
  texts(option: string): readonly string[];
  flag(option: string): boolean;
}

/** What a command has to say. */
export interface Result {
  /** 0, or 1 for an answer that is "no": breaking, mismatch. */
  readonly code: 0 | 1;
  /** For people. */
  readonly text: string;
  /** The same for programs. */
  readonly json: unknown;
}

/** A command. */
export interface Command {
  /** Its words behind `aster`. */
  readonly name: string;
  /** The arguments, as in a manual. */
  readonly usage: string;
  /** One line about it. */
  readonly summary: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** How many positional arguments it takes, at least and at most. */
  readonly positionals: readonly [number, number];
  run(given: Given): Promise<Result>;
}

/** The command line cannot be understood: exit code 2. */
export class UsageError extends Error {}

/** The command cannot do what was asked, for a reason the user can mend: exit code 1. */
export class CommandError extends Error {}
