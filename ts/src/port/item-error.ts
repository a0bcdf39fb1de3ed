// Errors of single messages of a stream.
//
// Owns: adding the index of the message. Does not own: what is wrong with it (codec/).

import { AsterError } from "../errors.js";

/** The reasons of errors about a value that does not fit. */
const MISFITS: ReadonlySet<string | null> = new Set(["VALUE_MISFIT", "UNKNOWN_MEMBER"]);

/** The error for a message of a stream, with the index of the message. Values that are no `AsterError` are not changed. */
export function ofItem(error: unknown, index: number): unknown {
  if (!(error instanceof AsterError)) return error;
  const { code, rawMessage, reason, details, isLocal } = error;
  const facts = { reason, details: new Map([...details, ["item", String(index)]]), isLocal };
  const text = `item ${index}: ${rawMessage}`;
  return new AsterError(code, text, "cause" in error ? { ...facts, cause: error.cause } : facts);
}

/** The same for a value that does not fit its schema. Errors that its getters throw are not changed. */
export function misfitOfItem(error: unknown, index: number): unknown {
  const misfits = error instanceof AsterError && MISFITS.has(error.reason);
  return misfits ? ofItem(error, index) : error;
}
