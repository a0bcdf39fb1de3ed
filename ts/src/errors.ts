// The one error class of the library, and the status codes it carries.
//
// Owns: `Code`, `AsterError`, and the rule that `instanceof` holds across two copies of the package.
// Does not own: how a status looks on the wire (Rust), or which failure gets which code (whoever throws).
// Lowest layer: imports nothing, so that every other module may use it.

/** Status codes: the gRPC set, and `CONTRACT_VIOLATION` (101). The numbers are those of the wire. */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
  CONTRACT_VIOLATION: 101,
} as const;

/** A status code, as a number. */
export type Code = (typeof Code)[keyof typeof Code];

/** The name of a status code, such as `"NOT_FOUND"`. */
export type CodeName = keyof typeof Code;

const codeNames = new Map<number, CodeName>(
  (Object.keys(Code) as CodeName[]).map((name): [number, CodeName] => [Code[name], name]),
);

/** The name of a status code, or null for a number that is none. */
export function codeName(code: number): CodeName | null {
  return codeNames.get(code) ?? null;
}

/** Pairs of text, as a Map or as a plain object. Keys are case-sensitive. */
export type StringPairs = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

/** What an {@link AsterError} may be told beside its code and message. */
export interface AsterErrorInit {
  /** A stable word that programs can compare, such as `"CONTRACT_MISMATCH"`. */
  readonly reason?: string | null;
  /** Pairs that travel to the caller together with the code and the message: at most 32. */
  readonly details?: StringPairs;
  /** Metadata that came with the failure. Stays in this process. */
  readonly metadata?: StringPairs;
  /** Endpoint id of the other side. */
  readonly peer?: string | null;
  /** An id of the call, for your own use: the library sets none in this version. */
  readonly callId?: string | null;
  /** Made in this process, not sent by the peer. Default true. */
  readonly isLocal?: boolean;
  /** The request never left this process, so the handler never ran. */
  readonly notSent?: boolean;
  /** Overrides the default, which is true for `UNAVAILABLE` alone. Stays in this process. */
  readonly retryable?: boolean;
  /** Stream items that had arrived before the failure. */
  readonly itemsReceived?: number;
  /** What led to the failure. Stays in this process. */
  readonly cause?: unknown;
}

const BRAND: unique symbol = Symbol.for("aster-rpc.AsterError") as never;
const ordinaryHasInstance = Function.prototype[Symbol.hasInstance];

/**
 * The failure of a call, of a connection, or of a value that does not fit its schema.
 *
 * A handler that throws one sends its code, message, reason and details to the caller; anything else that a
 * handler throws reaches the caller as `INTERNAL` without its text. Codes and reasons: `docs/errors.md`.
 *
 * @example
 * throw new AsterError(Code.NOT_FOUND, "no such customer", { details: { customerId } });
 */
export class AsterError extends Error {
  /** The status code as a number; compare with `Code.NOT_FOUND` and the like. */
  readonly code: Code;
  /** A stable word that programs can compare, or null. */
  readonly reason: string | null;
  /** The message without the code in front of it. */
  readonly rawMessage: string;
  /** Pairs that travelled with the status. */
  readonly details: ReadonlyMap<string, string>;
  /** Reserved: what whoever made the error passed, else empty. Answers of peers carry none. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Endpoint id of the other side, or null when there was none. */
  readonly peer: string | null;
  /** Reserved: what whoever made the error passed, else null. */
  readonly callId: string | null;
  /** True when this process made the error, false when the peer sent it. */
  readonly isLocal: boolean;
  /** True when another attempt may succeed. Whether it is safe is told by `notSent` and by the method. */
  readonly retryable: boolean;
  /** True when the request of a call never left this process; always true for errors of `connect`. */
  readonly notSent: boolean;
  /** Stream items that had arrived before the failure. */
  readonly itemsReceived: number;

  /** @throws {TypeError} when `code` is `OK` or no code at all. */
  constructor(code: Code, message: string, init: AsterErrorInit = {}) {
    const name = codeNames.get(code);
    if (name === undefined || code === Code.OK) throw new TypeError(`${String(code)} is no error code`);
    super(message === "" ? name : `${name}: ${message}`, "cause" in init ? { cause: init.cause } : undefined);
    this.code = code;
    this.reason = init.reason ?? null;
    this.rawMessage = message;
    this.details = copyPairs(init.details);
    this.metadata = copyPairs(init.metadata);
    this.peer = init.peer ?? null;
    this.callId = init.callId ?? null;
    this.isLocal = init.isLocal ?? true;
    this.retryable = init.retryable ?? code === Code.UNAVAILABLE;
    this.notSent = init.notSent ?? false;
    this.itemsReceived = init.itemsReceived ?? 0;
  }

  /** The name of the code, such as `"NOT_FOUND"`. */
  get codeName(): CodeName {
    return codeNames.get(this.code) ?? "UNKNOWN";
  }

  /**
   * Any thrown value as an `AsterError`: one is returned as it is, an abort becomes `CANCELLED`, a timeout of
   * `AbortSignal.timeout` becomes `DEADLINE_EXCEEDED`, anything else gets `code` and keeps itself as `cause`.
   */
  static from(value: unknown, code: Code = Code.UNKNOWN): AsterError {
    if (value instanceof AsterError) return value;
    if (!(value instanceof Error)) return new AsterError(code, textOf(value), { cause: value });
    return new AsterError(codeOfName(value.name) ?? code, value.message, { cause: value });
  }

  /** Holds for an `AsterError` of another copy of this package too; a subclass keeps the ordinary meaning. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (ordinaryHasInstance.call(this, value)) return true;
    return this === AsterError && typeof value === "object" && value !== null && BRAND in value;
  }

  static {
    // On the prototype, not on each error: the name and the brand cost nothing when one is made.
    Object.defineProperty(AsterError.prototype, "name", {
      value: "AsterError",
      configurable: true,
      writable: true,
    });
    Object.defineProperty(AsterError.prototype, BRAND, { value: true });
  }
}

/**
 * Makes an error without a stack. For failures that come out of the receive loop: a stack would show that loop,
 * never the caller, and capturing one is most of the cost of an error.
 */
export function stacklessError(code: Code, message: string, init: AsterErrorInit): AsterError {
  return stackless(() => new AsterError(code, message, init));
}

/** Makes any error without a stack. */
export function stackless<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

const placed = new WeakSet<Error>();

/**
 * Runs an operation whose errors are made in the receive loop, and gives those that have no stack the one of the
 * caller; of nested operations the outermost has the last word. For what is rare (connect, start): a stack is captured each time.
 * @param entry the public function: its caller is on top.
 */
export async function withCaller<T>(entry: (...args: never[]) => unknown, run: () => Promise<T>): Promise<T> {
  const caller: { stack?: string } = {};
  Error.captureStackTrace(caller, entry);
  try {
    return await run();
  } catch (error) {
    if (error instanceof Error && (placed.has(error) || !error.stack?.includes("\n    at "))) {
      placed.add(error);
      const frames = caller.stack?.slice(caller.stack.indexOf("\n")) ?? "";
      const value = `${error.name}: ${error.message}${frames}`;
      Object.defineProperty(error, "stack", { value, writable: true, configurable: true });
    }
    throw error;
  }
}

function codeOfName(name: string): Code | null {
  if (name === "AbortError") return Code.CANCELLED;
  if (name === "TimeoutError") return Code.DEADLINE_EXCEEDED;
  return null;
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "a value without text was thrown"; // an object whose toString throws is still a failure to report
  }
}

function copyPairs(pairs: StringPairs | undefined): ReadonlyMap<string, string> {
  if (pairs === undefined) return new Map();
  return pairs instanceof Map ? new Map(pairs) : new Map(Object.entries(pairs));
}
