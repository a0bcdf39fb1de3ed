// AsterNode: one identity and one endpoint that serves, calls, or both.
//
// Owns: the life of an endpoint (open, draining, closed) and of what was started on it. AsterServer and
// AsterClient are two common cases of it. Does not own: calls, the network (Rust).

import { AsterClient } from "../client/client.js";
import { type ClientOptions, connectShape } from "../client/client-options.js";
import { Connection } from "../client/connection.js";
import { AsterError, Code, withCaller } from "../errors.js";
import { developmentIdentity, ephemeralIdentity, type Identity } from "../identity.js";
import type { Logger } from "../logging.js";
import { listenToCore } from "../native/core-log.js";
import type { Port } from "../native/data-plane.js";
import type { NodeFacts, OpenedConnection, StartedNode } from "../native/documents.js";
import { controlCall, environmentPort } from "../native/index.js";
import {
  checkOptions,
  duration,
  functionOf,
  integer,
  listOf,
  oneOf,
  optional,
  type ShapeOf,
  text,
} from "../options.js";
import type { Implementation } from "../server/implement.js";
import type { ServerInterceptor } from "../server/interceptors.js";
import { type Access, access, DEFAULT_MAX_CALL_MS, services, startServing } from "../server/serve.js";
import {
  type CheckedEndpoint,
  type EndpointOptions,
  endpointShape,
  identity,
  loggerOf,
  startDocument,
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

/** Options of {@link AsterNode.serve}. */
export interface ServeOptions {
  /** Results of `implement()`, at least one; no name and version twice. */
  readonly services: readonly Implementation[];
  /** Who may call. There is no default. */
  readonly access: Access;
  /** Run round every handler, the first outermost. */
  readonly interceptors?: readonly ServerInterceptor[] | undefined;
  /** Longest time of a unary or client-stream call that has no deadline. Default 300 s. */
  readonly maxCallMs?: number | undefined;
  /**
   * Compression of answers above 4096 bytes. `"auto"` (the default) pauses where data does not shrink. JSON is
   * never compressed.
   */
  readonly compress?: "auto" | "always" | "never" | undefined;
}

/** Options of a drain. */
export interface DrainOptions {
  /** When what is still running is cancelled, in milliseconds from now. Default 10,000. */
  readonly timeoutMs?: number | undefined;
}

const nodeShape = { ...endpointShape, identity };

/** Checked options of serving. */
export interface CheckedServing {
  readonly services: readonly Implementation[];
  readonly access: Access;
  readonly interceptors: readonly ServerInterceptor[] | undefined;
  readonly maxCallMs: number | undefined;
  readonly compress: "auto" | "always" | "never" | undefined;
}

/** The checks of {@link ServeOptions}. */
export const serveShape: ShapeOf<CheckedServing> = {
  services,
  access,
  interceptors: optional(listOf(functionOf<ServerInterceptor>())),
  maxCallMs: optional(integer(1)),
  compress: optional(oneOf("auto", "always", "never")),
};

const DEFAULT_DRAIN_MS = 10_000;
/** How long the end of an `await using` block waits for what was accepted. */
const DISPOSE_DRAIN_MS = 5000;
const DEFAULT_CONNECT_MS = 30_000;

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
  readonly #port: Port;
  readonly #started: StartedNode;
  readonly #logger: Logger;
  /** null for an attached node, which does not own the endpoint. */
  readonly #identity: Identity | null;
  readonly #clients = new Set<AsterClient>();
  readonly #stopListening: () => void;
  #stopServing: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  private constructor(port: Port, started: StartedNode, logger: Logger, identity: Identity | null) {
    this.#port = port;
    this.#started = started;
    this.#logger = logger;
    this.#identity = identity;
    this.endpointId = started.endpointId;
    this.addresses = Object.freeze([...started.directAddresses]);
    this.ticket = started.ticket;
    this.#stopListening = identity === null ? () => {} : listenToCore(logger);
  }

  /**
   * Binds an endpoint.
   * @throws {TypeError} naming the option that does not fit.
   * @throws {AsterError} FAILED_PRECONDITION with reason `BIND` when the address cannot be bound.
   */
  static start(options: NodeOptions = {}): Promise<AsterNode> {
    return withCaller(AsterNode.start, async () => {
      const checked = checkOptions(nodeShape, options);
      return AsterNode.open(checked, checked.identity ?? "project");
    });
  }

  /** @internal Binds an endpoint from options that were checked. */
  static async open(options: CheckedEndpoint, source: "project" | "ephemeral"): Promise<AsterNode> {
    const logger = loggerOf(options);
    const port = environmentPort();
    const key = identityOf(options.secretKey, source, logger);
    try {
      const document = startDocument(options, key.secretKey);
      const started = await port.request<StartedNode>((native, request) =>
        native.nodeStart(port.number, request, document),
      );
      return new AsterNode(port, started, logger, key);
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
    const { logger } = checkOptions({ logger: endpointShape.logger }, options);
    return new AsterNode(environmentPort(), readHandle(handle), loggerOf({ logger }), null);
  }

  /** A plain object that `postMessage` can carry to a worker thread of this process, for `AsterNode.attach`. */
  share(): NodeHandle {
    this.#open();
    return nodeHandle(this.#started);
  }

  /**
   * Starts to answer calls in this thread. Once for each thread.
   * @throws {TypeError} naming the option that does not fit, or saying how to choose `access`.
   * @throws {AsterError} FAILED_PRECONDITION with reason `SERVING` the second time, `CLOSED` after closing.
   */
  serve(options: ServeOptions): void {
    const checked = checkOptions(serveShape, options);
    this.#open();
    if (this.#stopServing !== null) {
      throw new AsterError(Code.FAILED_PRECONDITION, "this node serves already", { reason: "SERVING" });
    }
    this.#stopServing = startServing(this.#port, this.#started.node, {
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
    const checked = checkOptions(connectShape, options);
    this.#open();
    const document = JSON.stringify({
      address: text(address, "address"),
      credential: checked.credential ?? null,
      timeoutMs: Math.ceil(checked.timeoutMs ?? DEFAULT_CONNECT_MS),
    });
    const { node } = this.#started;
    const opened = await this.#port.request<OpenedConnection>((native, request) =>
      native.nodeConnect(this.#port.number, request, node, document),
    );
    const client: AsterClient = AsterClient.over(new Connection(this.#port, opened), {
      interceptors: checked.interceptors ?? [],
      logger: this.#logger,
      closed: () => this.#clients.delete(client),
    });
    this.#clients.add(client);
    return client;
  }

  /** Addresses and load, as they are now. */
  info(): Promise<NodeFacts> {
    return withCaller(this.info, async () => {
      this.#open();
      const { node } = this.#started;
      return this.#port.request((native, request) => native.nodeInfo(this.#port.number, request, node));
    });
  }

  /** Stops accepting, finishes what was accepted, cancels the rest at the timeout, closes. Safe twice. */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { timeoutMs } = checkOptions({ timeoutMs: optional(duration) }, options);
    if (this.#closing !== null) return this.#closing;
    if (this.#identity !== null) {
      const { node } = this.#started;
      const limit = timeoutMs ?? DEFAULT_DRAIN_MS;
      await this.#port.request((native, request) =>
        native.nodeDrain(this.#port.number, request, node, limit),
      );
    }
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
    const { node } = this.#started;
    this.#stopListening();
    for (const client of this.#clients) await client.close();
    if (this.#stopServing !== null) {
      controlCall((native) => native.nodeUnserve(this.#port.number, node));
      this.#stopServing();
    }
    if (this.#identity === null) return;
    try {
      await this.#port.request((native, request) => native.nodeClose(this.#port.number, request, node));
    } finally {
      this.#identity.release();
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
