// AsterServer: a node that serves.
//
// Owns: the options of node and serving in one object. Does not own: the node (aster-node.ts).

import { withCaller } from "../errors.js";
import { checkOptions } from "../options.js";
import type { ConnectedPeer } from "../server/peer.js";
import { type ServeOptions, serveChecks } from "../server/serve-options.js";
import { AsterNode, type NodeOptions } from "./aster-node.js";
import type { DrainOptions } from "./drain.js";
import { endpointChecks, identity } from "./node-options.js";
import { registryChecks } from "./registry-options.js";
import type { Revocation } from "./revocation.js";

/**
 * The options of {@link AsterServer.start}.
 *
 * @example
 * const options: ServerOptions = {
 *   services: [implement(Billing, handlers)],
 *   access: "open",
 *   bind: "127.0.0.1:0",
 *   relay: "disabled",
 *   identity: "ephemeral",
 * };
 * const server = await AsterServer.start(options);
 * await server.close();
 */
export interface ServerOptions extends NodeOptions, ServeOptions {}

const serverChecks = { ...endpointChecks, ...registryChecks, identity, ...serveChecks };

/**
 * A server: a node that answers calls.
 *
 * *Lifetime*: keeps the process alive until `drain()` or `close()`.
 *
 * @example
 * const server = await AsterServer.start({
 *   services: [implement(Billing, handlers)],
 *   access: "open",
 *   bind: "127.0.0.1:0",
 *   relay: "disabled",
 *   identity: "ephemeral",
 * });
 * console.log(server.ticket);
 * await server.drain();
 */
export class AsterServer {
  readonly #node: AsterNode;

  private constructor(node: AsterNode) {
    this.#node = node;
  }

  /**
   * Starts a server.
   * @throws {TypeError} with the path of the wrong option; `access` is required
   * @throws {AsterError} FAILED_PRECONDITION with reason `BIND` when it cannot listen on the address
   */
  static start(options: ServerOptions): Promise<AsterServer> {
    return withCaller(AsterServer.start, () => AsterServer.#start(options));
  }

  static async #start(options: ServerOptions): Promise<AsterServer> {
    const {
      services,
      access,
      interceptors,
      maxCallMs,
      compress,
      unknownMembers,
      identity: source,
      ...endpoint
    } = checkOptions(serverChecks, options);
    const node = await AsterNode.open(endpoint, source ?? "project");
    try {
      node.serveChecked({ services, access, interceptors, maxCallMs, compress, unknownMembers });
      await node.published();
    } catch (error) {
      await node.close();
      throw error;
    }
    return new AsterServer(node);
  }

  /** The ticket, with which clients connect. */
  get ticket(): string {
    return this.#node.ticket;
  }

  /** The public key, to which clients connect: 64 hexadecimal digits. */
  get endpointId(): string {
    return this.#node.endpointId;
  }

  /** The addresses on which the server listens, as `ip:port`. */
  get addresses(): readonly string[] {
    return this.#node.addresses;
  }

  /** The node of the server: for calls with the same key, and for worker threads. */
  get node(): AsterNode {
    return this.#node;
  }

  /** The peers that are connected: see {@link AsterNode.peers}. */
  peers(): ConnectedPeer[] {
    return this.#node.peers();
  }

  /** The peer with this endpoint id; null when it is not connected. */
  peer(endpointId: string): ConnectedPeer | null {
    return this.#node.peer(endpointId);
  }

  /** Says how a service is: see {@link AsterNode.setHealth}. */
  setHealth(service: string, health: "ready" | "degraded" | "starting" | "draining"): Promise<void> {
    return this.#node.setHealth(service, health);
  }

  /** Says how busy the server is: see {@link AsterNode.setLoad}. */
  setLoad(load: number): Promise<void> {
    return this.#node.setLoad(load);
  }

  /** Revokes a node, a credential, or what a signed list says: see {@link AsterNode.revoke}. */
  revoke(what: Revocation): Promise<boolean> {
    return this.#node.revoke(what);
  }

  /** Accepts no new calls, finishes the running ones, cancels the rest at the timeout, closes. May be called twice. */
  drain(options?: DrainOptions): Promise<void> {
    return this.#node.drain(options);
  }

  /** Closes now. Running calls end with UNAVAILABLE. It may be called twice, also at the same time. */
  close(): Promise<void> {
    return this.#node.close();
  }

  /** The same as {@link drain} with a timeout of 5 s. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#node[Symbol.asyncDispose]();
  }
}
