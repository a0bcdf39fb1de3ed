// The error class of the library, and its status codes.
//
// Owns: `Code` and `AsterError`. `instanceof AsterError` is true also for an error of another copy of the package.
// Does not own: the encoding of a status (Rust), or which failure gets which code (the code that throws).

import { withoutControls } from "./logging.js";
import { describeValue, optionError } from "./options.js";
import { pairsOf, type StringPairs } from "./pairs.js";

/**
 * The status codes: those of gRPC, and `CONTRACT_VIOLATION` (101). The wire uses the same numbers.
 *
 * @example
 * await billing.getInvoice({ customerId: "nobody", status: "" }).catch((error: unknown) => {
 *   if (error instanceof AsterError && error.code === Code.NOT_FOUND) return null;
 *   throw error;
 * });
 */
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

/**
 * The name of a status code, such as `"NOT_FOUND"`.
 *
 * @example
 * const quiet: readonly CodeName[] = ["CANCELLED", "DEADLINE_EXCEEDED"];
 * const error = new AsterError(Code.CANCELLED, "the user left");
 * console.log(quiet.includes(error.codeName)); // true
 */
export type CodeName = keyof typeof Code;

const codeNames = new Map<number, CodeName>(
  (Object.keys(Code) as CodeName[]).map((name): [number, CodeName] => [Code[name], name]),
);

/** The name of a status code, or null for a number that is not a status code. */
export function codeName(code: number): CodeName | null {
  return codeNames.get(code) ?? null;
}

/**
 * The optional facts of an {@link AsterError}.
 *
 * @example
 * const facts: AsterErrorInit = { reason: "OVERDRAWN", details: { account: "a-1" } };
 * const error = new AsterError(Code.FAILED_PRECONDITION, "the account is overdrawn", facts);
 * console.log(error.message); // FAILED_PRECONDITION: the account is overdrawn
 */
export interface AsterErrorInit {
  /** A stable reason that programs can compare, such as `"CONTRACT_MISMATCH"`. */
  readonly reason?: string | null;
  /** Pairs that are sent to the caller with the code and the message. At most 32. */
  readonly details?: StringPairs;
  /** Metadata that arrived with the failure. It is not sent to the caller. */
  readonly metadata?: StringPairs;
  /** The endpoint id of the other side. */
  readonly peer?: string | null;
  /** The service of a failed call. The message names it, too. It is not sent to the caller. */
  readonly service?: string | null;
  /** The wire name of the method of a failed call. The message names it, too. It is not sent to the caller. */
  readonly method?: string | null;
  /** An id of the call, for your own use. The library does not set it in this version. */
  readonly callId?: string | null;
  /** True when this process made the error, false when the peer sent it. Default true. */
  readonly isLocal?: boolean;
  /** True when the request never left this process, so the handler did not run. Default false. */
  readonly notSent?: boolean;
  /** Whether another attempt may succeed. Default: true only for `UNAVAILABLE`. It is not sent to the caller. */
  readonly retryable?: boolean;
  /** The number of stream items that arrived before the failure. Default 0. */
  readonly itemsReceived?: number;
  /** The error that caused this one. It is not sent to the caller. */
  readonly cause?: unknown;
}

const INSPECT: symbol = Symbol.for("nodejs.util.inspect.custom");
const BRAND: unique symbol = Symbol.for("aster-rpc.AsterError") as never;
const ordinaryHasInstance = Function.prototype[Symbol.hasInstance];

/**
 * A failure of a call or a connection, or a value that does not fit its schema.
 *
 * When a handler throws an `AsterError`, the caller gets its code, message, reason and details. For any other error the
 * caller gets `INTERNAL` without its text. `docs/errors.md` lists the codes and reasons.
 *
 * @example
 * function customer(customers: ReadonlyMap<string, string>, customerId: string): string {
 *   const found = customers.get(customerId);
 *   if (found !== undefined) return found;
 *   throw new AsterError(Code.NOT_FOUND, "no such customer", { details: { customerId } });
 * }
 */
export class AsterError extends Error {
  /** The status code as a number. Compare it with `Code.NOT_FOUND` and the other codes. */
  readonly code: Code;
  /** A stable reason that programs can compare, or null. */
  readonly reason: string | null;
  /** The message without the name of the code in front and without the method at the end, as the peer or the program wrote it. */
  readonly rawMessage: string;
  /** The pairs that were sent with the status. */
  readonly details: ReadonlyMap<string, string>;
  /** Reserved: the metadata given to the constructor, else empty. Errors that peers send have none. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The endpoint id of the other side; null when there was none. */
  readonly peer: string | null;
  /** The service of the call that failed; null for other failures. */
  readonly service: string | null;
  /** The wire name of the method of the call that failed; null for other failures. */
  readonly method: string | null;
  /** Reserved: the call id given to the constructor, else null. */
  readonly callId: string | null;
  /** True when this process made the error, false when the peer sent it. */
  readonly isLocal: boolean;
  /** True when another attempt may succeed. Whether it is safe depends on `notSent` and on the method. */
  readonly retryable: boolean;
  /** True when the request never left this process. Always true for errors of `connect`. */
  readonly notSent: boolean;
  /** The number of stream items that arrived before the failure. */
  readonly itemsReceived: number;

  /**
   * A `message` that is not a string is converted to one; undefined becomes the empty string.
   * @throws {TypeError} when `code` is `OK` or not a status code, or when a reason or a pair is not a string. The error
   * has the path of the wrong value
   */
  constructor(code: Code, message: string, init: AsterErrorInit = {}) {
    const name = codeNames.get(code);
    if (name === undefined || code === Code.OK) throw new TypeError(`${String(code)} is not an error code`);
    const { service = null, method = null } = init;
    const text = messageOf(message);
    const place = service === null || method === null ? "" : ` (${service}.${method})`;
    super(
      (text === "" ? name : `${name}: ${shown(text, init.isLocal ?? true)}`) + place,
      "cause" in init ? { cause: init.cause } : undefined,
    );
    this.code = code;
    this.reason = reasonOf(init.reason);
    this.rawMessage = text;
    this.details = init.details === undefined ? new Map() : pairsOf(init.details, "init.details");
    this.metadata = init.metadata === undefined ? new Map() : pairsOf(init.metadata, "init.metadata");
    this.peer = init.peer ?? null;
    this.service = service;
    this.method = method;
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
   * Converts any thrown value to an `AsterError`. An `AsterError` is returned unchanged. An `AbortError` gets
   * `CANCELLED`, a `TimeoutError` (from `AbortSignal.timeout`) gets `DEADLINE_EXCEEDED`, any other value gets `code`.
   * The value becomes the `cause`.
   */
  static from(value: unknown, code: Code = Code.UNKNOWN): AsterError {
    if (value instanceof AsterError) return value;
    try {
      if (value instanceof Error)
        return new AsterError(codeOfName(value.name) ?? code, value.message, { cause: value });
    } catch {
      // A proxy or a getter threw. The value is described like any other one.
    }
    return new AsterError(code, textOf(value), { cause: value });
  }

  /** The facts for JSON logs: no metadata, which may be secret, and of the cause only its name and message. */
  toJSON(): Readonly<Record<string, unknown>> {
    return factsOf(this);
  }

  /** True also for an `AsterError` of another copy of this package. Subclasses use the ordinary check. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    try {
      if (ordinaryHasInstance.call(this, value)) return true;
      return this === AsterError && typeof value === "object" && value !== null && BRAND in value;
    } catch {
      return false; // a proxy that cannot be asked
    }
  }

  static {
    // On the prototype, so that making an error does not set the name and the brand each time.
    Object.defineProperty(AsterError.prototype, "name", {
      value: "AsterError",
      configurable: true,
      writable: true,
    });
    Object.defineProperty(AsterError.prototype, BRAND, { value: true });
    Object.defineProperty(AsterError.prototype, INSPECT, { value: inspected });
  }
}

/**
 * Makes an error without a stack. For failures that arrive from the network: the stack would only show the receive
 * loop, and capturing it is most of the cost of an error.
 */
export function stacklessError(code: Code, message: string, init: AsterErrorInit): AsterError {
  return stackless(() => new AsterError(code, message, init));
}

/** Makes any error without a stack. */
export function stackless<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit;
  // When the program has frozen Error, the limit cannot be changed. The error then has a stack.
  if (!Reflect.set(Error, "stackTraceLimit", 0)) return make();
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/**
 * Rethrows the failure of a call, with the frames of the caller. It must run as the rejection handler of the promise that the
 * caller awaits: the engine then knows the functions that wait for it. Successful calls do not pay for it.
 */
export function throwAtCaller(error: unknown): never {
  try {
    if (error instanceof Error && !hasFrames(error)) {
      const caller: { stack?: string } = {};
      Error.captureStackTrace(caller, throwAtCaller);
      setFrames(error, caller.stack);
    }
  } catch {
    // A program can throw any value, also a frozen error or a revoked proxy. It stays as it is.
  }
  throw error;
}

function hasFrames(error: Error): boolean {
  return error.stack?.includes("\n    at ") === true;
}

function setFrames(error: Error, stack: string | undefined): void {
  const frames = stack?.slice(stack.indexOf("\n")) ?? "";
  const value = `${error.name}: ${error.message}${frames}`;
  Object.defineProperty(error, "stack", { value, writable: true, configurable: true });
}

const hasCallerStack = new WeakSet<Error>();

/**
 * Runs an operation whose errors have no stack, and gives such an error the stack of the caller. When operations nest,
 * the outermost caller's stack wins. Each call captures a stack, so use it only for rare operations (connect, start).
 * @param entry the public function; the stack begins with its caller
 */
export async function withCaller<T>(entry: (...args: never[]) => unknown, run: () => Promise<T>): Promise<T> {
  const caller: { stack?: string } = {};
  Error.captureStackTrace(caller, entry);
  try {
    return await run();
  } catch (error) {
    if (error instanceof Error && (hasCallerStack.has(error) || !hasFrames(error))) {
      hasCallerStack.add(error);
      setFrames(error, caller.stack);
    }
    throw error;
  }
}

type Inspect = (value: unknown, options: object) => string;

/** What `util.inspect` and `console.log` show: the stack, the facts of `toJSON`, and the whole cause. */
function inspected(this: AsterError, _depth: number, options: object, inspect: Inspect): string {
  const { name: _name, message: _message, cause: _cause, ...facts } = factsOf(this);
  const shown = "cause" in this ? { ...facts, cause: this.cause } : facts;
  return `${this.stack ?? this.message} ${inspect(shown, options)}`;
}

function factsOf(error: AsterError): Record<string, unknown> {
  const { name, code, codeName, message, reason, details, service, method, peer, cause } = error;
  const facts: Record<string, unknown> = { name, code, codeName, message, reason };
  Object.assign(facts, { details: Object.fromEntries(details), service, method, peer });
  try {
    if (cause instanceof Error) facts.cause = `${cause.name}: ${cause.message}`;
  } catch {
    facts.cause = textOf(cause); // a proxy or a getter threw
  }
  return facts;
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
    return "a value that cannot be converted to a string was thrown"; // its toString threw an error
  }
}

/** A text as `message` shows it. Lines that this process wrote stay lines; those of a peer could be a fake second message. */
function shown(text: string, isLocal: boolean): string {
  const lines = isLocal ? text.split("\n") : [text];
  return lines.map((line) => withoutControls(line.toWellFormed())).join("\n");
}

// In plain JavaScript a message is often the `message` of a value that is no error. The code of the error matters more
// than a text that is missing, so the text is converted.
function messageOf(message: unknown): string {
  if (typeof message === "string") return message;
  return message === undefined ? "" : textOf(message);
}

function reasonOf(reason: unknown): string | null {
  if (typeof reason === "string") {
    if (!reason.isWellFormed()) throw optionError("init.reason", "must be a string without lone surrogates");
    return reason;
  }
  if (reason === undefined || reason === null) return null;
  throw optionError("init.reason", `must be a string, not ${describeValue(reason)}`);
}
