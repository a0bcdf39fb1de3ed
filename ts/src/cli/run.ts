// Runs a command line: arguments in, output and an exit code out.
//
// Owns: finding the command, its arguments, its output, and exit codes (0 success, 1 breaking change, mismatch or
// failure, 2 wrong usage, 130 or 143 interrupted). Does not own: what a command does. It uses only the given streams.

import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { AsterError } from "../errors.js";
import {
  type Command,
  CommandError,
  type Given,
  type Output,
  type Result,
  type Surroundings,
  UsageError,
} from "./command.js";
import { commands } from "./commands.js";

const common = { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

function overview(words: readonly string[]): string {
  const shown = commands.filter(({ name }) => words.every((word, index) => name.split(" ")[index] === word));
  const lines = (shown.length > 0 ? shown : commands).map(
    ({ name, usage, summary }) => `${`  aster ${name} ${usage}`.trimEnd()}\n      ${summary}`,
  );
  return `${lines.join("\n")}\n\nEvery command accepts --json and --help.\n`;
}

function version(): string {
  // By the package's own name: this works from ts/src and from dist.
  const { version: own } = createRequire(import.meta.url)("aster-rpc/package.json") as { version: string };
  return `aster ${own}\n`;
}

/** Finds the command by the first words. Returns it with the arguments that follow. */
function find(args: readonly string[]): { command: Command; rest: string[] } {
  for (const command of commands) {
    const words = command.name.split(" ");
    if (words.every((word, index) => args[index] === word))
      return { command, rest: args.slice(words.length) };
  }
  const words = args.filter((word) => !word.startsWith("-"));
  throw new UsageError(
    `${words.length === 0 ? "a command is required" : `unknown command ${words.join(" ")}`}`,
  );
}

function given(command: Command, args: string[]): Given & { json: boolean; help: boolean } {
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({
      args,
      options: { ...common, ...command.options },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [least, most] = command.positionals;
  if (values.help !== true && (positionals.length < least || positionals.length > most)) {
    const wanted = least === most ? `${least}` : `${least} to ${most}`;
    throw new UsageError(`${wanted} argument(s) expected, but ${positionals.length} given`);
  }
  return {
    positionals,
    text: (option) => values[option] as string | undefined,
    texts: (option) => (values[option] as string[] | undefined) ?? [],
    flag: (option) => values[option] === true,
    json: values.json === true,
    help: values.help === true,
  };
}

/** Escapes control characters: names from a file must not control the terminal. */
function safe(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression searches for control characters
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function messageOf(error: unknown): string {
  if (error instanceof AsterError) return error.rawMessage;
  return error instanceof Error ? error.message : String(error);
}

/** Writes the error. Returns the exit code. */
function failure(error: unknown, stderr: Output, json: boolean, usage: string): number {
  const known =
    error instanceof UsageError ||
    error instanceof CommandError ||
    error instanceof AsterError ||
    error instanceof TypeError;
  const message = messageOf(error);
  const reason = error instanceof AsterError ? error.reason : null;
  if (json) stderr.write(`${JSON.stringify({ error: { message, reason } })}\n`);
  else {
    stderr.write(safe(`Error: ${message}\n`));
    if (error instanceof UsageError) stderr.write(`\nUsage:\n${usage}`);
    if (!known && error instanceof Error) stderr.write(safe(`${error.stack ?? ""}\n`));
  }
  return error instanceof UsageError ? 2 : 1;
}

/** The version or the usage, when the arguments ask for it; else null. */
function information(args: readonly string[]): string | null {
  if (args[0] === "--version") return version();
  const named = commands.some(({ name }) => name.split(" ").every((word, index) => args[index] === word));
  if (named || (args.length > 0 && !args.includes("--help") && !args.includes("-h"))) return null;
  return `Usage:\n${overview(args.filter((word) => !word.startsWith("-")))}`;
}

function printed({ text, json }: Result, asJson: boolean): string {
  if (asJson) return `${JSON.stringify(json, null, 2)}\n`;
  return safe(text.endsWith("\n") ? text : `${text}\n`);
}

/** Resolves with null when the signal aborts. */
function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener("abort", () => resolve(null), { once: true });
  });
}

/**
 * Runs a command line. Resolves with its exit code, and never rejects.
 * @param args the arguments after the name of the program
 */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, signal } = surroundings;
  let usage = overview([]);
  try {
    const text = information(args);
    if (text !== null) {
      stdout.write(text);
      return 0;
    }
    const { command, rest } = find(args);
    usage = overview(command.name.split(" "));
    const input = given(command, rest);
    if (input.help) {
      stdout.write(`Usage:\n${usage}`);
      return 0;
    }
    const running = command.load().then((start) => start(input, surroundings));
    const result = await Promise.race([running, aborted(signal)]);
    // The exit code with which a shell reports a program that a signal ended.
    if (result === null) return signal.reason === "SIGTERM" ? 143 : 130;
    stdout.write(printed(result, input.json));
    return result.code;
  } catch (error) {
    return failure(error, stderr, args.includes("--json"), usage);
  }
}
