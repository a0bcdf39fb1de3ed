// The sessions of a port, by number.
//
// Owns: finding the session of an event, and the receivers of new sessions. Does not own: what a session does
// (client/session.ts, server/served-session.ts).

import { Code } from "../errors.js";
import { SessionEnder } from "../native/constants.js";
import type { EndedSession, IncomingSession, SessionSink } from "./events.js";

/** The receiver of new sessions of a served service. */
export interface SessionAcceptor {
  accept(session: IncomingSession): SessionSink;
}

/** The end of all sessions of a thread that ends. */
const THREAD_ENDED: EndedSession = {
  by: SessionEnder.LOST,
  code: Code.UNAVAILABLE,
  message: "this thread is shutting down",
  details: new Map(),
  lastFinished: 0,
  isLocal: true,
  notSent: false,
};

/** The open sessions of a port. */
export class Sessions {
  readonly #open = new Map<number, SessionSink>();
  readonly #acceptors = new Map<number, SessionAcceptor>();

  has(number: number): boolean {
    return this.#open.has(number);
  }

  find(number: number): SessionSink | undefined {
    return this.#open.get(number);
  }

  /** Adds a session that this side opens. */
  enter(number: number, session: SessionSink): void {
    this.#open.set(number, session);
  }

  /** Removes a session. Returns it, if it was there. */
  leave(number: number): SessionSink | undefined {
    const session = this.#open.get(number);
    this.#open.delete(number);
    return session;
  }

  /** Starts to accept the sessions of a service. The handle is that of its first method. */
  accept(handle: number, acceptor: SessionAcceptor): void {
    this.#acceptors.set(handle, acceptor);
  }

  /** Stops to accept the sessions of a service. */
  refuse(handle: number): void {
    this.#acceptors.delete(handle);
  }

  /** A session of a peer begins. False: this thread does not serve it. */
  begins(session: IncomingSession): boolean {
    const acceptor = this.#acceptors.get(session.method);
    if (acceptor === undefined) return false;
    this.#open.set(session.number, acceptor.accept(session));
    return true;
  }

  /** Ends all sessions, because the port was closed. */
  closed(): void {
    for (const number of [...this.#open.keys()]) this.leave(number)?.onSessionEnded(THREAD_ENDED);
  }
}
