// An endpoint, which AsterNode, AsterServer and AsterClient use.
//
// Owns: starting, connecting from, draining and closing a node of the addon. Does not own: the source of its key
// (aster-node.ts), its services (server/), its connections (client/connection.ts).

import { CalledPeers } from "../client/called-peers.js";
import type { CheckedConnection, ServerAccess } from "../client/client-options.js";
import { Connection } from "../client/connection.js";
import { dialRelay } from "../client/relay-policy.js";
import type { Logger } from "../logging.js";
import { MAX_DECODED } from "../message.js";
import type { DialOptions, NodeFacts, StartedNode } from "../native/documents.js";
import { text } from "../options.js";
import { listenToCore } from "../port/core-log.js";
import { environmentPort } from "../port/environment.js";
import type { Port } from "../port/port.js";
import { type UnknownMembers, unknownMembersOr } from "../service/unknown-members.js";
import { type CheckedEndpoint, loggerOf, startOptions } from "./node-options.js";

const DEFAULT_CONNECT_MS = 30_000;

/** An endpoint of this process. */
export class Endpoint {
  readonly port: Port;
  readonly started: StartedNode;
  /** True when this thread started the endpoint, false when another thread did. */
  readonly owned: boolean;
  /** The largest estimated size of a decoded message of a peer, in bytes. */
  readonly maxDecodedBytes: number;
  readonly #stopListening: () => void;
  #closing: Promise<void> | null = null;

  private constructor(
    port: Port,
    started: StartedNode,
    owned: boolean,
    maxDecodedBytes: number,
    stopListening: () => void,
  ) {
    this.port = port;
    this.maxDecodedBytes = maxDecodedBytes;
    this.started = started;
    this.owned = owned;
    this.#stopListening = stopListening;
  }

  /** Starts an endpoint. */
  static start(options: CheckedEndpoint, secretKey: string): Promise<Endpoint> {
    return Endpoint.#start("nodeStart", options, secretKey);
  }

  /** Uses the endpoint that all clients of this process with equal options share. The first of them starts it. */
  static share(options: CheckedEndpoint): Promise<Endpoint> {
    return Endpoint.#start("nodeShare", options, options.secretKey ?? null);
  }

  static async #start(
    how: "nodeStart" | "nodeShare",
    options: CheckedEndpoint,
    secretKey: string | null,
  ): Promise<Endpoint> {
    const port = environmentPort();
    const start = startOptions(options, secretKey);
    const started = await port.request("takeStartedNode", (native, request) =>
      native[how](port.number, request, start),
    );
    const maxDecodedBytes = options.limits?.maxDecodedBytes ?? MAX_DECODED;
    return new Endpoint(port, started, true, maxDecodedBytes, listenToCore(loggerOf(options)));
  }

  /** Uses an endpoint that another thread started. */
  static borrowed(started: StartedNode, maxDecodedBytes: number): Endpoint {
    return new Endpoint(environmentPort(), started, false, maxDecodedBytes, () => {});
  }

  /** Connects to a server and asks for admission. `access`: what the server may call back. */
  async connect(
    address: string,
    options: CheckedConnection,
    credential: string | null,
    access: ServerAccess,
  ): Promise<Connection> {
    const dial = {
      address: text(address, "address"),
      credential,
      timeoutMs: Math.ceil(options.timeoutMs ?? DEFAULT_CONNECT_MS),
      ...dialAccess(access),
      ...dialRelay(options.relay),
    };
    const { node } = this.started;
    const opened = await this.port.request("takeOpenedConnection", (native, request) =>
      native.nodeConnect(this.port.number, request, node, dial),
    );
    return new Connection(this.port, opened, this.maxDecodedBytes);
  }

  /** The current addresses and number of calls. */
  info(): Promise<NodeFacts> {
    const { node } = this.started;
    return this.port.request("takeNodeFacts", (native, request) =>
      native.nodeInfo(this.port.number, request, node),
    );
  }

  /** Finishes running calls until the timeout, then cancels the rest. An endpoint of another thread is not changed. */
  async drain(timeoutMs: number): Promise<void> {
    if (!this.owned) return;
    const { node } = this.started;
    await this.port.request("takeDone", (native, request) =>
      native.nodeDrain(this.port.number, request, node, timeoutMs),
    );
  }

  /**
   * Closes the endpoint and its connections. An endpoint of another thread stays open, and so does a shared endpoint that
   * others use. May be called twice.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopListening();
    if (!this.owned) return;
    const { node } = this.started;
    await this.port.request("takeDone", (native, request) =>
      native.nodeClose(this.port.number, request, node),
    );
  }
}

/** What the server may call back, for the addon. */
export function dialAccess(access: ServerAccess): Pick<DialOptions, "serverAccess" | "serverRoles"> {
  if (typeof access === "object") return { serverAccess: "roles", serverRoles: access.roles };
  return { serverAccess: access === "access" ? "caller" : "nothing", serverRoles: [] };
}

/** The peers that dialled an endpoint, to be called. */
export function calledPeers(
  { port, started, maxDecodedBytes }: Endpoint,
  logger: Logger,
  unknownMembers?: UnknownMembers,
): CalledPeers {
  const parts = { port, node: started.node, maxDecodedBytes, logger };
  return new CalledPeers({ ...parts, unknownMembers: unknownMembersOr(unknownMembers) });
}
