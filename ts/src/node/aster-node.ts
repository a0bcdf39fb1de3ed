// AsterNode: one key and one endpoint that serves, calls, or both.
//
// Owns: the life of an endpoint (open, draining, closed) and of everything that was started on it. AsterServer and
// AsterClient are two common uses. Does not own: the endpoint (endpoint.ts), calls, the network (Rust).

import type { CalledPeers } from "../client/called-peers.js";
import { type ClientOptions, connectChecks } from "../client/client-options.js";
import { AsterError, Code, withCaller } from "../errors.js";
import { developmentIdentity, ephemeralIdentity, fileIdentity, type Identity } from "../identity.js";
import { type Logger, logSafely } from "../logging.js";
import type { NodeFacts, RegistrySettings } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import { checkOptions, optionError, text } from "../options.js";
import { warnOpen } from "../server/access.js";
import { type ConnectedPeer, peerOf } from "../server/peer.js";
import { type Served, startServing } from "../server/serve.js";
import {
  type CheckedServing,
  DEFAULT_MAX_CALL_MS,
  type ServeOptions,
  serveChecks,
} from "../server/serve-options.js";
import { unknownMembersOr } from "../service/unknown-members.js";
import { AdmissionKeeper, ownCredential } from "./admission.js";
import { AsterClient } from "./aster-client.js";
import { cleaned, cleanUpTime } from "./cleaned.js";
import { DEFAULT_DRAIN_MS, type DrainOptions, drainChecks } from "./drain.js";
import { calledPeers, Endpoint } from "./endpoint.js";
import {
  type CheckedEndpoint,
  type EndpointOptions,
  endpointChecks,
  identity,
  loggerOf,
  type NodeIdentity,
} from "./node-options.js";
import { NodeRegistry } from "./registry.js";
import {
  type CheckedRegistryOptions,
  type RegistryOptions,
  registryChecks,
  settingsOf,
} from "./registry-options.js";
import { type Revocation, revokeAt } from "./revocation.js";
import type { ServiceClient } from "./service-client.js";
import { connectService, type ServiceTarget } from "./service-connect.js";
import { type NodeHandle, nodeHandle, readHandle } from "./share.js";

/**
 * The options of {@link AsterNode.start}.
 *
 * @example
 * const options: NodeOptions = { bind: "127.0.0.1:0", relay: "disabled", secretKey: generateSecretKey() };
 * const node = await AsterNode.start(options);
 * await node.close();
 */
export interface NodeOptions extends EndpointOptions, RegistryOptions {
  /** The key when `secretKey` is not set. Default `"project"`. */
  readonly identity?: NodeIdentity | undefined;
}

const nodeChecks = { ...endpointChecks, ...registryChecks, identity };

/** The drain timeout at the end of an `await using` block. */
const DISPOSE_DRAIN_MS = 5000;

/**
 * One key and one endpoint, for serving and for calling.
 *
 * @example
 * const node = await AsterNode.start({ bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * node.serve({ services: [implement(Billing, handlers)], access: "open" });
 * const client = await node.connect(ticket); // calls another server under the same key
 * await node.close();
 */
export class AsterNode {
  /** The public key, to which clients connect: 64 hexadecimal digits. */
  readonly endpointId: string;
  /** The addresses on which the node listens, as `ip:port`. */
  readonly addresses: readonly string[];
  /** The ticket, with which clients connect. */
  readonly ticket: string;
  /** The registry: finds services by name. */
  readonly registry: NodeRegistry;
  readonly #endpoint: Endpoint;
  readonly #logger: Logger;
  readonly #identity: Identity | null;
  readonly #clients = new Set<AsterClient | ServiceClient>();
  readonly #called: CalledPeers;
  #publishing: Promise<void> = Promise.resolve();
  #serving: Served | null = null;
  #closing: Promise<void> | null = null;

  private constructor(
    endpoint: Endpoint,
    registry: RegistrySettings | null,
    logger: Logger,
    identity: Identity | null,
  ) {
    this.#endpoint = endpoint;
    this.#logger = logger;
    this.#identity = identity;
    this.endpointId = endpoint.started.endpointId;
    this.addresses = Object.freeze([...endpoint.started.directAddresses]);
    this.ticket = endpoint.started.ticket;
    this.#called = calledPeers(endpoint, logger);
    this.registry = new NodeRegistry(endpoint.port, endpoint.started.node, registry, endpoint.owned);
  }

  /**
   * Starts a node.
   * @throws {TypeError} with the path of the wrong option
   * @throws {AsterError} FAILED_PRECONDITION with reason `BIND` when it cannot listen on the address
   */
  static start(options: NodeOptions = {}): Promise<AsterNode> {
    return withCaller(AsterNode.start, async () => {
      const checked = checkOptions(nodeChecks, options);
      return AsterNode.open(checked, checked.identity ?? "project");
    });
  }

  /** @internal Starts a node with options that were checked. */
  static async open(
    options: CheckedEndpoint & CheckedRegistryOptions,
    source: NodeIdentity,
  ): Promise<AsterNode> {
    const logger = loggerOf(options);
    const key = identityOf(options.secretKey, source, logger);
    try {
      const endpoint = await Endpoint.start(options, key.secretKey);
      return new AsterNode(endpoint, settingsOf(options), logger, key);
    } catch (error) {
      key.release();
      throw error;
    }
  }

  /**
   * Joins a node that another thread started, for calls and services of this thread. See {@link AsterNode.share}.
   *
   * *Lifetime*: the thread that started the node owns the endpoint. Closing an attached node does not close it.
   * @throws {TypeError} when the value is not a handle of this process and build
   */
  static attach(handle: NodeHandle, options: { readonly logger?: Logger | undefined } = {}): AsterNode {
    const { logger } = checkOptions({ logger: endpointChecks.logger }, options);
    const { started, maxDecodedBytes } = readHandle(handle);
    return new AsterNode(Endpoint.borrowed(started, maxDecodedBytes), null, loggerOf({ logger }), null);
  }

  /** A handle for `AsterNode.attach`: a plain object that `postMessage` can send to a worker thread of this process. */
  share(): NodeHandle {
    this.#open();
    return nodeHandle(this.#endpoint.started, this.#endpoint.maxDecodedBytes);
  }

  /**
   * Starts to answer calls in this thread. Allowed once for each thread.
   * @throws {TypeError} with the path of the wrong option; `access` is required
   * @throws {AsterError} FAILED_PRECONDITION with reason `SERVING` for the second time, `CLOSED` after closing
   */
  serve(options: ServeOptions): void {
    this.serveChecked(checkOptions(serveChecks, options));
  }

  /** @internal Starts to answer calls with options that were checked. */
  serveChecked(checked: CheckedServing): void {
    this.#open();
    if (this.#serving !== null) {
      throw new AsterError(Code.FAILED_PRECONDITION, "this node already serves in this thread", {
        reason: "SERVING",
      });
    }
    const { port, started } = this.#endpoint;
    this.#serving = startServing(port, started.node, {
      services: checked.services,
      access: checked.access,
      called: this.#called,
      interceptors: checked.interceptors ?? [],
      maxCallMs: checked.maxCallMs ?? DEFAULT_MAX_CALL_MS,
      compress: checked.compress ?? "auto",
      unknownMembers: unknownMembersOr(checked.unknownMembers),
      maxDecodedBytes: this.#endpoint.maxDecodedBytes,
      logger: this.#logger,
    });
    this.#publishing = this.#publish();
    // Threads that join a node do not warn again.
    if (checked.access === null && this.#endpoint.owned) {
      warnOpen(this.addresses, started.relayUrl !== null, this.#logger);
    }
  }

  /** Without a registry, the node can still be called by those who have its ticket. */
  async #publish(): Promise<void> {
    try {
      await this.registry.publish();
    } catch (error) {
      if (this.#closing === null)
        logSafely(() => this.#logger.error("the services are not published", { error }));
    }
  }

  /** @internal Waits until the services of this thread are published. */
  published(): Promise<void> {
    return this.#publishing;
  }

  /**
   * Says how a service of this node is. Those who look for it prefer endpoints that are `"ready"` to `"degraded"` ones, and
   * leave out the others.
   * @throws {AsterError} NOT_FOUND when the service is not served here
   */
  setHealth(service: string, health: "ready" | "degraded" | "starting" | "draining"): Promise<void> {
    return withCaller(this.setHealth, () => this.registry.setHealth(text(service, "service"), health));
  }

  /** Says how busy this node is, from 0; lower is better. Others learn it within 15 seconds. */
  setLoad(load: number): Promise<void> {
    return withCaller(this.setLoad, () => {
      if (typeof load !== "number" || !Number.isFinite(load) || load < 0)
        throw optionError("load", "must be a number from 0");
      return this.registry.setLoad(load);
    });
  }

  /**
   * Revokes a node or a credential until the process ends, or puts a signed revocation list in force. Live connections end
   * within a second.
   * @returns false when the list was in force already
   * @throws {TypeError} when it is not one of `{ endpointId }`, `{ fingerprint }` and `{ list }`
   * @throws {AsterError} FAILED_PRECONDITION with reason `OPEN_ACCESS` when everybody may call, `OLDER_LIST` when a newer list
   * is in force; PERMISSION_DENIED with reason `LIST_REFUSED` when the list is not one of a trusted root key
   */
  revoke(what: Revocation): Promise<boolean> {
    return withCaller(this.revoke, async () => {
      this.#open();
      return revokeAt(this.#endpoint.port, this.#endpoint.started.node, what);
    });
  }

  /**
   * The peers that are connected to this node: clients of its services. A peer that serves can be called back.
   *
   * *Shape*: each peer once, by its newest connection. The order has no meaning.
   */
  peers(): ConnectedPeer[] {
    this.#open();
    return this.#called.all().map((facts) => peerOf(facts, this.#called));
  }

  /** The peer with this endpoint id; null when it is not connected to this node. */
  peer(endpointId: string): ConnectedPeer | null {
    this.#open();
    const facts = this.#called.find(text(endpointId, "endpointId"));
    return facts === null ? null : peerOf(facts, this.#called);
  }

  /**
   * Connects to a server and asks for admission; or finds a service by name, and connects to all its endpoints. When this node
   * serves, the servers may call its services back over the connections, as `serverAccess` says.
   * @param address a ticket, an endpoint id, a node address in base64, or `{ service }` with what an endpoint must have
   * @throws {TypeError} with the path of the wrong option
   * @throws {AsterError} INVALID_ARGUMENT when the text is not an address or is the node's own address, UNAVAILABLE when
   * no server answers (with reason `NO_ENDPOINT` when none is known), DEADLINE_EXCEEDED after `timeoutMs`, PERMISSION_DENIED when
   * admission is refused
   */
  connect(address: string, options?: ClientOptions): Promise<AsterClient>;
  connect(service: ServiceTarget, options?: ClientOptions): Promise<ServiceClient>;
  connect(target: string | ServiceTarget, options: ClientOptions = {}): Promise<AsterClient | ServiceClient> {
    return withCaller<AsterClient | ServiceClient>(this.connect, () =>
      typeof target === "object" && target !== null && "service" in target
        ? this.#connectService(target, options)
        : this.#connect(target, options),
    );
  }

  async #connectService(target: ServiceTarget, options: ClientOptions): Promise<ServiceClient> {
    this.#open();
    checkOptions(connectChecks, options);
    const client = await connectService(target, {
      registry: this.registry,
      own: this.endpointId,
      logger: this.#logger,
      connect: (address) => this.#connect(address, options),
      closed: (one) => void this.#clients.delete(one),
    });
    this.#clients.add(client);
    return client;
  }

  async #connect(address: string, options: ClientOptions): Promise<AsterClient> {
    const checked = checkOptions(connectChecks, options);
    this.#open();
    const own = ownCredential(checked.credential);
    const connection = await this.#endpoint.connect(
      address,
      checked,
      own?.document ?? null,
      checked.serverAccess ?? "access",
    );
    const client: AsterClient = AsterClient.over(connection, {
      admission: new AdmissionKeeper(connection, checked.credential, own, this.#logger),
      interceptors: checked.interceptors ?? [],
      logger: this.#logger,
      unknownMembers: unknownMembersOr(checked.unknownMembers),
      // The calls back of its server are calls of this node, which goes on.
      drained: null,
      closed: async () => void this.#clients.delete(client),
      find: async (service, search) => {
        await this.registry.join(address);
        return this.registry.resolve(service, search);
      },
      published: (service) => this.registry.published(service, address),
    });
    this.#clients.add(client);
    return client;
  }

  /** The current addresses and number of calls. */
  info(): Promise<NodeFacts> {
    return withCaller(this.info, async () => {
      this.#open();
      return this.#endpoint.info();
    });
  }

  /** Accepts no new calls, finishes the running ones, cancels the rest at the timeout, closes. May be called twice. */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { timeoutMs } = checkOptions(drainChecks, options);
    if (this.#closing !== null) return this.#closing;
    const began = performance.now();
    const limit = timeoutMs ?? DEFAULT_DRAIN_MS;
    await this.#endpoint.drain(limit);
    this.#closing ??= this.#close(cleanUpTime(began, limit));
    return this.#closing;
  }

  /** Closes now. Running calls end with UNAVAILABLE. It may be called twice, also at the same time. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as {@link drain} with a timeout of 5 s. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.drain({ timeoutMs: DISPOSE_DRAIN_MS });
  }

  async #close(cleanUpMs?: number): Promise<void> {
    const { port, started, owned } = this.#endpoint;
    this.#called.close();
    this.registry.close();
    await Promise.all([...this.#clients].map((client) => client.close()));
    await this.#publishing;
    // The endpoint of another thread goes on without this one. An endpoint of this thread closes before its services leave
    // it: a call that arrives meanwhile is refused as UNAVAILABLE, and not as NOT_FOUND.
    if (this.#serving !== null && !owned)
      controlCall((native) => native.nodeUnserve(port.number, started.node));
    try {
      await this.#endpoint.close();
    } finally {
      this.#serving?.stop();
      this.#identity?.release();
    }
    await cleaned(this.#serving, cleanUpMs);
  }

  #open(): void {
    if (this.#closing === null) return;
    throw new AsterError(Code.FAILED_PRECONDITION, "the node is closed", { reason: "CLOSED", notSent: true });
  }
}

function identityOf(given: string | undefined, source: NodeIdentity, logger: Logger): Identity {
  if (given !== undefined) return { secretKey: given, release() {} };
  if (typeof source === "object") return fileIdentity(source.file);
  return source === "project" ? developmentIdentity(logger) : ephemeralIdentity();
}
