// A method as a client calls it, and the options of one call.
//
// Owns: which deadline applies (call, stub, method, default, in this order) and whether it travels; the check
// of call options. Does not own: enforcing the deadline (Rust), sending the call (call.ts).

import { AsterError, Code, type StringPairs } from "../errors.js";
import type { MessageCodec } from "../message.js";
import { checkMetadata, pairsOf } from "../metadata.js";
import { abortSignal, checkOptions, milliseconds, nullable, optional } from "../options.js";
import { NO_TIMEOUT } from "../port/operations.js";
import type { Port } from "../port/port.js";

/** Deadline of unary and client-stream calls that name none. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** Options of one call. */
export interface CallOptions {
  /** Leaves the call when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Deadline in milliseconds from now; null disables it. It travels to the server. Absent: the stub's, else the
   * method's, else 30 s for calls with a single answer and none for streamed answers.
   */
  readonly timeoutMs?: number | null | undefined;
  /** Pairs that the handler sees as `ctx.metadata`: at most 64, 8192 bytes together. */
  readonly metadata?: StringPairs | undefined;
}

/** A connection, as far as a call is concerned. */
export interface CallPath {
  readonly port: Port;
  readonly endpointId: string;
  readonly closed: boolean;
}

/** A method of a service at one server. */
export interface ClientMethod {
  readonly path: CallPath;
  /** The number that stands for this method at the native side. */
  readonly handle: number;
  readonly service: string;
  readonly version: number;
  /** Wire name. */
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly idempotent: boolean;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  /** What a call without options gets. */
  readonly defaults: CallSettings;
}

/** The options of a call, checked. */
export interface CallSettings {
  /** Milliseconds, or NO_TIMEOUT. */
  readonly timeoutMs: number;
  readonly timeoutTravels: boolean;
  readonly metadata: ReadonlyMap<string, string> | null;
  readonly signal: AbortSignal | null;
}

const callChecks = {
  signal: optional(abortSignal),
  timeoutMs: optional(nullable(milliseconds)),
  metadata: optional((value: unknown, path: string) => pairsOf(value as StringPairs, path)),
};

/** The settings of a call that names no options: stub beats method beats the default of its pattern. */
export function defaultSettings(
  stubTimeoutMs: number | null | undefined,
  methodTimeoutMs: number | null,
  streams: boolean,
): CallSettings {
  const explicit = stubTimeoutMs === undefined ? (methodTimeoutMs ?? undefined) : stubTimeoutMs;
  if (explicit !== undefined) return { ...timeoutOf(explicit), metadata: null, signal: null };
  const timeoutMs = streams ? NO_TIMEOUT : DEFAULT_TIMEOUT_MS;
  return { timeoutMs, timeoutTravels: false, metadata: null, signal: null };
}

/**
 * Checks the options of a call.
 * @throws {TypeError} naming the path of what does not fit.
 */
export function settingsOf(defaults: CallSettings, options: CallOptions | undefined): CallSettings {
  if (options === undefined) return defaults;
  const { signal, timeoutMs, metadata } = checkOptions(callChecks, options);
  if (metadata !== undefined) checkMetadata(metadata);
  return {
    ...(timeoutMs === undefined ? defaults : timeoutOf(timeoutMs)),
    metadata: metadata === undefined || metadata.size === 0 ? null : metadata,
    signal: signal ?? null,
  };
}

/** Throws when a call may not begin at all. */
export function checkReady(method: ClientMethod, settings: CallSettings): void {
  const peer = method.path.endpointId;
  if (method.path.closed) {
    throw new AsterError(Code.FAILED_PRECONDITION, "the client is closed", {
      peer,
      notSent: true,
      reason: "CLOSED",
    });
  }
  if (settings.timeoutMs <= 0) {
    throw new AsterError(Code.DEADLINE_EXCEEDED, "the deadline had passed before the call", {
      peer,
      notSent: true,
    });
  }
  if (settings.signal?.aborted) throw abortError(settings.signal, peer, true);
}

/** The failure of a call whose signal aborted. */
export function abortError(signal: AbortSignal, peer: string, notSent: boolean): AsterError {
  const timedOut = (signal.reason as { readonly name?: unknown } | undefined)?.name === "TimeoutError";
  const code = timedOut ? Code.DEADLINE_EXCEEDED : Code.CANCELLED;
  const message = timedOut ? "the signal timed out" : "the call was aborted";
  return new AsterError(code, message, { cause: signal.reason, peer, notSent });
}

function timeoutOf(timeoutMs: number | null): { timeoutMs: number; timeoutTravels: boolean } {
  if (timeoutMs === null) return { timeoutMs: NO_TIMEOUT, timeoutTravels: false };
  // Whole milliseconds, rounded up: a positive timeout must not become "already over".
  return { timeoutMs: Math.min(Math.ceil(timeoutMs), NO_TIMEOUT - 1), timeoutTravels: true };
}
