// Server interceptors: functions around each handler. Without interceptors, handlers are called directly.
//
// Owns: what an interceptor sees of a call. Does not own: ready-made interceptors.

import type { CALL_CODECS, CallCodecs } from "../message.js";
import type { CallContext } from "./context.js";
import { heldAnswers } from "./held-answers.js";
import type { Run } from "./served-method.js";

/**
 * A call before its handler runs. Interceptors may change `input`.
 *
 * @example
 * const label = (call: ArrivedCall): string => `${call.service} v${call.version} ${call.method}`;
 * const labels: ServerInterceptor = (next) => (call) => {
 *   call.context.log.info(label(call));
 *   return next(call);
 * };
 */
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
  /** @internal */
  readonly [CALL_CODECS]?: CallCodecs;
}

/**
 * Passes a call to the next interceptor, or to the handler. Returns the response, or an iterable of responses.
 *
 * @example
 * const onlyFor =
 *   (tenant: string) =>
 *   (next: ServerNext) =>
 *   async (call: ArrivedCall): Promise<unknown> => {
 *     if (call.context.metadata.get("tenant") === tenant) return next(call);
 *     throw new AsterError(Code.PERMISSION_DENIED, "another tenant");
 *   };
 * const interceptors: readonly ServerInterceptor[] = [onlyFor("acme")];
 */
export type ServerNext = (call: ArrivedCall) => Promise<unknown>;

/**
 * An interceptor, for example `(next) => async (call) => next(call)`. An `AsyncLocalStorage` that it enters around `next(call)` holds in
 * the handlers of all patterns, also at each step of a generator.
 *
 * @example
 * const counted: ServerInterceptor = (next) => async (call) => {
 *   try {
 *     return await next(call);
 *   } finally {
 *     console.log(call.method, "ended");
 *   }
 * };
 * const server = await AsterServer.start({
 *   services: [implement(Billing, handlers)],
 *   access: "open",
 *   interceptors: [counted],
 *   bind: "127.0.0.1:0",
 *   relay: "disabled",
 *   identity: "ephemeral",
 * });
 * await server.close();
 */
export type ServerInterceptor = (next: ServerNext) => ServerNext;

/** Wraps a handler with interceptors. The first one is the outermost. */
export function interceptedRun(
  run: Run,
  method: Omit<ArrivedCall, "context" | "input">,
  interceptors: readonly ServerInterceptor[],
): Run {
  if (interceptors.length === 0) return run;
  const innermost: ServerNext = method.responseStream
    ? async (call) => heldAnswers(await run(call.input, call.context))
    : async (call) => run(call.input, call.context);
  const chain = interceptors.reduceRight<ServerNext>((next, wrap) => wrap(next), innermost);
  return (input, context) => chain({ ...method, context, input });
}
