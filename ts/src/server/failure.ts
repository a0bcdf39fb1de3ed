// From what a handler throws to the status that its caller gets.
//
// Owns: that mapping on the server side, the correlation id between log and status, and the list of handlers
// that ignore being aborted. Does not own: the wire form of a status (Rust).

import { randomBytes } from "node:crypto";
import { AsterError, Code } from "../errors.js";
import { type Logger, logSafely } from "../logging.js";
import { cutDetails, REASON_DETAIL } from "../metadata.js";

const MAX_MESSAGE_CHARS = 4096;

/** What a FINISH says. */
export interface FinalStatus {
  readonly code: Code;
  readonly message: string;
  readonly details: ReadonlyMap<string, string>;
}

const NO_DETAILS: ReadonlyMap<string, string> = new Map();

/** The status of an ended call. An AsterError travels; of anything else only a correlation id does. */
export function statusOf(error: unknown, method: string, logger: Logger): FinalStatus {
  if (!(error instanceof AsterError)) return internal(error, `${method} failed`, logger);
  const details = new Map(error.details);
  if (error.reason !== null) details.set(REASON_DETAIL, error.reason);
  return {
    code: error.code,
    message: error.rawMessage.slice(0, MAX_MESSAGE_CHARS),
    details: details.size === 0 ? NO_DETAILS : cutDetails(details),
  };
}

/** INTERNAL with an id that finds the cause in this server's log. */
export function internal(cause: unknown, what: string, logger: Logger): FinalStatus {
  const id = randomBytes(6).toString("hex");
  logSafely(() => logger.error(what, { id, error: cause }));
  return { code: Code.INTERNAL, message: `internal error (id ${id})`, details: NO_DETAILS };
}

const GRACE_MS = 500;
const { setTimeout: later } = globalThis;

/** Watches aborted handlers, with one timer for all of them. */
export class GraceWatch {
  readonly #running = new Map<object, string>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** A call was aborted while its handler runs. */
  aborted(call: object, method: string): void {
    if (this.#running.size === 0) later(() => this.#report(), GRACE_MS).unref();
    this.#running.set(call, method);
  }

  /** The handler of a call is done. */
  settled(call: object): void {
    this.#running.delete(call);
  }

  // One line for each method, however many callers left: peers must not be able to flood a log.
  #report(): void {
    const late = new Map<string, number>();
    for (const method of this.#running.values()) late.set(method, (late.get(method) ?? 0) + 1);
    this.#running.clear();
    for (const [method, calls] of late) {
      logSafely(() => this.#logger.warn("handlers go on although their calls are over", { method, calls }));
    }
  }
}
