// Fory IDL as tokens, each with its line.
//
// Owns: tokens, comments, and the error with file and line. The number of tokens is limited by the length of the file.

import { CommandError } from "../command.js";

/** A token of a file. */
export interface Token {
  readonly kind: "word" | "number" | "text" | "mark" | "end";
  readonly text: string;
  readonly line: number;
}

/** An error in a file, with its line. */
export class IdlError extends CommandError {
  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
  }
}

const TOKEN =
  /(?<space>[\s\uFEFF]+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?<number>[+-]?(?:0[xX][0-9a-fA-F]+|\d[\w.]*))|(?<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<mark>[{}()[\]<>=;,])/y;

/** Splits a file into tokens. @throws {IdlError} at the first character that belongs to no token */
export function tokensOf(source: string, file: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  TOKEN.lastIndex = 0;
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(source)?.groups;
    if (groups === undefined) {
      const what = source.startsWith("/*", at) ? "a comment without end" : JSON.stringify(source[at]);
      throw new IdlError(file, line, `${what} is not part of Fory IDL`);
    }
    for (const kind of ["word", "number", "text", "mark"] as const) {
      const text = groups[kind];
      if (text !== undefined) tokens.push({ kind, text, line });
    }
    line += source.slice(at, TOKEN.lastIndex).split("\n").length - 1;
  }
  tokens.push({ kind: "end", text: "the end of the file", line });
  return tokens;
}
