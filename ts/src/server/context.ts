// What a handler is told about its call.
//
// Owns: `ctx`, whose costly parts (signal, logger, deadline) are made when they are asked for. Does not own:
// when a call is aborted (call.ts).

import { type Logger, withFields } from "../logging.js";
import type { PeerInfo } from "../port/events.js";

/** Who calls. */
export interface CallPeer {
  /** The caller's public key, 64 hex digits, proven by the connection. */
  readonly endpointId: string;
  /** Attributes of the verified credential; empty on an open server. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Roles of the verified credential; empty on an open server. */
  readonly roles: readonly string[];
  /**
   * How packets travelled when the first call of the connection came: a relayed connection may have become direct
   * since. null where no path was chosen yet.
   */
  readonly path: "direct" | "relay" | null;
}

/** The second argument of every handler. */
export interface CallContext {
  /**
   * Aborts when the caller leaves, the deadline passes, the connection is lost or the server shuts down. Its
   * reason is an `AsterError`.
   */
  readonly signal: AbortSignal;
  /** When the caller stops waiting, or null when it named no deadline. */
  readonly deadline: Date | null;
  /** Who calls. */
  readonly peer: CallPeer;
  /** The caller's metadata: what it says, not who it is. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The caller's id for the call; empty for most unary calls. */
  readonly callId: string;
  /** `Service.method`, by wire names. */
  readonly method: string;
  /** The server's logger, with the method and the peer in every line. */
  readonly log: Logger;
}

const NO_PAIRS: ReadonlyMap<string, string> = new Map();
const NOBODY: CallPeer = Object.freeze({
  endpointId: "",
  attributes: Object.freeze({}),
  roles: [],
  path: null,
});
const peers = new WeakMap<PeerInfo, CallPeer>();

/** The context of one call. */
export class HandlerContext implements CallContext {
  readonly peer: CallPeer;
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
  ) {
    this.method = method;
    this.peer = peer === null ? NOBODY : peerOf(peer);
    this.metadata = call.metadata ?? NO_PAIRS;
    this.callId = call.callId;
    this.#deadline = call.deadline;
    this.#logger = logger;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#aborted !== null) this.#abort.abort(this.#aborted.reason);
    }
    return this.#abort.signal;
  }

  get deadline(): Date | null {
    return this.#deadline === 0 ? null : new Date(this.#deadline);
  }

  get log(): Logger {
    this.#log ??= withFields(this.#logger, { method: this.method, peer: this.peer.endpointId });
    return this.#log;
  }

  /** Aborts the signal, also one that nobody has asked for yet. */
  abort(reason: unknown): void {
    this.#aborted = { reason };
    this.#abort?.abort(reason);
  }
}

function peerOf(info: PeerInfo): CallPeer {
  const known = peers.get(info);
  if (known !== undefined) return known;
  // Without a prototype: the names come from a credential and are only ever data.
  const attributes: Record<string, string> = Object.assign(Object.create(null), info.attributes);
  const peer = Object.freeze({
    endpointId: info.endpointId,
    attributes: Object.freeze(attributes),
    roles: Object.freeze(info.roles ?? []),
    path: info.path ?? null,
  });
  peers.set(info, peer);
  return peer;
}
