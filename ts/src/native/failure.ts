// Failures that the addon reports as JSON documents, turned into the errors that users see.
//
// Owns: that conversion, for thrown and for SETTLED failures alike. Does not own: which failure gets which
// code (Rust). Below index.ts and data-plane.ts, so that both can use it.

import { AsterError, Code, type CodeName } from "../errors.js";

interface FailureDocument {
  readonly code?: string | number;
  readonly message?: string;
  readonly path?: string | null;
  readonly reason?: string | null;
  readonly details?: Readonly<Record<string, string>> | null;
}

/** The error that a failure document of the control plane stands for. */
export function errorFromDocument(text: string): Error {
  let document: FailureDocument;
  try {
    document = JSON.parse(text) as FailureDocument;
  } catch {
    return new AsterError(Code.INTERNAL, text);
  }
  const { code, message = "", path, reason, details } = document;
  if (code === "INVALID_OPTION") {
    const where = path ?? "options";
    return Object.assign(new TypeError(`${where} ${message}`), { code, path: where });
  }
  return new AsterError(codeOf(code), message, { reason: reason ?? null, ...(details ? { details } : {}) });
}

function codeOf(code: string | number | undefined): Code {
  const value = typeof code === "string" ? Code[code as CodeName] : code;
  const known = Object.values(Code).find((candidate) => candidate === value);
  return known === undefined || known === Code.OK ? Code.INTERNAL : known;
}
