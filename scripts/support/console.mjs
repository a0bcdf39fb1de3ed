/**
 * What the scripts say, and how they fail. One line a step with its time; a `Problem` is a sentence for
 * the person at the keyboard, with the command that helps, and never a stack trace.
 */
import process from "node:process";

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = (text) => paint(1, text);
export const dim = (text) => paint(2, text);
export const green = (text) => paint(32, text);
export const red = (text) => paint(31, text);
export const yellow = (text) => paint(33, text);

/** Something the person must put right. `help` is the command that does it, or null. */
export class Problem extends Error {
  constructor(sentence, help = null) {
    super(sentence);
    this.name = "Problem";
    this.help = help;
  }
}

/** Something that this machine lacks and the tree does not: what needs it is skipped by name, and nothing has failed. */
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

/** Runs a script's main function; a Problem ends it with a readable message and code 1, a wrong option with code 2. */
export async function main(run) {
  try {
    process.exitCode = (await run()) ?? 0;
  } catch (error) {
    if (error.code?.startsWith("ERR_PARSE_ARGS")) {
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
