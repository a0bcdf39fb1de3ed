// Server interceptors: an onion of functions round each handler. Without any, handlers are called directly.
//
// Owns: what an interceptor sees of a call. Does not own: the ready-made interceptors.

import type { CallContext } from "./context.js";
import type { Run } from "./served-method.js";

/** A call on its way to its handler. Interceptors may change `input`. */
export interface ArrivedCall {
  readonly service: string;
  readonly version: number;
  /** Wire name of the method. */
  readonly method: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly idempotent: boolean;
  readonly context: CallContext;
  /** The request, or an async iterable of requests. */
  input: unknown;
}

/** Hands a call on: to the next interceptor, at last to the handler. Gives the response, or an iterable of them. */
export type ServerNext = (call: ArrivedCall) => Promise<unknown>;

/** Wraps handlers: `(next) => async (call) => next(call)`. */
export type ServerInterceptor = (next: ServerNext) => ServerNext;

/** A handler inside interceptors, the first one outermost. */
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
