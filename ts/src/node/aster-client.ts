// AsterClient: a connection to one server, and the stubs of its services.
//
// Owns: the public class. Does not own: its endpoint (endpoint.ts), the calls (client/call.ts).

import { type ClientOptions, connectChecks } from "../client/client-options.js";
import type { Connection } from "../client/connection.js";
import { type ContractSource, describeServices } from "../client/describe.js";
import {
  createDynamicStub,
  type DynamicOptions,
  type DynamicSession,
  type DynamicSessionOptions,
  type DynamicStub,
  openDynamicSession,
} from "../client/dynamic.js";
import type { ConnectionEvent } from "../client/events.js";
import type { ClientInterceptor } from "../client/interceptors.js";
import { type ProxyOptions, ServiceProxy } from "../client/proxy.js";
import type { RelayPolicy } from "../client/relay-policy.js";
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
import { withCaller } from "../errors.js";
import { ephemeralIdentity } from "../identity.js";
import type { Logger } from "../logging.js";
import type { ConnectionFacts, ConnectionPath, FoundEndpoint, ServiceSummary } from "../native/documents.js";
import { checkOptions, duration, optional, optionError } from "../options.js";
import type { Service, SessionService } from "../schema/service.js";
import type { Constructs } from "../schema/types.js";
import type { Implementation } from "../server/implement.js";
import type { Served } from "../server/serve.js";
import { type ServingOptions, services, servingChecks } from "../server/serve-options.js";
import { type UnknownMembers, unknownMembersOr } from "../service/unknown-members.js";
import { type Admission, AdmissionKeeper, ownCredential } from "./admission.js";
import { serveBack } from "./callback-services.js";
import { cleaned, cleanUpTime } from "./cleaned.js";
import { DEFAULT_DRAIN_MS, type DrainOptions, drainChecks } from "./drain.js";
import { Endpoint } from "./endpoint.js";
import { clientRelay, type OwnRelays, type Relay } from "./network-options.js";
import { type EndpointOptions, endpointChecks, loggerOf } from "./node-options.js";
import { NodeRegistry } from "./registry.js";
import type { SearchOptions } from "./registry-options.js";

/**
 * The options of {@link AsterClient.connect}: those of the connection and of its endpoint.
 *
 * @example
 * const options: ConnectOptions = { timeoutMs: 5000, relay: "disabled" };
 * const client = await AsterClient.connect(ticket, options);
 * await client.close();
 */
export interface ConnectOptions extends Omit<ClientOptions, "relay">, Omit<EndpointOptions, "relay"> {
  /**
   * The relays of the endpoint, as {@link EndpointOptions.relay}, and whether calls may go through them: a {@link RelayPolicy}, which
   * uses the default relays, or one's own relays with a `policy`.
   */
  readonly relay?: Relay | RelayPolicy | PolicedRelays | undefined;
  /**
   * The results of `implement()`: services that the server may call back over this connection. The client then has an endpoint
   * of its own, and keeps the process alive until it is closed. Nobody else can call these services.
   */
  readonly services?: readonly Implementation[] | undefined;
  /** How the client answers calls back. */
  readonly serving?: ServingOptions | undefined;
}

const clientChecks = {
  ...endpointChecks,
  ...connectChecks,
  services: optional(services),
  serving: optional((value: unknown, path: string) => checkOptions(servingChecks, value, path)),
  relay: optional(clientRelay),
};

/**
 * One's own relays, and whether calls may go through them.
 *
 * @example
 * const cheap: PolicedRelays = { urls: ["https://relay.example.net"], policy: { maxBytes: 50_000_000 } };
 */
export interface PolicedRelays extends OwnRelays {
  readonly policy: RelayPolicy;
}

/**
 * The options of {@link AsterClient.ping}.
 *
 * @example
 * const patient: PingOptions = { timeoutMs: 10_000 };
 */
export interface PingOptions {
  /** How long to wait for the answer, in milliseconds. Default 5000. */
  readonly timeoutMs?: number | undefined;
}

const pingChecks = { timeoutMs: optional(duration) };
const DEFAULT_PING_MS = 5000;

/** The parts on which a client depends. */
interface ClientParts {
  readonly admission: AdmissionKeeper;
  readonly interceptors: readonly ClientInterceptor[];
  readonly logger: Logger;
  readonly unknownMembers: UnknownMembers;
  /** Finishes running calls back until the timeout. Null for a client that answers none. */
  readonly drained: ((timeoutMs: number) => Promise<void>) | null;
  /** Releases the endpoint, and waits for the clean-up of sessions. */
  closed(cleanUpMs?: number): Promise<void>;
  /** Looks for a service in the registry that the server is a member of. */
  find(service: string, options: SearchOptions | undefined): Promise<FoundEndpoint[]>;
  /** What the server published of a service in its registry. */
  readonly published: ContractSource["published"];
}

/**
 * A client of one server.
 *
 * *Lifetime*: a client has one connection. When the connection is lost, the next call connects again. An idle client
 * does not keep the process alive.
 *
 * @example
 * const client = await AsterClient.connect(ticket, { relay: "disabled" });
 * const billing = client.stub(Billing);
 * const invoice = await billing.getInvoice({ customerId: "acme", status: "open" });
 * console.log(invoice.amountCents);
 * await client.close();
 */
export class AsterClient {
  readonly #host: StubHost;
  readonly #admission: AdmissionKeeper;
  readonly #drained: ClientParts["drained"];
  readonly #closed: ClientParts["closed"];
  readonly #find: ClientParts["find"];
  readonly #source: ContractSource;
  #closing: Promise<void> | null = null;

  private constructor(connection: Connection, parts: ClientParts) {
    const { admission, drained, closed, find, published, ...host } = parts;
    this.#host = { connection, ...host };
    this.#source = { connection, published };
    this.#admission = admission;
    this.#drained = drained;
    this.#closed = closed;
    this.#find = find;
  }

  /**
   * Connects to a server. Clients of one process share one endpoint when their `secretKey`, `bind`, `relay`, `discovery` and `limits`
   * are equal, also across worker threads. Its key is new, unless `secretKey` is set. It closes with its last client.
   * @param address a ticket, an endpoint id, or a node address in base64
   * @throws {TypeError} with the path of the wrong option
   * @throws {AsterError} INVALID_ARGUMENT when the text is not an address, UNAVAILABLE when no server answers,
   * DEADLINE_EXCEEDED after `timeoutMs`, PERMISSION_DENIED with reason `NOT_ADMITTED` when admission is refused
   */
  static connect(address: string, options: ConnectOptions = {}): Promise<AsterClient> {
    return withCaller(AsterClient.connect, () => AsterClient.#connect(address, options));
  }

  static async #connect(address: string, options: ConnectOptions): Promise<AsterClient> {
    const checked = checkOptions(clientChecks, options);
    const { credential, timeoutMs, interceptors, unknownMembers, services, serving, relay, ...rest } =
      checked;
    const { serverAccess = services === undefined ? "nothing" : { roles: [] }, ...others } = rest;
    const endpoint = { ...others, relay: relay?.choice };
    if (serverAccess === "access")
      throw optionError("serverAccess", 'must not be "access" here: only a node that serves has an access');
    const own = ownCredential(credential);
    const secretKey = endpoint.secretKey ?? own?.secretKey ?? undefined;
    const logger = loggerOf(endpoint);
    // What a peer announces belongs to its key, so a client that serves shares its endpoint with no other client.
    const used = await (services === undefined
      ? Endpoint.share({ ...endpoint, secretKey })
      : Endpoint.start(endpoint, secretKey ?? ephemeralIdentity().secretKey));
    let served: Served | null = null;
    const closed = async (cleanUpMs?: number): Promise<void> => {
      await used.close();
      served?.stop();
      await cleaned(served, cleanUpMs);
    };
    try {
      if (services !== undefined) served = serveBack(used, services, serving, logger);
      const dial = { ...checked, relay: relay?.policy };
      const connection = await used.connect(address, dial, own?.document ?? null, serverAccess);
      const registry = new NodeRegistry(
        used.port,
        used.started.node,
        { path: null, join: [address], credential: own?.document ?? null, channel: null, tags: [] },
        true,
      );
      return AsterClient.over(connection, {
        admission: new AdmissionKeeper(connection, credential, own, logger),
        interceptors: interceptors ?? [],
        logger,
        unknownMembers: unknownMembersOr(unknownMembers),
        drained: services === undefined ? null : (timeoutMs) => used.drain(timeoutMs),
        closed: (cleanUpMs) => {
          registry.close();
          return closed(cleanUpMs);
        },
        find: (service, search) => registry.resolve(service, search),
        published: (service) => registry.published(service, address),
      });
    } catch (error) {
      // Not awaited: closing the endpoint would delay the error.
      closed().catch(() => {});
      throw error;
    }
  }

  /** @internal Makes a client for a connection that a node opened. */
  static over(connection: Connection, parts: ClientParts): AsterClient {
    return new AsterClient(connection, parts);
  }

  /** The server's public key: 64 hexadecimal digits. */
  get endpointId(): string {
    return this.#host.connection.endpointId;
  }

  /** The services that the server announced at the last admission, which is repeated for every new connection. */
  get services(): readonly ServiceSummary[] {
    return this.#host.connection.services;
  }

  /** As what the server has admitted this client. A newer credential changes it. */
  get admission(): Admission {
    return this.#admission.admission;
  }

  /**
   * The functions of a service.
   * @param service a service, or a class with `@service`
   * @throws {TypeError} for any other value, and with the path of the wrong option
   * @throws {AsterError} NOT_FOUND when the server does not offer the service. FAILED_PRECONDITION with reason
   * `CONTRACT_MISMATCH` when its contract differs, `NO_CONTRACT_ID` when the contracts cannot be compared
   */
  stub<S extends Service<unknown> | Constructs<object>>(service: S, options?: StubOptions): Stub<S> {
    // INVARIANT: the stub just made has exactly the methods of the service.
    return createStub(this.#host, service, options) as Stub<S>;
  }

  /**
   * A service by its name, without a schema. It uses JSON mode and wire names.
   * @example await client.proxy("BillingService").call("get_invoice", { customer_id: "acme", status: "open" });
   * @throws {AsterError} NOT_FOUND when the server does not offer the service
   */
  proxy(service: string, options?: ProxyOptions): ServiceProxy {
    return new ServiceProxy(this.#host, service, options);
  }

  /**
   * The manifests of the server's services, as `service.manifest()` gives them, with the exact schema of each method. The server
   * is asked for them. Each is checked against the contract that the server announced.
   *
   * *Shape*: a server of another language is not asked. What it published in its registry is read, and checked in the same way: a
   * manifest with a member `types` that has the fields of all messages. A service that is not published is left out.
   * @throws {AsterError} UNAVAILABLE when the server does not answer within 10 s, DATA_LOSS when an answer is not the announced
   * contract
   */
  describe(): Promise<unknown[]> {
    return withCaller(this.describe, () => describeServices(this.#source));
  }

  /**
   * A service by its name, without a schema in the program: the contract is read from the server, and checked against the contract id
   * that it announced. Calls then use XLANG, with all checks of a stub. Method and member names are wire names.
   * @example
   * const billing = await client.dynamic("BillingService");
   * const { amount_cents } = await billing.call("get_invoice", { customer_id: "acme", status: "open" });
   * console.log(amount_cents);
   * @throws {TypeError} with the path of the wrong option
   * @throws {AsterError} NOT_FOUND when the server does not offer the service; FAILED_PRECONDITION with reason `INCOMPLETE_CONTRACT`
   * when it does not tell its contract, `CONTRACT_MISMATCH` when what it tells is another contract; others as `describe()`
   */
  dynamic(service: string, options?: DynamicOptions): Promise<DynamicStub> {
    return withCaller(this.dynamic, () => createDynamicStub(this.#host, this.#source, service, options));
  }

  /**
   * Opens a session of a service by its name, without a schema in the program. As {@link AsterClient.dynamic}, and as `session()`.
   */
  dynamicSession(service: string, options?: DynamicSessionOptions): Promise<DynamicSession> {
    return withCaller(this.dynamicSession, () =>
      openDynamicSession(this.#host, this.#source, service, options),
    );
  }

  /**
   * Finds the endpoints of a service, in the registry that the server is a member of. The first time it joins the registry, which
   * takes a moment.
   * @throws {TypeError} with the path of the wrong option
   */
  find(service: string, options?: SearchOptions): Promise<FoundEndpoint[]> {
    return withCaller(this.find, () => this.#find(service, options));
  }

  /**
   * Opens a session of a service. Its calls run one after the other. The session is over when `close()` is called, when the
   * server ends it, or when the connection is lost; it is never opened again by itself.
   * @param service a service with scope `"session"`, or a class with `@service`
   * @example
   * ```ts
   * await using session = await client.session(Lobby);
   * const { number } = await session.join({ name: "Ada" });
   * console.log(number); // 1
   * ```
   * @throws {TypeError} for a service of another scope, and with the path of the wrong option
   * @throws {AsterError} as `stub()`; UNAVAILABLE when the server cannot be reached, DEADLINE_EXCEEDED after `timeoutMs`
   */
  session<S extends SessionService<unknown> | Constructs<object>>(
    service: S,
    options?: SessionOptions,
  ): Promise<SessionStub<S>> {
    // INVARIANT: the session just made has exactly the methods of the service.
    return withCaller(
      this.session,
      () => openSession(this.#host, service, options) as Promise<SessionStub<S>>,
    );
  }

  /**
   * Opens a session of a service by its name, without a schema. It uses JSON mode and wire names.
   * @throws {AsterError} NOT_FOUND when the server does not offer the service, FAILED_PRECONDITION when it has no sessions
   */
  sessionProxy(service: string, options?: SessionProxyOptions): Promise<SessionProxy> {
    return withCaller(this.sessionProxy, () => openSessionProxy(this.#host, service, options));
  }

  /**
   * What happens to the connection from now on: loss, return, changes of the network path, a newer credential, and a warning before
   * the credential ends. The iteration ends when the
   * client is closed. Waiting for an event does not keep the process alive. A reader that does not read keeps the last 64
   * events.
   * @example
   * const events = client.events();
   * (async () => {
   *   for await (const event of events) console.log(event.type);
   * })();
   */
  events(): AsyncIterableIterator<ConnectionEvent, undefined> {
    return this.#host.connection.events();
  }

  /** The network path that packets take now, with the bytes to and from the server so far. */
  get path(): ConnectionPath {
    return this.#host.connection.path;
  }

  /**
   * The network path now, and then each time when packets take another one. A reader gets the newest path; paths between that it was
   * too slow for are left out. The iteration ends when the client is closed. Waiting does not keep the process alive.
   * @example
   * for await (const { kind } of client.paths()) if (kind === "direct") break;
   */
  paths(): AsyncIterableIterator<ConnectionPath, undefined> {
    return this.#host.connection.paths();
  }

  /**
   * Measures a round trip through the server: from sending a call that no service answers until its status. Returns milliseconds.
   * @throws {AsterError} DEADLINE_EXCEEDED after `timeoutMs` (default 5000), UNAVAILABLE when the server cannot be reached
   */
  ping(options: PingOptions = {}): Promise<number> {
    return withCaller(this.ping, () => {
      const { timeoutMs } = checkOptions(pingChecks, options);
      return this.#host.connection.ping(timeoutMs ?? DEFAULT_PING_MS);
    });
  }

  /** The network path that packets take now. */
  info(): Promise<ConnectionFacts> {
    return withCaller(this.info, () => this.#host.connection.info());
  }

  /**
   * For a client with `services`: accepts no new calls back, finishes the running ones, cancels the rest at the timeout, closes.
   * Any other client closes at once. It may be called twice.
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { timeoutMs } = checkOptions(drainChecks, options);
    if (this.#closing !== null) return this.#closing;
    const began = performance.now();
    const limit = timeoutMs ?? DEFAULT_DRAIN_MS;
    await this.#drained?.(limit);
    this.#closing ??= this.#close(cleanUpTime(began, limit));
    return this.#closing;
  }

  /** Closes the client. Running calls end with UNAVAILABLE. It may be called twice, also at the same time. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(cleanUpMs?: number): Promise<void> {
    this.#admission.close();
    // Calls back get their status before the connection ends.
    if (this.#drained !== null) await this.#drained(0);
    this.#host.connection.close();
    await this.#closed(cleanUpMs);
  }
}
