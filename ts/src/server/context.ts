// The context that a handler gets about its call.
//
// Owns: `ctx`. Its expensive parts (signal, logger, deadline) are made at first use. Does not own: when a call is
// aborted (call.ts).

import type { CalledPeers } from "../client/called-peers.js";
import { type Logger, loggedError, logSafely, withFields } from "../logging.js";
import type { PeerInfo } from "../port/events.js";
import { guardListeners } from "./guarded-signal.js";
import { type ConnectedPeer, peerOf } from "./peer.js";
import type { Session } from "./session.js";

/**
 * The second argument of every handler.
 *
 * @example
 * async function untilLeft(context: CallContext): Promise<void> {
 *   context.log.info("waiting", { peer: context.peer.endpointId });
 *   await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
 * }
 */
export interface CallContext {
  /**
   * Aborts when the caller cancels, the deadline passes, the connection is lost or the server shuts down. The reason of
   * the signal is an `AsterError`.
   */
  readonly signal: AbortSignal;
  /** The time until which the caller waits; null when it set no deadline. */
  readonly deadline: Date | null;
  /**
   * The caller, as it was admitted when the call began: the roles by which the call was accepted. A caller that serves can be
   * called back: `ctx.peer.stub(Service, { within: ctx })`.
   */
  readonly peer: ConnectedPeer;
  /** The session of the call; null for calls of services with scope `"shared"`. */
  readonly session: Session | null;
  /** The caller's metadata. The caller chooses it, so it proves nothing about the caller. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The caller's id of the call. Empty for most unary calls. */
  readonly callId: string;
  /** `Service.method`, with wire names. */
  readonly method: string;
  /** The server's logger. It adds the method and the peer to every line. */
  readonly log: Logger;
}

/** The last time that a Date can hold. A caller may send a later one. */
const LAST_TIME = 8.64e15;

const NO_PAIRS: ReadonlyMap<string, string> = new Map();

/** The context of one call. */
export class HandlerContext implements CallContext {
  readonly peer: ConnectedPeer;
  readonly session: Session | null;
  readonly metadata: ReadonlyMap<string, string>;
  readonly callId: string;
  readonly method: string;
  readonly #deadline: number;
  readonly #logger: Logger;
  #log: Logger | null = null;
  #abort: AbortController | null = null;
  #aborted: { readonly reason: unknown } | null = null;

  constructor(
    method: string,
    peer: PeerInfo | null,
    call: {
      readonly deadline: number;
      readonly callId: string;
      readonly metadata: ReadonlyMap<string, string> | null;
    },
    logger: Logger,
    session: Session | null = null,
    called: CalledPeers | null = null,
  ) {
    this.method = method;
    this.session = session;
    this.peer = session === null ? peerOf(peer, called) : session.peer;
    this.metadata = call.metadata ?? NO_PAIRS;
    this.callId = call.callId;
    this.#deadline = call.deadline;
    this.#logger = logger;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      guardListeners(this.#abort.signal, (error) => {
        logSafely(() =>
          this.log.error("a listener of the signal of a call failed", { error: loggedError(error) }),
        );
      });
      if (this.#aborted !== null) this.#abort.abort(this.#aborted.reason);
    }
    return this.#abort.signal;
  }

  get deadline(): Date | null {
    return this.#deadline === 0 ? null : new Date(Math.min(this.#deadline, LAST_TIME));
  }

  get log(): Logger {
    this.#log ??= withFields(this.#logger, { method: this.method, peer: this.peer.endpointId });
    return this.#log;
  }

  /** True when the call was aborted. */
  get aborted(): boolean {
    return this.#aborted !== null;
  }

  /** Aborts the signal. It also works when the handler uses the signal later. */
  abort(reason: unknown): void {
    this.#aborted = { reason };
    this.#abort?.abort(reason);
  }
}
