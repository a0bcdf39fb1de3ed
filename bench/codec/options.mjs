// Reads the command line of `npm run bench:codec`: which messages and codecs a run measures.
import { readCommandLine } from "../command-line.mjs";
import { codecs } from "./codecs/index.mjs";
import { messages } from "./messages.mjs";

const full = { warmUpMs: 700, measureMs: 700 };
const quick = { warmUpMs: 100, measureMs: 100 };

/** Options of one run, or null after printing the help. */
export function readOptions(args) {
  const groups = { codecs: Object.keys(codecs), messages: Object.keys(messages) };
  const options = readCommandLine(args, { command: "bench:codec", name: "codec", rounds: 5, groups });
  return options && { ...options, plan: options.quick ? quick : full };
}
