// Calls that a handler makes for its own call: they inherit its deadline and its cancellation.
//
// Owns: the options of such a call. Does not own: the context (server/context.ts), the calls (invoke.ts).

import { NO_TIMEOUT } from "../native/constants.js";
import { type Check, describeValue, optionError } from "../options.js";
import type { CallOptions, ClientMethod } from "./method.js";

/**
 * The parts of a handler's context that its nested calls inherit. Every `CallContext` has them.
 *
 * @example
 * const outer: Inherited = { signal: AbortSignal.timeout(5000), deadline: new Date(Date.now() + 5000) };
 * const nested = client.stub(Billing, { within: outer });
 * await nested.getInvoice({ customerId: "acme", status: "open" });
 */
export interface Inherited {
  readonly signal: AbortSignal;
  readonly deadline: Date | null;
}

/** Checks the option `within`. */
export const inheritedFrom: Check<Inherited> = (value, path) => {
  const given = value as Partial<Inherited> | null;
  if (typeof given === "object" && given !== null && typeof given.signal === "object" && "deadline" in given)
    return given as Inherited;
  throw optionError(path, `must be the context of a handler, not ${describeValue(value)}`);
};

type Called = (...args: unknown[]) => unknown;

/** The function of a stub, with options that inherit from `outer`. */
export function within(method: ClientMethod, call: unknown, outer: Inherited): unknown {
  const called = call as Called;
  if (method.requestStream && method.responseStream)
    return (options?: CallOptions) => called(inherited(method, options, outer));
  return (input: unknown, options?: CallOptions) => called(input, inherited(method, options, outer));
}

function inherited(method: ClientMethod, options: CallOptions | undefined, outer: Inherited): CallOptions {
  const signal =
    options?.signal === undefined ? outer.signal : AbortSignal.any([options.signal, outer.signal]);
  return { ...options, signal, timeoutMs: timeLeft(method, options?.timeoutMs, outer.deadline) };
}

/** The shorter one of the call's own timeout and the time that is left to the outer call. */
function timeLeft(
  method: ClientMethod,
  own: number | null | undefined,
  deadline: Date | null,
): number | null | undefined {
  if (deadline === null) return own;
  const left = deadline.getTime() - Date.now();
  const { timeoutMs } = method.defaults;
  const usual = timeoutMs === NO_TIMEOUT ? left : timeoutMs;
  return Math.min(left, own === undefined ? usual : (own ?? left));
}
