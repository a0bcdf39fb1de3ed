/**
 * Console output and errors of the scripts. Each step prints one line with its time. A `Problem` is an error text for
 * the user with a command that helps; no stack trace is printed for it.
 */
import process from "node:process";

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = (text) => paint(1, text);
export const dim = (text) => paint(2, text);
export const green = (text) => paint(32, text);
export const red = (text) => paint(31, text);
export const yellow = (text) => paint(33, text);

/** An error that the user must fix. `help` is the command that fixes it, or null. */
export class Problem extends Error {
  constructor(sentence, help = null) {
    super(sentence);
    this.name = "Problem";
    this.help = help;
  }
}

/** Something that this machine does not have. The tests that need it are skipped by name, and this is not a failure. */
export class Missing extends Problem {}

export function say(line = "") {
  process.stdout.write(`${line}\n`);
}

export function heading(title) {
  say(`\n${bold(`== ${title}`)}`);
}

export function seconds(sinceMs) {
  const ms = performance.now() - sinceMs;
  return ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Runs the main function of a script. A Problem prints its message and exits with code 1, a wrong option with code 2. */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    if (String(error?.code).startsWith("ERR_PARSE_ARGS")) {
      say(red(error.message));
      process.exitCode = 2;
      return;
    }
    if (!(error instanceof Problem)) throw error;
    say(`\n${red("Cannot go on:")} ${error.message}`);
    if (error.help) say(`  ${bold(error.help)}`);
    process.exitCode = 1;
  }
}
