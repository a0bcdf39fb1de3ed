// AsterServer: a node that serves.
//
// Owns: the options of both in one object. Does not own: anything a node does (aster-node.ts).

import { withCaller } from "../errors.js";
import { checkOptions } from "../options.js";
import { type ServeOptions, serveChecks } from "../server/serve-options.js";
import { AsterNode, type DrainOptions, type NodeOptions } from "./aster-node.js";
import { endpointChecks, identity } from "./node-options.js";

/** Options of {@link AsterServer.start}. */
export interface ServerOptions extends NodeOptions, ServeOptions {}

const serverChecks = { ...endpointChecks, identity, ...serveChecks };

/**
 * A server: a node that answers calls.
 *
 * *Lifetime*: keeps the process alive until `drain()` or `close()`.
 *
 * @example
 * const server = await AsterServer.start({ services: [implement(Billing, handlers)], access: "open" });
 * console.error(server.ticket);
 */
export class AsterServer {
  readonly #node: AsterNode;

  private constructor(node: AsterNode) {
    this.#node = node;
  }

  /**
   * Binds an endpoint and starts to answer.
   * @throws {TypeError} naming the option that does not fit; `access` has no default.
   * @throws {AsterError} FAILED_PRECONDITION with reason `BIND` when the address cannot be bound.
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
      identity: source,
      ...endpoint
    } = checkOptions(serverChecks, options);
    const node = await AsterNode.open(endpoint, source ?? "project");
    try {
      node.serve({ services, access, interceptors, maxCallMs, compress });
    } catch (error) {
      await node.close();
      throw error;
    }
    return new AsterServer(node);
  }

  /** The text that a client needs to connect. */
  get ticket(): string {
    return this.#node.ticket;
  }

  /** The public key under which the server is dialled, 64 hex digits. */
  get endpointId(): string {
    return this.#node.endpointId;
  }

  /** `ip:port` of each address it listens on. */
  get addresses(): readonly string[] {
    return this.#node.addresses;
  }

  /** The node below: for calls from the same identity, and for worker threads. */
  get node(): AsterNode {
    return this.#node;
  }

  /** Stops accepting, finishes what was accepted, cancels the rest at the timeout, closes. Safe twice. */
  drain(options?: DrainOptions): Promise<void> {
    return this.#node.drain(options);
  }

  /** Closes at once: calls in flight end as unavailable. Safe twice, also at the same time. */
  close(): Promise<void> {
    return this.#node.close();
  }

  /** As {@link drain}, with a timeout of 5 s: what was accepted may finish. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#node[Symbol.asyncDispose]();
  }
}
