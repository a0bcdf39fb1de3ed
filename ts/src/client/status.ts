// The errors that callers get, made from what ended the call.
//
// Owns: that conversion for clients. Does not own: the codes (errors.ts), the encoding of a status (Rust).

import { AsterError, type AsterErrorInit, Code, codeName, stacklessError } from "../errors.js";
import { REASON_DETAIL } from "../metadata.js";
import type { Ended } from "../port/events.js";
import { type CallPlace, type ClientMethod, placeOf } from "./method.js";

/** The error for a status. An unknown code becomes UNKNOWN, with the number in the reason. */
export function statusError(ended: Ended, method: ClientMethod): AsterError {
  const known = ended.code !== Code.OK && codeName(ended.code) !== null;
  const details = new Map(ended.details);
  const reason = details.get(REASON_DETAIL) ?? (known ? null : `CODE_${ended.code}`);
  details.delete(REASON_DETAIL);
  const { isLocal, notSent, itemsReceived } = ended;
  const init: AsterErrorInit = { ...placeOf(method), reason, details, isLocal, notSent, itemsReceived };
  return stacklessError(known ? (ended.code as Code) : Code.UNKNOWN, ended.message, init);
}

/** The error for a response that cannot be decoded, after `itemsReceived` others: it is damaged or has another type. */
export function undecodableError(error: unknown, method: ClientMethod, itemsReceived: number): AsterError {
  const cause = AsterError.from(error, Code.DATA_LOSS);
  // The codec reports INVALID_ARGUMENT. Here the wrong value is the peer's response, not an argument.
  const code = cause.code === Code.INVALID_ARGUMENT ? Code.DATA_LOSS : cause.code;
  const { reason, details } = cause;
  const message = `the response could not be decoded: ${cause.rawMessage}`;
  return stacklessError(code, message, { ...placeOf(method), cause, reason, details, itemsReceived });
}

/** The error of a call that failed before anything was sent. Sets `notSent`. */
export function markNotSent(error: unknown, failed: ClientMethod): unknown {
  return placed(error, failed, true);
}

/** The error of an item that could not be sent. The call may go on. */
export function itemError(error: unknown, failed: ClientMethod): unknown {
  return placed(error, failed, false);
}

/** Adds service and method to an error of this library that has none. */
function placed(error: unknown, failed: ClientMethod, notSent: boolean): unknown {
  if (!(error instanceof AsterError) || error.service !== null) return error;
  const { code, rawMessage, reason, details, metadata, callId, isLocal, retryable } = error;
  const facts = { reason, details, metadata, callId, isLocal, retryable, notSent, ...placeOf(failed) };
  return new AsterError(code, rawMessage, "cause" in error ? { ...facts, cause: error.cause } : facts);
}

/** The error for a peer that broke the rules of the call pattern. */
export function protocolError(message: string, method: ClientMethod): AsterError {
  return stacklessError(Code.INTERNAL, message, placeOf(method));
}

/** The error of a call that ended in another way than its pattern allows, or with this thread. */
export function brokenCall(code: Code, message: string, method: ClientMethod): AsterError {
  return stacklessError(code, message, placeOf(method));
}

/** The error of a send on a call that ended with OK. */
export function callOver(place: CallPlace): AsterError {
  return new AsterError(Code.FAILED_PRECONDITION, "the call has ended", { ...place, reason: "CALL_OVER" });
}

/** The error of a send after `end()`. */
export function inputEnded(place: CallPlace): AsterError {
  return new AsterError(Code.FAILED_PRECONDITION, "send() after end()", {
    ...place,
    reason: "INPUT_ENDED",
  });
}
