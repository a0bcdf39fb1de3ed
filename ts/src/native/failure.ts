// Converts failures of the addon to the errors that users see.
//
// Owns: that conversion, for functions that throw at once and for settled requests whose result is taken. Does not own:
// which failure gets which code (Rust). This module is below index.ts, which throws, and port/, which rejects.

import { Code, type CodeName, stackless, stacklessError } from "../errors.js";
import type { Failure } from "./documents.js";

/** The error for what a function of the addon threw. It has no stack; the public functions add the caller's stack. */
export function errorOf(thrown: unknown): Error {
  if (!isFailure(thrown)) {
    // An argument of a wrong type, or a panic. Both are defects of this package.
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return stacklessError(Code.INTERNAL, message, { cause: thrown });
  }
  const { code, message, path, reason, details, peer, isLocal, notSent } = thrown;
  if (code === "INVALID_OPTION") {
    const where = path ?? "options";
    const failure = stackless(() => new TypeError(`${where}: ${message}`));
    return Object.assign(failure, { code, path: where });
  }
  return stacklessError(codeOf(code), message, { reason, details, peer, isLocal, notSent });
}

function isFailure(thrown: unknown): thrown is Failure {
  return thrown instanceof Error && typeof (thrown as Partial<Failure>).isLocal === "boolean";
}

function codeOf(name: string): Code {
  const known = Object.hasOwn(Code, name) ? Code[name as CodeName] : Code.INTERNAL;
  return known === Code.OK ? Code.INTERNAL : known;
}
