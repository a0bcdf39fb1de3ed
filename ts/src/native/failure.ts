// Failures that the addon reports as JSON documents, turned into the errors that users see.
//
// Owns: that conversion, for thrown and for SETTLED failures alike. Does not own: which failure gets which
// code (Rust). Below index.ts, which throws, and port/, which rejects.

import { Code, type CodeName, stackless, stacklessError } from "../errors.js";

interface FailureDocument {
  readonly code?: string | number;
  readonly message?: string;
  readonly path?: string | null;
  readonly reason?: string | null;
  readonly details?: Readonly<Record<string, string>> | null;
  readonly peer?: string | null;
  readonly isLocal?: boolean;
  readonly notSent?: boolean;
}

/** The error that a failure document of the control plane stands for. It has no stack: only callers know a useful one. */
export function errorFromDocument(text: string): Error {
  let document: FailureDocument;
  try {
    document = JSON.parse(text) as FailureDocument;
  } catch {
    return stacklessError(Code.INTERNAL, text, {});
  }
  const { code, message = "", path, reason, details, peer, isLocal, notSent } = document;
  if (code === "INVALID_OPTION") {
    const where = path ?? "options";
    const failure = stackless(() => new TypeError(`${where}: ${message}`));
    return Object.assign(failure, { code, path: where });
  }
  return stacklessError(codeOf(code), message, {
    reason: reason ?? null,
    details: details ?? {},
    peer: peer ?? null,
    isLocal: isLocal ?? true,
    notSent: notSent ?? false,
  });
}

function codeOf(code: string | number | undefined): Code {
  const value = typeof code === "string" ? Code[code as CodeName] : code;
  const known = Object.values(Code).find((candidate) => candidate === value);
  return known === undefined || known === Code.OK ? Code.INTERNAL : known;
}
