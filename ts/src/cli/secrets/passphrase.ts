// Where a passphrase comes from: a file, the environment, or the terminal.

import type { Readable } from "node:stream";
import { readText } from "../../trust/files.js";
import { CommandError, type Given, type Surroundings, UsageError } from "../command.js";

/** A terminal as an input stream. */
interface Terminal extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(mode: boolean): unknown;
}

/**
 * Gets a passphrase: from `--passphrase-file`, from ASTER_PASSPHRASE, or from the terminal without showing it.
 * @param purpose what the passphrase is for, for the prompt
 * @param isNew the user types it twice
 * @throws {CommandError} when there is none of the three
 */
export async function passphrase(
  given: Given,
  surroundings: Surroundings,
  purpose: string,
  isNew: boolean,
): Promise<string> {
  const file = given.text("passphrase-file");
  if (file !== undefined) return strong(readText(file, "key").replace(/\r?\n$/, ""), isNew);
  const fromEnvironment = surroundings.env?.ASTER_PASSPHRASE;
  if (fromEnvironment !== undefined) return strong(fromEnvironment, isNew);
  const terminal = surroundings.stdin as Terminal;
  if (terminal.isTTY !== true) {
    throw new CommandError(
      `a passphrase for ${purpose} is needed, and there is no terminal to ask; use --passphrase-file FILE, or set ASTER_PASSPHRASE`,
    );
  }
  const first = await ask(surroundings, `Passphrase for ${purpose}: `);
  if (isNew && (await ask(surroundings, "The same passphrase again: ")) !== first) {
    throw new CommandError("the two passphrases differ");
  }
  return strong(first, isNew);
}

/** The shortest passphrase for a new file. */
const SHORTEST = 8;

function strong(text: string, isNew: boolean): string {
  if (isNew && text.length < SHORTEST) {
    throw new UsageError(`a passphrase has at least ${SHORTEST} characters; several random words are better`);
  }
  return text;
}

/** Reads a line from the terminal without showing it. */
function ask({ stdin, stderr, signal }: Surroundings, prompt: string): Promise<string> {
  const terminal = stdin as Terminal;
  stderr.write(prompt);
  terminal.setRawMode?.(true);
  return new Promise<string>((resolve, reject) => {
    const typed: string[] = [];
    const end = (settle: () => void): void => {
      terminal.off("data", read);
      signal.removeEventListener("abort", interrupted);
      terminal.setRawMode?.(false);
      terminal.pause();
      stderr.write("\n");
      settle();
    };
    const interrupted = (): void => end(() => reject(new CommandError("interrupted")));
    const take = (character: string): (() => void) | null => {
      if (character === "\r" || character === "\n") return () => resolve(typed.join(""));
      // Raw mode gives Ctrl-C and Ctrl-D as characters.
      if (character === "\u0003" || character === "\u0004")
        return () => reject(new CommandError("interrupted"));
      if (character === "\u007f" || character === "\b") typed.pop();
      else typed.push(character);
      return null;
    };
    const read = (chunk: Buffer | string): void => {
      const characters = [...String(chunk)];
      for (const [index, character] of characters.entries()) {
        const settle = take(character);
        if (settle === null) continue;
        end(settle);
        // What was typed ahead is for the next question.
        const rest = characters.slice(index + 1).join("");
        if (rest !== "") terminal.unshift(rest);
        break;
      }
    };
    signal.addEventListener("abort", interrupted);
    terminal.on("data", read);
    terminal.resume();
  });
}
