// Accepts the calls of one served method.
//
// Owns: the asynchronous context of each call. Does not own: the call (call.ts).

import { AsyncResource } from "node:async_hooks";
import { Code } from "../errors.js";
import type { IncomingCall } from "../port/events.js";
import type { CallAcceptor, Port } from "../port/port.js";
import type { StatusFacts } from "../status-facts.js";
import { ServerCall } from "./call.js";
import type { ServedMethod } from "./served-method.js";
import { ServedSession } from "./served-session.js";

const CLOSING: StatusFacts = {
  code: Code.UNAVAILABLE,
  message: "the server is closing",
  details: new Map(),
};

/** Accepts the calls of one method at one port. */
export class MethodAcceptor implements CallAcceptor {
  readonly #port: Port;
  readonly #method: ServedMethod;
  /** The same method with the codecs of NATIVE mode. */
  readonly #native: ServedMethod;

  constructor(port: Port, method: ServedMethod) {
    this.#port = port;
    this.#method = method;
    this.#native = method.native === null ? method : { ...method, ...method.native };
  }

  accept(call: IncomingCall): void {
    // Each call has its own asynchronous context, as in HTTP servers: when a handler enters an AsyncLocalStorage, the
    // store is valid only for this call.
    const session = call.inSession ? this.#session(call.connection) : null;
    if (session === undefined) {
      this.#port.finishCall(call.number, CLOSING); // this thread did not accept the session
      return;
    }
    const connection = session === null ? call.connection : session.connection;
    const answer = new ServerCall(this.#port, call.native ? this.#native : this.#method, call, session);
    const scope = new AsyncResource("AsterCall");
    const { congestion } = this.#port;
    if (!congestion.has(connection)) {
      scope.runInAsyncScope(answer.start, answer, call);
      return;
    }
    const later = {
      ...call,
      bytes: call.bytes.slice(call.start, call.end),
      start: 0,
      end: call.end - call.start,
    };
    congestion.defer(connection, () => scope.runInAsyncScope(answer.start, answer, later));
  }

  #session(number: number): ServedSession | undefined {
    const session = this.#port.sessions.find(number);
    return session instanceof ServedSession ? session : undefined;
  }
}
