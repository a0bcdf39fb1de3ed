// A method as a server answers it.
//
// Owns: the join of handler, codecs and interceptors, and the acceptance of its calls. Does not own: the call.

import { AsyncResource } from "node:async_hooks";
import type { Logger } from "../logging.js";
import type { CallAcceptor, Port } from "../native/data-plane.js";
import type { IncomingCall } from "../native/data-plane-events.js";
import type { MessageCodec } from "../native/message.js";
import { ServerCall } from "./call.js";
import type { CallContext } from "./context.js";
import type { GraceWatch } from "./failure.js";

/** The function that answers: the handler, inside its interceptors if there are any. */
export type Run = (input: unknown, context: CallContext) => unknown;

/** What a served method is made of. */
export interface ServedMethod {
  /** `Service.method`, by wire names. */
  readonly label: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: MessageCodec;
  readonly response: MessageCodec;
  readonly run: Run;
  readonly logger: Logger;
  readonly grace: GraceWatch;
}

/** Accepts the calls of one method at one port. */
export class MethodAcceptor implements CallAcceptor {
  readonly #port: Port;
  readonly #method: ServedMethod;

  constructor(port: Port, method: ServedMethod) {
    this.#port = port;
    this.#method = method;
  }

  accept(call: IncomingCall): void {
    // An asynchronous context for each call, as HTTP servers have it: a store that a handler enters
    // (AsyncLocalStorage) ends with its call instead of staying for the next.
    const answer = new ServerCall(this.#port, this.#method, call);
    new AsyncResource("AsterCall").runInAsyncScope(answer.start, answer, call);
  }
}
