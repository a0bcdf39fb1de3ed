// How executors report a failure. The exceptions are cheap and have no path; `codec.ts` turns them into an AsterError.
//
// Owns: the two exceptions of this folder, and the limits of both directions. After a failed write
// `schema/validate.ts` finds the path of the value that does not fit, so writers do not keep track of the path.

export { MAX_DEPTH, MAX_OBJECTS } from "../schema/nesting.js";

/** The largest number of elements of one list, set or map. */
export const MAX_ELEMENTS = 1_000_000;

/** The largest number of bytes of one typed array or of one encoded extension value. */
export const MAX_BINARY: number = 64 * 1024 * 1024;

/** The largest number of names that one message may spell in full. A service has at most 4096 types, each with two. */
export const MAX_NAMES = 8192;

/** A value cannot be written. */
export class Refusal {
  readonly message: string;
  /** The error that the user's encoder threw, if any. */
  readonly cause: unknown;
  constructor(message: string, cause?: unknown) {
    this.message = message;
    this.cause = cause;
  }
}

/** The bytes of a message cannot be read. */
export class Malformed {
  readonly message: string;
  /** The offset from the start of the message, when known. */
  readonly offset: number;
  /** A stable reason that programs can compare. */
  readonly reason: string;
  /** The error that the user's decoder threw, if any. */
  readonly cause: unknown;
  constructor(message: string, offset: number, reason = "MALFORMED_MESSAGE", cause?: unknown) {
    this.message = message;
    this.offset = offset;
    this.reason = reason;
    this.cause = cause;
  }
}

/** The bytes of a message ask for more than a limit allows. */
export class Exceeded extends Malformed {
  constructor(message: string, offset: number) {
    super(message, offset, "LIMIT_EXCEEDED");
  }
}

/** Stops the writing of a value. */
export function refuse(message = "the value does not fit its schema", cause?: unknown): never {
  throw new Refusal(message, cause);
}
