// The registry of a node: services are found by name, and changes are watched.
//
// Owns: the public functions, and when the registry is started. Does not own: what is known (Rust), connections to what was
// found (service-client.ts).

import { AsterError, Code, withCaller } from "../errors.js";
import type { EndpointChange, FoundEndpoint, RegistrySettings, ServiceSummary } from "../native/documents.js";
import { controlCall, native } from "../native/index.js";
import { abortSignal, checkOptions, optional, text } from "../options.js";
import type { Port } from "../port/port.js";
import type { Manifest } from "../service/manifest-types.js";
import { contractId as checkContractId, queryOf, type SearchOptions } from "./registry-options.js";

/** Nobody has to wait for the changes of a watch without a reader. */
const NO_CHANGES: readonly EndpointChange[] = [];

/**
 * The options of a watch.
 *
 * @example
 * const control = new AbortController();
 * const options: WatchOptions = { signal: control.signal };
 * const node = await AsterNode.start({ registry: { join: [ticket] }, bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * for await (const { up, endpointId } of node.registry.watch("BillingService", options)) {
 *   console.log(up, endpointId);
 *   control.abort(); // one change is enough here
 * }
 * await node.close();
 */
export interface WatchOptions {
  /** Ends the watch when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The registry of a node. Its members publish which services they serve, and every member knows what the others published.
 *
 * @example
 * const node = await AsterNode.start({ registry: { join: [ticket] }, bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * const found = await node.registry.resolve("BillingService", { version: 1 });
 * for (const { endpointId, health, ageMs } of found) console.log(endpointId, health, ageMs);
 * await node.close();
 */
export class NodeRegistry {
  readonly #port: Port;
  readonly #node: number;
  readonly #settings: RegistrySettings | null;
  readonly #owned: boolean;
  readonly #watches = new Set<number>();
  #started: Promise<void> | null = null;

  /** @internal `settings`: null when the node has no registry. `owned`: false when another thread started the node. */
  constructor(port: Port, node: number, settings: RegistrySettings | null, owned: boolean) {
    this.#port = port;
    this.#node = node;
    // An addon that was built without the registry has none of its functions.
    this.#settings = typeof native().registryStart === "function" ? settings : null;
    this.#owned = owned;
  }

  /**
   * The endpoints that serve a service, best first: ready endpoints before degraded ones, then by the policy. An endpoint is found
   * until 45 seconds after its last sign of life.
   * @throws {TypeError} with the path of the wrong option
   * @throws {AsterError} FAILED_PRECONDITION with reason `NO_REGISTRY` when the registry of the node is `"off"`
   */
  resolve(service: string, options?: SearchOptions): Promise<FoundEndpoint[]> {
    return withCaller(this.resolve, async () => {
      const query = queryOf(service, options);
      await this.start();
      return this.#port.request("takeFoundEndpoints", (addon, request) =>
        addon.registryResolve(this.#port.number, request, this.#node, query),
      );
    });
  }

  /**
   * The manifest of a contract, as a member published it, also one in another language; null when nobody did. It is what
   * `service.manifest()` gives. A server proves by its admission answer which contract it serves, and not by this.
   * @param contractId 64 hexadecimal digits, such as those of an endpoint that was found
   * @throws {TypeError} when it is no contract id
   */
  manifest(contractId: string): Promise<unknown> {
    return withCaller(this.manifest, async () => {
      const id = checkContractId(contractId, "contractId");
      await this.start();
      const document = await this.#port.request("takeServiceDocument", (addon, request) =>
        addon.registryManifest(this.#port.number, request, this.#node, id),
      );
      return document === null ? null : (JSON.parse(document) as unknown);
    });
  }

  /**
   * @internal What the member at an address published of the contract of a service: its manifest with all types. Null when it did
   * not, or when this node has no registry.
   */
  async published({ name, version, contractId }: ServiceSummary, address: string): Promise<Manifest | null> {
    if (!/^[0-9a-f]{64}$/.test(contractId) || (this.#owned && this.#settings === null)) return null;
    try {
      await this.join(address);
    } catch (error) {
      if (error instanceof AsterError && error.reason === "NO_REGISTRY") return null;
      throw error;
    }
    // Waits until the members that were named to join have been read.
    await this.resolve(name, { version, contractId });
    const document = await this.#port.request("takeServiceDocument", (addon, request) =>
      addon.registryContract(this.#port.number, request, this.#node, contractId),
    );
    return document === null ? null : (JSON.parse(document) as Manifest);
  }

  /**
   * The changes of a service, in the order in which they were seen; first the endpoints that are known now. A reader that is slow
   * misses no end state: of each endpoint only the newest change waits.
   * @param options `signal` ends the watch when it aborts
   * @example
   * const node = await AsterNode.start({ registry: { join: [ticket] }, bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
   * for await (const { up, endpointId, why } of node.registry.watch("BillingService")) {
   *   console.log(up, endpointId, why);
   *   break;
   * }
   * await node.close();
   * @throws {AsterError} FAILED_PRECONDITION with reason `NO_REGISTRY` when the registry of the node is `"off"`
   */
  watch(service: string, options?: WatchOptions): AsyncIterableIterator<EndpointChange> {
    const { signal } = checkOptions({ signal: optional(abortSignal) }, options);
    return this.changes(text(service, "service"), true, signal);
  }

  /** @internal As `watch`. A watch in the background does not keep the process alive. */
  async *changes(
    service: string,
    keepsAlive: boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<EndpointChange, void, undefined> {
    await this.start();
    if (signal?.aborted) return;
    const watch = controlCall((addon) => addon.registryWatch(this.#port.number, this.#node, service));
    const end = (): void => this.#unwatch(watch);
    signal?.addEventListener("abort", end, { once: true });
    this.#watches.add(watch);
    try {
      while (this.#watches.has(watch)) {
        const changes = await this.#next(watch, keepsAlive);
        if (changes.length === 0) return;
        yield* changes;
      }
    } finally {
      signal?.removeEventListener("abort", end);
      this.#unwatch(watch);
    }
  }

  #unwatch(watch: number): void {
    this.#watches.delete(watch);
    controlCall((addon) => addon.registryUnwatch(watch));
  }

  async #next(watch: number, keepsAlive: boolean): Promise<readonly EndpointChange[]> {
    try {
      return await this.#port.request(
        "takeEndpointChanges",
        (addon, request) => addon.registryNext(this.#port.number, request, watch),
        keepsAlive,
      );
    } catch (error) {
      // The watch was closed between two calls.
      if (!this.#watches.has(watch)) return NO_CHANGES;
      throw error;
    }
  }

  /**
   * Joins more members. One that is reachable is enough: it introduces the others.
   * @param address a ticket, an endpoint id, or a node address in base64
   */
  join(address: string): Promise<void> {
    return withCaller(this.join, async () => {
      const join = [text(address, "address")];
      await this.start();
      await this.#start({
        ...(this.#settings ?? { path: null, credential: null, channel: null, tags: [] }),
        join,
      });
    });
  }

  /** @internal Starts the registry, unless it runs. */
  start(): Promise<void> {
    this.#started ??= this.#startOnce();
    return this.#started;
  }

  async #startOnce(): Promise<void> {
    // The thread that started the node also started its registry, or there is none.
    if (!this.#owned) return;
    try {
      await this.#start(this.#wanted());
    } catch (error) {
      this.#started = null;
      throw error;
    }
  }

  async #start(settings: RegistrySettings): Promise<void> {
    await this.#port.request("takeDone", (addon, request) =>
      addon.registryStart(this.#port.number, request, this.#node, settings),
    );
  }

  /** @internal Publishes what the node serves by now. Without a registry there is nothing to do. */
  async publish(): Promise<void> {
    if (this.#owned && this.#settings === null) return;
    try {
      if (this.#owned) await this.start();
      await this.#port.request("takeDone", (addon, request) =>
        addon.registryPublish(this.#port.number, request, this.#node),
      );
    } catch (error) {
      if (!this.#owned && error instanceof AsterError && error.reason === "NO_REGISTRY") return;
      throw error;
    }
  }

  /** @internal Says how a service is. */
  async setHealth(service: string, health: "ready" | "degraded" | "starting" | "draining"): Promise<void> {
    await this.start();
    await this.#port.request("takeDone", (addon, request) =>
      addon.registrySetHealth(this.#port.number, request, this.#node, service, health),
    );
  }

  /** @internal Says how busy the node is. */
  async setLoad(load: number): Promise<void> {
    await this.start();
    controlCall((addon) => addon.registrySetLoad(this.#node, load));
  }

  /** @internal Ends the watches. */
  close(): void {
    for (const watch of [...this.#watches]) this.#unwatch(watch);
  }

  #wanted(): RegistrySettings {
    if (this.#settings !== null) return this.#settings;
    throw new AsterError(Code.FAILED_PRECONDITION, "this node has no registry", {
      reason: "NO_REGISTRY",
      notSent: true,
    });
  }
}
