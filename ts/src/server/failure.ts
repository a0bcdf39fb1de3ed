// The status that a caller gets, made from what the handler threw.
//
// Owns: that conversion for servers, the id that connects a status with a log line, and the list of handlers that still
// run after their call was aborted. Does not own: the encoding of a status (Rust).

import { randomBytes } from "node:crypto";
import { Code } from "../errors.js";
import { type Logger, loggedError, logSafely } from "../logging.js";
import { type StatusFacts, statusFacts } from "../status-facts.js";

/** The content of a FINISH operation. */
export type FinalStatus = StatusFacts;

const NO_DETAILS: ReadonlyMap<string, string> = new Map();

/**
 * The status for an error. An AsterError is sent. For other errors, and for an AsterError whose members are not valid,
 * only an id is sent, and the error is logged.
 */
export function statusOf(error: unknown, method: string, logger: Logger): FinalStatus {
  return statusFacts(error) ?? internal(error, `${method} failed`, logger);
}

/** Logs the cause with a new id, and returns INTERNAL with that id. */
export function internal(cause: unknown, what: string, logger: Logger): FinalStatus {
  const id = randomBytes(6).toString("hex");
  logSafely(() => logger.error(what, { id, error: loggedError(cause) }));
  return { code: Code.INTERNAL, message: `internal error (id ${id})`, details: NO_DETAILS };
}

const GRACE_MS = 500;
const { setTimeout: later } = globalThis;

/** Watches handlers whose call was aborted, with one timer for all of them. */
export class GraceWatch {
  readonly #running = new Map<object, string>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Starts to watch a handler whose call was aborted. */
  aborted(call: object, method: string): void {
    if (this.#running.size === 0) later(() => this.#report(), GRACE_MS).unref();
    this.#running.set(call, method);
  }

  /** Stops to watch a handler, which has ended. */
  settled(call: object): void {
    this.#running.delete(call);
  }

  // One line for each method, whatever the number of calls: peers must not be able to flood the log.
  #report(): void {
    const late = new Map<string, number>();
    for (const method of this.#running.values()) late.set(method, (late.get(method) ?? 0) + 1);
    this.#running.clear();
    for (const [method, calls] of late) {
      const text = "handlers still run although their calls were aborted";
      logSafely(() => this.#logger.warn(text, { method, calls }));
    }
  }
}
