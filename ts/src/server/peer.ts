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
  readonly attributes: Readonly<Record<string, string>>;
  /** The roles of the verified credential. Empty with open access. */
  readonly roles: readonly string[];
  /**
   * The network path at the first call of the connection. A connection through a relay may have become direct since
   * then. Null when no path was chosen yet.
   */
  readonly path: "direct" | "relay" | null;
}

const NOBODY: CallPeer = Object.freeze({
  endpointId: "",
  attributes: Object.freeze({}),
  roles: [],
  path: null,
});
const peers = new WeakMap<PeerInfo, CallPeer>();

/** The caller of a connection. */
export function peerOf(info: PeerInfo | null): CallPeer {
  if (info === null) return NOBODY;
  const known = peers.get(info);
  if (known !== undefined) return known;
  // The names come from a credential, so the object has no prototype that they could reach.
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
