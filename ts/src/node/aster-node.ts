// AsterNode: one identity and one endpoint that serves, calls, or both.
//
// Owns: the life of an endpoint (open, draining, closed) and of what was started on it. AsterServer and
// AsterClient are two common cases of it. Does not own: the endpoint (endpoint.ts), calls, the network (Rust).

import { type ClientOptions, connectChecks } from "../client/client-options.js";
import { AsterError, Code, withCaller } from "../errors.js";
import { developmentIdentity, ephemeralIdentity, type Identity } from "../identity.js";
import type { Logger } from "../logging.js";
import type { NodeFacts } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import { checkOptions, duration, optional } from "../options.js";
import { startServing } from "../server/serve.js";
import { DEFAULT_MAX_CALL_MS, type ServeOptions, serveChecks } from "../server/serve-options.js";
import { AsterClient } from "./aster-client.js";
import { Endpoint } from "./endpoint.js";
import {
  type CheckedEndpoint,
  type EndpointOptions,
  endpointChecks,
  identity,
  loggerOf,
} from "./node-options.js";
import { type NodeHandle, nodeHandle, readHandle } from "./share.js";

/** Options of {@link AsterNode.start}. */
export interface NodeOptions extends EndpointOptions {
  /**
   * Where the key comes from when no `secretKey` is given: `"project"` (the default) keeps one for each entry file
   * in `.aster/keys` of the project folder, `"ephemeral"` makes a fresh one.
   */
  readonly identity?: "project" | "ephemeral" | undefined;
}

/** Options of a drain. */
export interface DrainOptions {
  /** When what is still running is cancelled, in milliseconds from now. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

const nodeChecks = { ...endpointChecks, identity };

const DEFAULT_DRAIN_MS = 10_000;
/** How long the end of an `await using` block waits for what was accepted. */
const DISPOSE_DRAIN_MS = 5000;

/**
 * One identity and one endpoint.
 *
 * @example
 * const node = await AsterNode.start({ bind: "127.0.0.1:0", relay: "disabled" });
 * node.serve({ services: [implement(Billing, handlers)], access: "open" });
 * const client = await node.connect(otherTicket);
 */
export class AsterNode {
  /** The public key under which the node is dialled, 64 hex digits. */
  readonly endpointId: string;
  /** `ip:port` of each address it listens on. */
  readonly addresses: readonly string[];
  /** The text that a client needs to connect. */
  readonly ticket: string;
  readonly #endpoint: Endpoint;
  readonly #logger: Logger;
  readonly #identity: Identity | null;
  readonly #clients = new Set<AsterClient>();
  #stopServing: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  private constructor(endpoint: Endpoint, logger: Logger, identity: Identity | null) {
    this.#endpoint = endpoint;
    this.#logger = logger;
    this.#identity = identity;
    this.endpointId = endpoint.started.endpointId;
    this.addresses = Object.freeze([...endpoint.started.directAddresses]);
    this.ticket = endpoint.started.ticket;
  }

  /**
   * Binds an endpoint.
   * @throws {TypeError} naming the option that does not fit.
   * @throws {AsterError} FAILED_PRECONDITION with reason `BIND` when the address cannot be bound.
   */
  static start(options: NodeOptions = {}): Promise<AsterNode> {
    return withCaller(AsterNode.start, async () => {
      const checked = checkOptions(nodeChecks, options);
      return AsterNode.open(checked, checked.identity ?? "project");
    });
  }

  /** @internal Binds an endpoint from options that were checked. */
  static async open(options: CheckedEndpoint, source: "project" | "ephemeral"): Promise<AsterNode> {
    const logger = loggerOf(options);
    const key = identityOf(options.secretKey, source, logger);
    try {
      return new AsterNode(await Endpoint.start(options, key.secretKey), logger, key);
    } catch (error) {
      key.release();
      throw error;
    }
  }

  /**
   * A node that another thread started, for calls and services of this one. See {@link AsterNode.share}.
   *
   * *Lifetime*: the thread that started the node owns the endpoint; closing an attached node leaves it alone.
   * @throws {TypeError} for anything but a handle of this process and build.
   */
  static attach(handle: NodeHandle, options: { readonly logger?: Logger | undefined } = {}): AsterNode {
    const { logger } = checkOptions({ logger: endpointChecks.logger }, options);
    return new AsterNode(Endpoint.borrowed(readHandle(handle)), loggerOf({ logger }), null);
  }

  /** A plain object that `postMessage` can carry to a worker thread of this process, for `AsterNode.attach`. */
  share(): NodeHandle {
    this.#open();
    return nodeHandle(this.#endpoint.started);
  }

  /**
   * Starts to answer calls in this thread. Once for each thread.
   * @throws {TypeError} naming the option that does not fit, or saying how to choose `access`.
   * @throws {AsterError} FAILED_PRECONDITION with reason `SERVING` the second time, `CLOSED` after closing.
   */
  serve(options: ServeOptions): void {
    const checked = checkOptions(serveChecks, options);
    this.#open();
    if (this.#stopServing !== null) {
      throw new AsterError(Code.FAILED_PRECONDITION, "this node serves already", { reason: "SERVING" });
    }
    this.#stopServing = startServing(this.#endpoint.port, this.#endpoint.started.node, {
      services: checked.services,
      interceptors: checked.interceptors ?? [],
      maxCallMs: checked.maxCallMs ?? DEFAULT_MAX_CALL_MS,
      compress: checked.compress ?? "auto",
      logger: this.#logger,
    });
  }

  /**
   * Dials a server and asks for admission.
   * @param address a ticket, an endpoint id, or a node address in base64.
   * @throws {AsterError} INVALID_ARGUMENT for a text that is no address and for this node's own, UNAVAILABLE when
   * nobody answers, DEADLINE_EXCEEDED after `timeoutMs`, PERMISSION_DENIED when admission is refused.
   */
  connect(address: string, options: ClientOptions = {}): Promise<AsterClient> {
    return withCaller(this.connect, () => this.#connect(address, options));
  }

  async #connect(address: string, options: ClientOptions): Promise<AsterClient> {
    const checked = checkOptions(connectChecks, options);
    this.#open();
    const connection = await this.#endpoint.connect(address, checked);
    const client: AsterClient = AsterClient.over(connection, {
      interceptors: checked.interceptors ?? [],
      logger: this.#logger,
      closed: async () => void this.#clients.delete(client),
    });
    this.#clients.add(client);
    return client;
  }

  /** Addresses and load, as they are now. */
  info(): Promise<NodeFacts> {
    return withCaller(this.info, async () => {
      this.#open();
      return this.#endpoint.info();
    });
  }

  /** Stops accepting, finishes what was accepted, cancels the rest at the timeout, closes. Safe twice. */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { timeoutMs } = checkOptions({ timeoutMs: optional(duration) }, options);
    if (this.#closing !== null) return this.#closing;
    await this.#endpoint.drain(timeoutMs ?? DEFAULT_DRAIN_MS);
    return this.close();
  }

  /** Closes at once: calls in flight end as unavailable. Safe twice, also at the same time. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** As {@link drain}, with a timeout of 5 s: what was accepted may finish. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.drain({ timeoutMs: DISPOSE_DRAIN_MS });
  }

  async #close(): Promise<void> {
    const { port, started } = this.#endpoint;
    for (const client of this.#clients) await client.close();
    if (this.#stopServing !== null) {
      controlCall((native) => native.nodeUnserve(port.number, started.node));
      this.#stopServing();
    }
    try {
      await this.#endpoint.close();
    } finally {
      this.#identity?.release();
    }
  }

  #open(): void {
    if (this.#closing === null) return;
    throw new AsterError(Code.FAILED_PRECONDITION, "the node is closed", { reason: "CLOSED", notSent: true });
  }
}

function identityOf(given: string | undefined, source: "project" | "ephemeral", logger: Logger): Identity {
  if (given !== undefined) return { secretKey: given, release() {} };
  return source === "project" ? developmentIdentity(logger) : ephemeralIdentity();
}
