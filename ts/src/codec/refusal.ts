// How executors of plans give up: cheap to throw, without a path, turned into an AsterError at the top.
//
// Owns: the two exceptions of this folder and the limits that both directions share. The path of a value that
// does not fit is found afterwards by `schema/validate.ts`, so the fast path keeps no track of where it is.

export { MAX_DEPTH, MAX_OBJECTS } from "../schema/nesting.js";

/** Elements of one list, set or map. */
export const MAX_ELEMENTS = 1_000_000;

/** Bytes of one typed array, or of what the encoder of an extension made. */
export const MAX_BINARY: number = 64 * 1024 * 1024;

/** Names that one message may spell in full: a writer does so once for each type, and a service has at most 4096. */
export const MAX_NAMES = 8192;

/** A value that cannot be written. */
export class Refusal {
  readonly message: string;
  /** What the user's own encoder threw, if it did. */
  readonly cause: unknown;
  constructor(message: string, cause?: unknown) {
    this.message = message;
    this.cause = cause;
  }
}

/** Bytes that cannot be read. */
export class Malformed {
  readonly message: string;
  /** Offset from the start of the message, when it is known. */
  readonly offset: number;
  /** A stable word for programs. */
  readonly reason: string;
  /** What the user's own decoder threw, if it did. */
  readonly cause: unknown;
  constructor(message: string, offset: number, reason = "MALFORMED_MESSAGE", cause?: unknown) {
    this.message = message;
    this.offset = offset;
    this.reason = reason;
    this.cause = cause;
  }
}

/** Ends the writing of a value. */
export function refuse(message = "the value does not fit its schema", cause?: unknown): never {
  throw new Refusal(message, cause);
}
