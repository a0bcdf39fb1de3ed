// Log lines of the Rust core, passed to the loggers of this thread's nodes.
//
// Owns: the registered loggers. A logger that several nodes share gets each line once. Does not own: which lines the core
// writes (Rust, `src/log.rs`), or what a logger does with them. A line does not say which node it is about.

import { type LogFields, type Logger, logSafely } from "../logging.js";

/** The document of a LOG event (docs/boundary.md). */
interface CoreLine {
  readonly level: "trace" | "debug" | "info" | "warn" | "error";
  readonly target: string;
  readonly message: string;
  readonly fields: LogFields;
}

const listeners = new Map<Logger, number>();

/** Registers a logger for lines of the core. Returns a function that removes it, which may be called twice. */
export function listenToCore(logger: Logger): () => void {
  listeners.set(logger, (listeners.get(logger) ?? 0) + 1);
  let listening = true;
  return () => {
    if (!listening) return;
    listening = false;
    const left = (listeners.get(logger) ?? 0) - 1;
    if (left > 0) listeners.set(logger, left);
    else listeners.delete(logger);
  };
}

/** Passes a line to the registered loggers. */
export function tellCoreLine(document: string): void {
  const { level, target, message, fields } = JSON.parse(document) as CoreLine;
  const said = level === "trace" ? "debug" : level;
  for (const logger of [...listeners.keys()]) {
    logSafely(() => logger[said](message, { target, ...fields }));
  }
}
