// An endpoint: what AsterNode, AsterServer and AsterClient stand on.
//
// Owns: starting, dialling from, draining and closing the native node behind a number. Does not own: where its key
// comes from (aster-node.ts), what is served on it (server/), the connections (client/connection.ts).

import type { CheckedConnection } from "../client/client-options.js";
import { Connection } from "../client/connection.js";
import type { NodeFacts, StartedNode } from "../native/documents.js";
import { text } from "../options.js";
import { listenToCore } from "../port/core-log.js";
import { environmentPort } from "../port/environment.js";
import type { Port } from "../port/port.js";
import { type CheckedEndpoint, loggerOf, startOptions } from "./node-options.js";

const DEFAULT_CONNECT_MS = 30_000;

/** An endpoint of this process. */
export class Endpoint {
  readonly port: Port;
  readonly started: StartedNode;
  /** Started here; an endpoint of another thread is only borrowed. */
  readonly owned: boolean;
  readonly #stopListening: () => void;
  #closing: Promise<void> | null = null;

  private constructor(port: Port, started: StartedNode, owned: boolean, stopListening: () => void) {
    this.port = port;
    this.started = started;
    this.owned = owned;
    this.#stopListening = stopListening;
  }

  /** Binds an endpoint. */
  static async start(options: CheckedEndpoint, secretKey: string): Promise<Endpoint> {
    const port = environmentPort();
    const start = startOptions(options, secretKey);
    const started = await port.request("takeStartedNode", (native, request) =>
      native.nodeStart(port.number, request, start),
    );
    return new Endpoint(port, started, true, listenToCore(loggerOf(options)));
  }

  /** The endpoint that another thread started. */
  static borrowed(started: StartedNode): Endpoint {
    return new Endpoint(environmentPort(), started, false, () => {});
  }

  /** Dials a server and asks for admission. */
  async connect(address: string, options: CheckedConnection): Promise<Connection> {
    const dial = {
      address: text(address, "address"),
      credential: options.credential ?? null,
      timeoutMs: Math.ceil(options.timeoutMs ?? DEFAULT_CONNECT_MS),
    };
    const { node } = this.started;
    const opened = await this.port.request("takeOpenedConnection", (native, request) =>
      native.nodeConnect(this.port.number, request, node, dial),
    );
    return new Connection(this.port, opened);
  }

  /** Addresses and load, as they are now. */
  info(): Promise<NodeFacts> {
    const { node } = this.started;
    return this.port.request("takeNodeFacts", (native, request) =>
      native.nodeInfo(this.port.number, request, node),
    );
  }

  /** Stops accepting, finishes what was accepted, cancels the rest at the timeout. A borrowed endpoint goes on. */
  async drain(timeoutMs: number): Promise<void> {
    if (!this.owned) return;
    const { node } = this.started;
    await this.port.request("takeDone", (native, request) =>
      native.nodeDrain(this.port.number, request, node, timeoutMs),
    );
  }

  /** Closes the endpoint and its connections; lets go of a borrowed one. Safe twice. */
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
