// Logging of the library.
//
// Owns: the logger interface, and the default logger, which writes warnings and errors to stderr. Does not own: what is
// logged. The library never writes to stdout, which belongs to the program.

/**
 * The fields of a log line.
 *
 * @example
 * const fields: LogFields = { customerId: "acme", units: 3 };
 * console.log(JSON.stringify(fields));
 */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The logger interface of the library. Adapters for pino, winston or `console` need one line for each method.
 *
 * @example
 * const logger: Logger = {
 *   debug() {},
 *   info: (message, fields) => console.log(message, fields ?? ""),
 *   warn: (message, fields) => console.warn(message, fields ?? ""),
 *   error: (message, fields) => console.error(message, fields ?? ""),
 * };
 * const quiet = await AsterClient.connect(ticket, { logger, relay: "disabled" });
 * await quiet.close();
 */
export interface Logger {
  /** Details that help to find the cause of an error. */
  debug(message: string, fields?: LogFields): void;
  /** Normal events. */
  info(message: string, fields?: LogFields): void;
  /** Events that need attention but do not stop the program. */
  warn(message: string, fields?: LogFields): void;
  /** Failures. */
  error(message: string, fields?: LogFields): void;
}

/** The default logger. It writes warnings and errors to stderr, one line each, and drops the rest. */
export const stderrLogger: Logger = {
  debug() {},
  info() {},
  warn(message, fields) {
    writeLine("warn", message, fields);
  },
  error(message, fields) {
    writeLine("error", message, fields);
  },
};

/** A logger that adds the same fields to every line. An error of `logger` is ignored, as in {@link logSafely}. */
export function withFields(logger: Logger, fields: LogFields): Logger {
  return {
    debug: (message, more) => logSafely(() => logger.debug(message, { ...fields, ...more })),
    info: (message, more) => logSafely(() => logger.info(message, { ...fields, ...more })),
    warn: (message, more) => logSafely(() => logger.warn(message, { ...fields, ...more })),
    error: (message, more) => logSafely(() => logger.error(message, { ...fields, ...more })),
  };
}

/**
 * An error as a field of a log line. It is the same to `instanceof`, `message` and `stack`, and a logger that writes JSON gets
 * the name, the message and the stack instead of `{}`.
 */
export function loggedError(error: unknown): unknown {
  try {
    if (!(error instanceof Error) || "toJSON" in error) return error;
    const { name, message, stack } = error;
    return Object.create(error, { toJSON: { value: () => ({ name, message, stack }) } }) as Error;
  } catch {
    return error; // a proxy or a getter threw
  }
}

/**
 * Runs a logging statement. An error of the user's logger must not fail a call, so it is ignored. A logger may also be
 * an async function: its rejection must not end the process.
 */
export function logSafely(statement: () => unknown): void {
  try {
    const logged = statement() as Partial<PromiseLike<unknown>> | null | undefined;
    if (typeof logged?.then === "function") logged.then(undefined, () => {});
  } catch {
    // The logger itself failed, so the error cannot be logged.
  }
}

function writeLine(level: string, message: string, fields: LogFields | undefined): void {
  const tail =
    fields === undefined ? "" : Object.entries(fields).map(([key, value]) => ` ${key}=${printable(value)}`);
  const line = `aster-rpc ${level}: ${message}${Array.isArray(tail) ? tail.join("") : tail}`;
  process.stderr.write(`${withoutControls(line)}\n`);
}

function printable(value: unknown): string {
  if (typeof value === "string") return /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
  try {
    if (value instanceof Error) return JSON.stringify(value.stack ?? value.message);
    return JSON.stringify(value) ?? String(value);
  } catch {
    return "(not printable)";
  }
}

/**
 * A text that may come from a peer, for a terminal or a log. Characters that could change the terminal, the direction of the
 * text or the number of lines are escaped.
 */
export function withoutControls(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression searches for control characters
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
