#!/usr/bin/env node
// The `aster` command.
//
// Owns: finding the command, its arguments, its output, and exit codes (0 success, 1 breaking change, mismatch or
// failure, 2 wrong usage). Does not own: what a command does.

import { readFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { AsterError } from "../errors.js";
import { type Command, CommandError, type Given, type Result, UsageError } from "./command.js";
import { diff } from "./contract/diff.js";
import { exportContract } from "./contract/export.js";
import { fromIdl } from "./contract/from-idl.js";
import { gen } from "./contract/gen.js";
import { genClient } from "./contract/gen-client.js";
import { importContract } from "./contract/import.js";
import { verify } from "./contract/verify.js";

const commands: readonly Command[] = [gen, exportContract, importContract, verify, diff, genClient, fromIdl];

const common = { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;

function overview(words: readonly string[]): string {
  const shown = commands.filter(({ name }) => words.every((word, index) => name.split(" ")[index] === word));
  const lines = (shown.length > 0 ? shown : commands).map(
    ({ name, usage, summary }) => `  aster ${name} ${usage}\n      ${summary}`,
  );
  return `${lines.join("\n")}\n\nEvery command takes --json and --help.\n`;
}

function version(): string {
  const file = new URL("../../package.json", import.meta.url);
  const { version: own } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
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
  throw new UsageError(`${words.length === 0 ? "no command" : `no command ${words.join(" ")}`} is known`);
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
    throw new UsageError(`${wanted} argument(s) wanted, ${positionals.length} given`);
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

function failure(error: unknown, json: boolean, usage: string): number {
  const known =
    error instanceof UsageError ||
    error instanceof CommandError ||
    error instanceof AsterError ||
    error instanceof TypeError;
  const message = error instanceof Error ? error.message : String(error);
  const reason = error instanceof AsterError ? error.reason : null;
  if (json) process.stderr.write(`${JSON.stringify({ error: { message, reason } })}\n`);
  else {
    process.stderr.write(safe(`Error: ${message}\n`));
    if (error instanceof UsageError) process.stderr.write(`\nUsage:\n${usage}`);
    if (!known && error instanceof Error) process.stderr.write(safe(`${error.stack ?? ""}\n`));
  }
  return error instanceof UsageError ? 2 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  let usage = overview([]);
  try {
    if (args[0] === "--version") {
      process.stdout.write(version());
      return 0;
    }
    const words = args.filter((word) => !word.startsWith("-"));
    const named = commands.some(({ name }) => name.split(" ").every((word, index) => args[index] === word));
    if (!named && (args.length === 0 || args.includes("--help") || args.includes("-h"))) {
      process.stdout.write(`Usage:\n${overview(words)}`);
      return 0;
    }
    const { command, rest } = find(args);
    usage = overview(command.name.split(" "));
    const input = given(command, rest);
    if (input.help) {
      process.stdout.write(`Usage:\n${usage}`);
      return 0;
    }
    const result: Result = await command.run(input);
    process.stdout.write(
      input.json
        ? `${JSON.stringify(result.json, null, 2)}\n`
        : safe(result.text.endsWith("\n") ? result.text : `${result.text}\n`),
    );
    return result.code;
  } catch (error) {
    return failure(error, json, usage);
  }
}

process.exitCode = await main(process.argv.slice(2));
