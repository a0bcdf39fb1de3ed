// The peer of a call, of a session, or of a connection.
//
// Owns: the object that handlers get. It is made once for each connection. Does not own: who may call (Rust), the calls to a
// peer (client/).

import type { CalledPeers } from "../client/called-peers.js";
import { Paths } from "../client/paths.js";
import { type ProxyOptions, ServiceProxy } from "../client/proxy.js";
import {
  openSession,
  openSessionProxy,
  type SessionOptions,
  type SessionProxy,
  type SessionProxyOptions,
  type SessionStub,
} from "../client/session.js";
import { createStub, type StubHost, type StubOptions } from "../client/stub.js";
import type { Stub } from "../client/stub-types.js";
import { AsterError, Code, withCaller } from "../errors.js";
import type { ConnectionPath, ServiceSummary } from "../native/documents.js";
import type { PeerInfo } from "../port/events.js";
import type { PeerPlace } from "../port/peer-place.js";
import type { Service, SessionService } from "../schema/service.js";
import type { Constructs } from "../schema/types.js";

/**
 * Who a peer is.
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
  /** The network path of the connection now, with its bytes so far. Null when the connection is gone, and before admission. */
  readonly path: ConnectionPath | null;
  /**
   * The network path now, and then each time when packets take another one. A reader gets the newest path. The iteration ends with
   * the connection. Waiting does not keep the process alive.
   */
  paths(): AsyncIterableIterator<ConnectionPath, undefined>;
}

/**
 * A peer that dialled this node. A peer that serves can be called back on its own connection, also behind a NAT: nothing is
 * dialled. When it has connected again, the same stubs use the new connection, and its contract is checked again.
 *
 * @example
 * const report = async (peer: ConnectedPeer): Promise<string> => {
 *   const { text } = await peer.stub(Greeter).greet({ name: peer.endpointId });
 *   return text;
 * };
 */
export interface ConnectedPeer extends CallPeer {
  /** The services that the peer announced for calls back when it connected last. Empty: it cannot be called. */
  readonly services: readonly ServiceSummary[];
  /**
   * The functions of a service of the peer, as with `client.stub()`.
   * @throws {TypeError} when it is no service, and with the path of the wrong option
   * @throws {AsterError} FAILED_PRECONDITION with reason `NOTHING_ANNOUNCED` when the peer announced no services, UNAVAILABLE
   * with reason `NOT_CONNECTED` when it has gone, and the errors of `client.stub()` about the contract
   */
  stub<S extends Service<unknown> | Constructs<object>>(service: S, options?: StubOptions): Stub<S>;
  /** Opens a session of a service of the peer, as with `client.session()`. It ends with the connection. */
  session<S extends SessionService<unknown> | Constructs<object>>(
    service: S,
    options?: SessionOptions,
  ): Promise<SessionStub<S>>;
  /** A service of the peer by its name, without a schema, as with `client.proxy()`. */
  proxy(service: string, options?: ProxyOptions): ServiceProxy;
  /** Opens a session of a service of the peer by its name, without a schema. */
  sessionProxy(service: string, options?: SessionProxyOptions): Promise<SessionProxy>;
}

class Peer implements ConnectedPeer {
  readonly endpointId: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly roles: ReadonlySet<string>;
  readonly expiresAt: Date | null;
  readonly #at: PeerPlace | null;
  readonly #called: CalledPeers | null;

  constructor(info: PeerInfo, called: CalledPeers | null) {
    this.endpointId = info.endpointId;
    this.attributes = new Map(Object.entries(info.attributes ?? {}));
    this.roles = new Set(info.roles ?? []);
    this.expiresAt = info.expiresAt ? new Date(info.expiresAt) : null;
    this.#at = info.at ?? called?.place(info.endpointId) ?? null;
    this.#called = called;
    Object.freeze(this);
  }

  get path(): ConnectionPath | null {
    return this.#at?.path() ?? null;
  }

  paths(): AsyncIterableIterator<ConnectionPath, undefined> {
    const at = this.#at;
    return new Paths({
      now: () => at?.path() ?? null,
      changed: async (known) => (await at?.pathChanged(known)) === true,
      left() {},
    });
  }

  get services(): readonly ServiceSummary[] {
    return this.#called?.find(this.endpointId)?.services ?? [];
  }

  stub<S extends Service<unknown> | Constructs<object>>(service: S, options?: StubOptions): Stub<S> {
    // INVARIANT: the stub just made has exactly the methods of the service.
    return createStub(this.#host(), service, options) as Stub<S>;
  }

  session<S extends SessionService<unknown> | Constructs<object>>(
    service: S,
    options?: SessionOptions,
  ): Promise<SessionStub<S>> {
    // INVARIANT: the session just made has exactly the methods of the service.
    const open = async () => (await openSession(this.#host(), service, options)) as SessionStub<S>;
    return withCaller(this.session, open);
  }

  proxy(service: string, options?: ProxyOptions): ServiceProxy {
    return new ServiceProxy(this.#host(), service, options);
  }

  sessionProxy(service: string, options?: SessionProxyOptions): Promise<SessionProxy> {
    return withCaller(this.sessionProxy, async () => openSessionProxy(this.#host(), service, options));
  }

  #host(): StubHost {
    if (this.#called !== null) return this.#called.host(this.endpointId);
    const text = "a peer cannot be called before it is admitted";
    throw new AsterError(Code.FAILED_PRECONDITION, text, { peer: this.endpointId, notSent: true });
  }
}

const peers = new WeakMap<PeerInfo, ConnectedPeer>();
/** Stands for a peer that is gone. */
const GONE: PeerInfo = { endpointId: "" };

/** The peer of a connection. `called`: where it can be called back; null for nowhere. */
export function peerOf(given: PeerInfo | null, called: CalledPeers | null): ConnectedPeer {
  const info = given ?? GONE;
  const known = peers.get(info);
  if (known !== undefined) return known;
  const peer = new Peer(info, called);
  peers.set(info, peer);
  return peer;
}
