// Server interceptors: functions around each handler. Without interceptors, handlers are called directly.
//
// Owns: what an interceptor sees of a call. Does not own: ready-made interceptors.

import type { CallContext } from "./context.js";
import type { Run } from "./served-method.js";

/** A call before its handler runs. Interceptors may change `input`. */
export interface ArrivedCall {
  readonly service: string;
  readonly version: number;
  /** The wire name of the method. */
  readonly method: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly idempotent: boolean;
  readonly context: CallContext;
  /** The request, or an async iterable of requests. */
  input: unknown;
}

/** Passes a call to the next interceptor, or to the handler. Returns the response, or an iterable of responses. */
export type ServerNext = (call: ArrivedCall) => Promise<unknown>;

/** An interceptor, for example `(next) => async (call) => next(call)`. */
export type ServerInterceptor = (next: ServerNext) => ServerNext;

/** Wraps a handler with interceptors. The first one is the outermost. */
export function interceptedRun(
  run: Run,
  method: Omit<ArrivedCall, "context" | "input">,
  interceptors: readonly ServerInterceptor[],
): Run {
  if (interceptors.length === 0) return run;
  const innermost: ServerNext = async (call) => run(call.input, call.context);
  const chain = interceptors.reduceRight<ServerNext>((next, wrap) => wrap(next), innermost);
  return (input, context) => chain({ ...method, context, input });
}
