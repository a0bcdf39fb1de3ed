// The words of the Rust core, handed to the loggers of this environment's nodes.
//
// Owns: which loggers listen, each once however many nodes share it. Does not own: what is worth saying and how
// much of it (Rust, `src/log.rs`), what a logger does with it. Lines do not tell which node they are about.

import { type LogFields, type Logger, logSafely } from "../logging.js";

/** A LOG event's document (docs/boundary.md). */
interface CoreLine {
  readonly level: "trace" | "debug" | "info" | "warn" | "error";
  readonly target: string;
  readonly message: string;
  readonly fields: LogFields;
}

const listeners = new Map<Logger, number>();

/** Lets a logger hear the core; returns what ends it, which is safe twice. */
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

/** Hands a line to whoever listens. */
export function tellCoreLine(document: string): void {
  const { level, target, message, fields } = JSON.parse(document) as CoreLine;
  const said = level === "trace" ? "debug" : level;
  for (const logger of [...listeners.keys()]) {
    logSafely(() => logger[said](message, { target, ...fields }));
  }
}
