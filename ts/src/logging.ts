// Where the library's own words go.
//
// Owns: the logger interface and the default, which writes warnings and errors to stderr and drops the rest.
// Does not own: what is worth saying (whoever logs). Never writes to stdout: that belongs to the program.

/** Extra facts of a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What the library needs of a logger; pino, winston and `console` fit through a line of adaptation. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** The default: warnings and errors, one line each, on stderr. */
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

/** A logger that adds the same fields to every line of another one. */
export function withFields(logger: Logger, fields: LogFields): Logger {
  return {
    debug: (message, more) => logger.debug(message, { ...fields, ...more }),
    info: (message, more) => logger.info(message, { ...fields, ...more }),
    warn: (message, more) => logger.warn(message, { ...fields, ...more }),
    error: (message, more) => logger.error(message, { ...fields, ...more }),
  };
}

/** Runs a logging statement; a logger that throws must not take a call down with it. */
export function logSafely(statement: () => void): void {
  try {
    statement();
  } catch {
    // The logger is the only place to report to, and it is what failed.
  }
}

function writeLine(level: string, message: string, fields: LogFields | undefined): void {
  const tail =
    fields === undefined ? "" : Object.entries(fields).map(([key, value]) => ` ${key}=${printable(value)}`);
  const line = `aster-rpc ${level}: ${message}${Array.isArray(tail) ? tail.join("") : tail}`;
  process.stderr.write(`${withoutControls(line)}\n`);
}

function printable(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.stack ?? value.message);
  if (typeof value === "string") return /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return "(not printable)";
  }
}

// Names and texts may come from a peer: no terminal escape, no forged second line.
function withoutControls(line: string): string {
  return line.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
