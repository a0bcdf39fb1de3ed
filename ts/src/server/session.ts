// A session of a peer, as its handlers see it.
//
// Owns: these types. Does not own: the session (served-session.ts).

import type { AsterError } from "../errors.js";
import type { ConnectedPeer } from "./peer.js";

/**
 * A session of a peer, for the handlers that serve it.
 *
 * @example
 * const counter = (session: Session): { count(): number } => {
 *   let calls = 0;
 *   session.onClose(() => console.log(session.id, "made", calls, "calls"));
 *   return { count: () => ++calls };
 * };
 */
export interface Session {
  /** The id that the client chose. It proves nothing about the client. */
  readonly id: string;
  /** The client, as it was admitted when the newest call of the session began. It can be called back when it serves. */
  readonly peer: ConnectedPeer;
  /** The pairs of strings with which the client opened the session. They prove nothing about the client. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Aborts when the session is over. The reason of the signal is an `AsterError`. */
  readonly signal: AbortSignal;
  /**
   * Calls a function when the session is over: exactly once, whatever ended it, in the order of registration. When the
   * session is over already, the function is called at once. What it throws is logged.
   */
  onClose(listener: (cause: SessionCause) => unknown): void;
  /**
   * Ends the session: a running call finishes first. The client gets the error; its default is UNAVAILABLE. Calling it twice
   * is safe.
   */
  close(error?: AsterError): void;
}

/**
 * Why a session is over.
 *
 * @example
 * const isLoss = (cause: SessionCause): boolean => cause === "lost";
 */
export type SessionCause =
  /** The client closed it. */
  | "closed"
  /** The client left without closing it, or the connection is lost. */
  | "lost"
  /** The client broke the protocol. */
  | "protocol"
  /** This server ended it: it stops, the admission of the client has ended, or `session.close()` was called. */
  | "shutdown";
