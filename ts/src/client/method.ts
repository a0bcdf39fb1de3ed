// A method as a client calls it, and the options of one call.
//
// Owns: which deadline applies (that of the call, the stub, the method, or the default, in this order), whether it is
// sent to the server, and the check of call options. Does not own: enforcing deadlines (Rust), sending calls (call.ts).

import { AsterError, type AsterErrorInit, Code, stacklessError } from "../errors.js";
import type { CallCodecs, MessageCodec } from "../message.js";
import { checkMetadata } from "../metadata.js";
import { NO_TIMEOUT } from "../native/constants.js";
import { abortSignal, checkOptions, milliseconds, nullable, optional } from "../options.js";
import { pairsOf, type StringPairs } from "../pairs.js";
import type { Port } from "../port/port.js";
import { reasonOf } from "./abort.js";

/** The deadline of unary and client-stream calls without another deadline. */
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * The options of one call.
 *
 * @example
 * const options: CallOptions = { timeoutMs: 2000, metadata: { "trace-id": "4711" } };
 * await billing.getInvoice({ customerId: "acme", status: "open" }, options);
 */
export interface CallOptions {
  /** Cancels the call when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The deadline in milliseconds from now; null for none. It is sent to the server. Default: the deadline of the stub,
   * else that of the method, else 30 s for calls with a single response and none for streamed responses.
   */
  readonly timeoutMs?: number | null | undefined;
  /** Pairs of strings that the handler gets as `ctx.metadata`. At most 64 pairs and 8192 bytes in total. */
  readonly metadata?: StringPairs | undefined;
}

/** The parts of a connection that a call needs. */
export interface CallPath {
  readonly port: Port;
  readonly endpointId: string;
  readonly closed: boolean;
  /** The number of the session in which the calls are made; 0 for none. */
  readonly session: number;
  /** The error of a call after the end of this path. */
  closedError(place: AsterErrorInit): AsterError;
}

/** A method of a service at one server. */
export interface ClientMethod {
  readonly path: CallPath;
  /** The number of the method in the addon. */
  readonly handle: number;
  readonly service: string;
  readonly version: number;
  /** The wire name. */
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly idempotent: boolean;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  /** The codecs for interceptors. */
  readonly tools: CallCodecs;
  /** The settings of a call without options. */
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
  metadata: optional(pairsOf),
};

/** The settings of a call without options: the timeout of the stub, else of the method, else the default. */
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
 * @throws {TypeError} with the path of the wrong option
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

/** Where a call failed, for its error. */
export interface CallPlace {
  readonly peer: string;
  readonly service: string;
  readonly method: string;
}

/** Where the calls of a method fail. */
export function placeOf(method: ClientMethod): CallPlace {
  return { peer: method.path.endpointId, service: method.service, method: method.name };
}

/** Throws when a call must not begin: the client is closed, the deadline has passed, or the signal has aborted. */
export function checkReady(method: ClientMethod, settings: CallSettings): void {
  const place = placeOf(method);
  if (method.path.closed) throw method.path.closedError(place);
  if (settings.timeoutMs <= 0) {
    throw new AsterError(Code.DEADLINE_EXCEEDED, "the deadline passed before the call", {
      ...place,
      notSent: true,
    });
  }
  if (settings.signal?.aborted) throw abortError(settings.signal, method, true, 0);
}

/** The error of a call whose signal aborted, after so many responses of a stream. */
export function abortError(
  signal: AbortSignal,
  method: ClientMethod,
  notSent: boolean,
  itemsReceived: number,
): AsterError {
  const cause = reasonOf(signal);
  let timedOut = false;
  try {
    timedOut = (cause as { readonly name?: unknown } | null | undefined)?.name === "TimeoutError";
  } catch {
    // The reason is a value that cannot be read. The call was aborted all the same.
  }
  const code = timedOut ? Code.DEADLINE_EXCEEDED : Code.CANCELLED;
  const message = timedOut ? "the signal of the call timed out" : "the call was aborted";
  return stacklessError(code, message, { ...placeOf(method), cause, notSent, itemsReceived });
}

function timeoutOf(timeoutMs: number | null): { timeoutMs: number; timeoutTravels: boolean } {
  if (timeoutMs === null) return { timeoutMs: NO_TIMEOUT, timeoutTravels: false };
  // Rounded up to whole milliseconds, so that a positive timeout never becomes 0.
  return { timeoutMs: Math.min(Math.ceil(timeoutMs), NO_TIMEOUT - 1), timeoutTravels: true };
}
