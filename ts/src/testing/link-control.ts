// The control channel of a link: commands as lines of JSON, so that a process in any language can drive the faults.
//
// Owns: the commands, their answers, and the limit of a line. Does not own: the faults (link.ts), where the lines come from
// (cli/link.ts).

import { AsterError } from "../errors.js";
import { checkOptions, describeValue, object, oneOf, optional, optionError, text } from "../options.js";
import type { DropOptions, Link, LinkDirection, LinkFaults } from "./link.js";

/** The longest line of a command, in characters. */
export const MOST_LINE = 65_536;

const direction = optional(oneOf("toServer", "toClient"));
const anything = (value: unknown): unknown => value;

type Act = (link: Link, given: object) => unknown;

/** The commands. Their members beside `do` and `id` are the arguments. */
const commands: Readonly<Record<string, Act>> = {
  set: (link, given) => {
    const { faults, direction: only } = checkOptions({ faults: anything, direction }, given);
    link.set(object(faults, "faults") as LinkFaults, only as LinkDirection | undefined);
  },
  clear: (link, given) => link.clear(checkOptions({ direction }, given).direction),
  blackhole: (link, given) => link.blackhole(checkOptions({ direction }, given).direction),
  rebind: (link, given) => link.rebind(checkOptions({ ip: optional(text) }, given).ip),
  dropNext: (link, given) => link.dropNext(given as DropOptions),
  stats: (link, given) => {
    checkOptions({}, given);
    return link.stats();
  },
};

/** What the other process needs to know of a link. */
export function introduction(link: Link): string {
  const { ticket, address, seed, connectOptions } = link;
  return `${JSON.stringify({ ticket, address, bind: connectOptions.bind, seed })}\n`;
}

/**
 * Runs one command. Never throws.
 * @returns the line of the answer
 */
export function answer(link: Link, line: string): string {
  let id: unknown = null;
  try {
    if (line.length > MOST_LINE) throw optionError("line", `must have at most ${MOST_LINE} characters`);
    const { do: name, id: given, ...rest } = object(parsed(line), "command") as Record<string, unknown>;
    id = given ?? null;
    const act = typeof name === "string" && Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (act === undefined) {
      const known = Object.keys(commands).join(", ");
      throw optionError("do", `must be one of ${known}, not ${describeValue(name)}`);
    }
    return `${JSON.stringify({ id, ok: true, result: act(link, rest) ?? null })}\n`;
  } catch (error) {
    const message = error instanceof AsterError ? error.rawMessage : (error as Error).message;
    return `${JSON.stringify({ id, ok: false, error: message })}\n`;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw optionError("command", "must be one line of JSON");
  }
}
