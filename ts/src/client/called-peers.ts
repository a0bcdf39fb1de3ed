// The peers of a node that are called on the connections which they opened.
//
// Owns: one connection object for each of them, for as long as a stub uses it. Does not own: which connection a call uses, and
// what a peer announced (Rust); what handlers see of a peer (server/peer.ts).

import { AsterError, Code } from "../errors.js";
import type { Logger } from "../logging.js";
import type { PeerFacts } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import { PeerPlace } from "../port/peer-place.js";
import type { Port } from "../port/port.js";
import type { UnknownMembers } from "../service/unknown-members.js";
import { Connection } from "./connection.js";
import type { StubHost } from "./stub.js";

/** The parts of a node that calls to its peers need. */
export interface CallingNode {
  readonly port: Port;
  /** The number of the node in the addon. */
  readonly node: number;
  readonly maxDecodedBytes: number;
  readonly logger: Logger;
  readonly unknownMembers: UnknownMembers;
}

/** The called peers of one node. */
export class CalledPeers {
  readonly #of: CallingNode;
  readonly #connections = new Map<string, WeakRef<Connection>>();
  /** The numbers in the addon of connection objects that no stub uses any more are given back. */
  readonly #unused = new FinalizationRegistry<{ readonly endpointId: string; readonly number: number }>(
    ({ endpointId, number }) => {
      if (this.#connections.get(endpointId)?.deref() === undefined) this.#connections.delete(endpointId);
      controlCall((native) => native.connectionClose(number));
    },
  );

  constructor(of: CallingNode) {
    this.#of = of;
  }

  /** The peers that are connected now. */
  all(): PeerFacts[] {
    return controlCall((native) => native.nodePeers(this.#of.node));
  }

  /** A peer that is connected now; null when it is not. */
  find(endpointId: string): PeerFacts | null {
    return controlCall((native) => native.nodePeer(this.#of.node, endpointId));
  }

  /** Where the path of the newest connection of a peer is read. */
  place(endpointId: string): PeerPlace {
    const { port, node } = this.#of;
    return new PeerPlace(port, { connection: null, node, endpointId });
  }

  /**
   * What stubs of a peer need.
   * @throws {AsterError} UNAVAILABLE with reason `NOT_CONNECTED`, FAILED_PRECONDITION with reason `NOTHING_ANNOUNCED`
   */
  host(endpointId: string): StubHost {
    const { logger, unknownMembers } = this.#of;
    const facts = this.find(endpointId);
    if (facts === null) throw notConnected(endpointId);
    if (facts.services.length === 0) throw nothingAnnounced(endpointId);
    return { connection: this.#connection(facts), interceptors: [], logger, unknownMembers };
  }

  /** The node is closed: calls to its peers fail. */
  close(): void {
    for (const known of this.#connections.values()) known.deref()?.close();
  }

  #connection({ endpointId, services }: PeerFacts): Connection {
    const known = this.#connections.get(endpointId)?.deref();
    if (known !== undefined) return known;
    const { port, node, maxDecodedBytes } = this.#of;
    const number = controlCall((native) => native.peerOpen(port.number, node, endpointId));
    const opened = { connection: number, endpointId, services, attributes: {}, registryNamespace: "" };
    const connection = new Connection(port, opened, maxDecodedBytes);
    this.#connections.set(endpointId, new WeakRef(connection));
    this.#unused.register(connection, { endpointId, number });
    return connection;
  }
}

function notConnected(peer: string): AsterError {
  const text =
    "the peer is not connected to this node; a server that this process dialled is called with the stubs of its client";
  return new AsterError(Code.UNAVAILABLE, text, { peer, reason: "NOT_CONNECTED", notSent: true });
}

function nothingAnnounced(peer: string): AsterError {
  const text =
    "the peer cannot be called back: it announced no services when it connected (clients of other languages never do)";
  return new AsterError(Code.FAILED_PRECONDITION, text, { peer, reason: "NOTHING_ANNOUNCED", notSent: true });
}
