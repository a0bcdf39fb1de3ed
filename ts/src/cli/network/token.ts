// The token of a relay, from a file: arguments of a process are visible to others.

import { readFileSync } from "node:fs";
import { CommandError } from "../command.js";

/** Reads a token. */
export function readToken(file: string): string {
  try {
    const token = readFileSync(file, "utf8").trim();
    if (token !== "") return token;
  } catch (error) {
    throw new CommandError(`the token cannot be read: ${(error as Error).message}`);
  }
  throw new CommandError(`${file} has no token`);
}
