// AsterClient: a connection to one server, and the stubs of its services.
//
// Owns: what users hold. Does not own: the endpoint below it (endpoint.ts), the calls (client/call.ts).

import { type ClientOptions, connectChecks } from "../client/client-options.js";
import type { Connection } from "../client/connection.js";
import type { ClientInterceptor } from "../client/interceptors.js";
import { type ProxyOptions, ServiceProxy } from "../client/proxy.js";
import { createStub, type StubHost, type StubOptions } from "../client/stub.js";
import type { Stub } from "../client/stub-types.js";
import { withCaller } from "../errors.js";
import { ephemeralIdentity } from "../identity.js";
import type { Logger } from "../logging.js";
import type { ConnectionFacts, ServiceSummary } from "../native/documents.js";
import { checkOptions } from "../options.js";
import type { Service } from "../schema/service.js";
import { Endpoint } from "./endpoint.js";
import { type EndpointOptions, endpointChecks, loggerOf } from "./node-options.js";

/** Options of {@link AsterClient.connect}: those of the connection and of the endpoint it is made from. */
export interface ConnectOptions extends ClientOptions, EndpointOptions {}

const clientChecks = { ...endpointChecks, ...connectChecks };

/** How a client is joined to what it stands on. */
interface ClientParts {
  readonly interceptors: readonly ClientInterceptor[];
  readonly logger: Logger;
  /** Lets go of the endpoint. */
  closed(): Promise<void>;
}

/**
 * A client of one server.
 *
 * *Lifetime*: holds one connection, dialled again by the next call when it is lost. An idle client does not keep
 * the process alive.
 *
 * @example
 * const client = await AsterClient.connect(ticket);
 * const billing = client.stub(Billing);
 * const invoice = await billing.getInvoice({ customerId: "c1", status: "active" });
 */
export class AsterClient {
  readonly #host: StubHost;
  readonly #closed: () => Promise<void>;
  #closing: Promise<void> | null = null;

  private constructor(connection: Connection, parts: ClientParts) {
    this.#host = { connection, interceptors: parts.interceptors, logger: parts.logger };
    this.#closed = parts.closed;
  }

  /**
   * Dials a server from an endpoint of its own, with a fresh key unless `secretKey` is given.
   * @param address a ticket, an endpoint id, or a node address in base64.
   * @throws {TypeError} naming the option that does not fit.
   * @throws {AsterError} INVALID_ARGUMENT for a text that is no address, UNAVAILABLE when nobody answers,
   * DEADLINE_EXCEEDED after `timeoutMs`, PERMISSION_DENIED when admission is refused.
   */
  static connect(address: string, options: ConnectOptions = {}): Promise<AsterClient> {
    return withCaller(AsterClient.connect, () => AsterClient.#connect(address, options));
  }

  static async #connect(address: string, options: ConnectOptions): Promise<AsterClient> {
    const { credential, timeoutMs, interceptors, ...endpoint } = checkOptions(clientChecks, options);
    const own = await Endpoint.start(endpoint, endpoint.secretKey ?? ephemeralIdentity().secretKey);
    try {
      const connection = await own.connect(address, { credential, timeoutMs, interceptors });
      return AsterClient.over(connection, {
        interceptors: interceptors ?? [],
        logger: loggerOf(endpoint),
        closed: () => own.close(),
      });
    } catch (error) {
      // Not awaited: saying goodbye to nobody takes longer than the caller has.
      own.close().catch(() => {});
      throw error;
    }
  }

  /** @internal A client over a connection that a node opened. */
  static over(connection: Connection, parts: ClientParts): AsterClient {
    return new AsterClient(connection, parts);
  }

  /** The server's public key, 64 hex digits. */
  get endpointId(): string {
    return this.#host.connection.endpointId;
  }

  /** What the server announced at admission, as it was then. */
  get services(): readonly ServiceSummary[] {
    return this.#host.connection.services;
  }

  /**
   * The functions of a service.
   * @param service a service, or a class with `@service`.
   * @throws {TypeError} for anything else, and naming the option that does not fit.
   * @throws {AsterError} NOT_FOUND when the server does not offer it; FAILED_PRECONDITION with reason
   * `CONTRACT_MISMATCH` when it means something else by it, `NO_CONTRACT_ID` when it cannot be compared.
   */
  stub<M>(service: Service<M>, options?: StubOptions): Stub<Service<M>>;
  stub<C extends abstract new (...args: never[]) => object>(service: C, options?: StubOptions): Stub<C>;
  stub(service: unknown, options?: StubOptions): unknown {
    return createStub(this.#host, service, options);
  }

  /**
   * A service by name alone: JSON mode, wire names verbatim.
   * @example await client.proxy("BillingService").call("get_invoice", { customer_id: "c1", status: "open" });
   * @throws {AsterError} NOT_FOUND when the server does not offer it.
   */
  proxy(service: string, options?: ProxyOptions): ServiceProxy {
    return new ServiceProxy(this.#host, service, options);
  }

  /** The path that packets take now. */
  info(): Promise<ConnectionFacts> {
    return withCaller(this.info, () => this.#host.connection.info());
  }

  /** Closes in order; calls in flight end as unavailable. Safe twice, also at the same time. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** As {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#host.connection.close();
    await this.#closed();
  }
}
