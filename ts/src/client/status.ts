// From what ended a call to the error that its caller gets.
//
// Owns: that mapping on the client side. Does not own: the codes (errors.ts), the wire form of a status (Rust).

import { AsterError, type AsterErrorInit, Code, codeName, stacklessError } from "../errors.js";
import { REASON_DETAIL } from "../metadata.js";
import type { Ended } from "../port/events.js";

/** The error that a status stands for. Numbers without a meaning become UNKNOWN, with the number as reason. */
export function statusError(ended: Ended, peer: string): AsterError {
  const known = ended.code !== Code.OK && codeName(ended.code) !== null;
  const details = new Map(ended.details);
  const reason = details.get(REASON_DETAIL) ?? (known ? null : `CODE_${ended.code}`);
  details.delete(REASON_DETAIL);
  const { isLocal, notSent, itemsReceived } = ended;
  const init: AsterErrorInit = { reason, details, peer, isLocal, notSent, itemsReceived };
  return stacklessError(known ? (ended.code as Code) : Code.UNKNOWN, ended.message, init);
}

/** The error of a response that could not be decoded: what the peer sent is damaged or of another type. */
export function undecodable(error: unknown, peer: string): AsterError {
  const cause = AsterError.from(error, Code.DATA_LOSS);
  // The codec speaks of arguments; what did not fit here is the peer's answer.
  const code = cause.code === Code.INVALID_ARGUMENT ? Code.DATA_LOSS : cause.code;
  return new AsterError(code, `the answer could not be decoded: ${cause.rawMessage}`, {
    cause,
    peer,
    reason: cause.reason,
    details: cause.details,
  });
}

/** What made a call impossible before anything was sent. */
export function unsent(error: unknown, peer: string): unknown {
  if (!(error instanceof AsterError) || error.notSent) return error;
  const { code, rawMessage, reason, details, metadata, callId, isLocal, retryable } = error;
  const facts = { reason, details, metadata, callId, isLocal, retryable, notSent: true, peer };
  return new AsterError(code, rawMessage, "cause" in error ? { ...facts, cause: error.cause } : facts);
}

/** The error of an exchange that broke the rules of its pattern. */
export function outOfOrder(message: string, peer: string): AsterError {
  return new AsterError(Code.INTERNAL, message, { peer });
}

/** The error of a send on a call that ended in order. */
export function callOver(peer: string): AsterError {
  return new AsterError(Code.FAILED_PRECONDITION, "the call is over", { peer, reason: "CALL_OVER" });
}

/** The error of a send after `end()`. */
export function inputEnded(peer: string): AsterError {
  return new AsterError(Code.FAILED_PRECONDITION, "this side of the call was ended", {
    peer,
    reason: "INPUT_ENDED",
  });
}
