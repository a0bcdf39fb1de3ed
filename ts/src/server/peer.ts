// The caller of a call or of a session.
//
// Owns: the object that handlers get. It is made once for each connection. Does not own: who may call (Rust).

import type { PeerInfo } from "../port/events.js";

/**
 * The caller of a call.
 *
 * @example
 * const isFriend = (peer: CallPeer, friends: ReadonlySet<string>): boolean => friends.has(peer.endpointId);
 */
export interface CallPeer {
  /** The caller's public key, which the connection proves: 64 hexadecimal digits. */
  readonly endpointId: string;
  /** The attributes of the verified credential. Empty with open access. */
  readonly attributes: ReadonlyMap<string, string>;
  /** The roles of the verified credential. Empty with open access. */
  readonly roles: ReadonlySet<string>;
  /** The time when the admission of the caller ends; null with open access. */
  readonly expiresAt: Date | null;
  /**
   * The network path at the first call of the connection. A connection through a relay may have become direct since
   * then. Null when no path was chosen yet.
   */
  readonly path: "direct" | "relay" | null;
}

const peers = new WeakMap<PeerInfo, CallPeer>();
/** Stands for a peer that is gone. */
const GONE: PeerInfo = { endpointId: "" };

/** The caller of a connection. */
export function peerOf(given: PeerInfo | null): CallPeer {
  const info = given ?? GONE;
  const known = peers.get(info);
  if (known !== undefined) return known;
  const peer = Object.freeze({
    endpointId: info.endpointId,
    attributes: new Map(Object.entries(info.attributes ?? {})),
    roles: new Set(info.roles ?? []),
    expiresAt: info.expiresAt ? new Date(info.expiresAt) : null,
    path: info.path ?? null,
  });
  peers.set(info, peer);
  return peer;
}
