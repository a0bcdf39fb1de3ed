// The part of an error that is sent to the other side.
//
// Owns: reading it from an AsterError. The error may come from another copy of this package or from a subclass, or its
// members may have been replaced, so everything is checked. Does not own: errors that are not sent (server/failure.ts).

import { AsterError, Code, codeName } from "./errors.js";
import { cutDetails, cutText, REASON_DETAIL } from "./metadata.js";
import { STATUS_MESSAGE_CHARS } from "./native/constants.js";
import { pairsOf } from "./pairs.js";

/** The content of a status. */
export interface StatusFacts {
  readonly code: Code;
  readonly message: string;
  readonly details: ReadonlyMap<string, string>;
}

/** The facts of an AsterError; null for any other value, and for an AsterError whose members are not valid. */
export function statusFacts(error: unknown): StatusFacts | null {
  try {
    if (!(error instanceof AsterError)) return null;
    const { code, rawMessage, reason } = error;
    if (code === Code.OK || codeName(code) === null || typeof rawMessage !== "string") return null;
    const details = pairsOf(error.details, "details");
    if (typeof reason === "string") details.set(REASON_DETAIL, reason);
    return { code, message: cutText(rawMessage, STATUS_MESSAGE_CHARS), details: cutDetails(details) };
  } catch {
    return null; // a getter of the error threw
  }
}
