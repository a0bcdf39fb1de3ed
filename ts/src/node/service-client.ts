// ServiceClient: calls a service at all its endpoints, which the registry finds.
//
// Owns: which endpoint gets a call, and the next one when a call was not sent. Does not own: what is known of endpoints
// (registry.ts), the connections themselves (pool.ts, aster-client.ts).

import type { StubOptions } from "../client/stub.js";
import type { Stub } from "../client/stub-types.js";
import { AsterError, Code } from "../errors.js";
import type { Service } from "../schema/service.js";
import type { Constructs } from "../schema/types.js";
import type { AsterClient } from "./aster-client.js";
import type { EndpointPool } from "./endpoint-pool.js";

/** A function of a stub, whatever its pattern. */
type Call = (...args: readonly unknown[]) => unknown;

/**
 * A client of a service, wherever it is served. It has a connection to each endpoint, follows the registry, and spreads its calls
 * over the endpoints.
 *
 * *Failures*: a unary call that was not sent is made at the next endpoint. Other calls fail as at one server, because they may have
 * been executed.
 *
 * @example
 * const node = await AsterNode.start({ registry: { join: [ticket] }, bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * const service: ServiceClient = await node.connect({ service: "BillingService", version: 1 });
 * const invoice = await service.stub(Billing).getInvoice({ customerId: "acme", status: "open" });
 * console.log(invoice.amountCents);
 * await node.close();
 */
export class ServiceClient {
  /** The name of the service. */
  readonly service: string;
  readonly #pool: EndpointPool;
  readonly #closed: () => void;

  /** @internal A client over the endpoints of a pool. */
  constructor(service: string, pool: EndpointPool, closed: () => void) {
    this.service = service;
    this.#pool = pool;
    this.#closed = closed;
  }

  /** The endpoint ids to which there is a connection now. */
  get endpoints(): readonly string[] {
    return this.#pool.connected();
  }

  /**
   * The functions of a service. Each call chooses its endpoint.
   * @param service a service of scope `"shared"`, or a class with `@service`
   * @throws {TypeError} for any other value, and with the path of the wrong option
   * @throws {AsterError} as `AsterClient.stub()`, for one of the endpoints
   */
  stub<S extends Service<unknown> | Constructs<object>>(service: S, options?: StubOptions): Stub<S> {
    const stubs = new WeakMap<AsterClient, Readonly<Record<string, Call>>>();
    const stubOf = (client: AsterClient): Readonly<Record<string, Call>> => {
      const known = stubs.get(client);
      if (known !== undefined) return known;
      // INVARIANT: the members of a stub are functions.
      const made = client.stub(service, options) as unknown as Readonly<Record<string, Call>>;
      stubs.set(client, made);
      return made;
    };
    const spread: Record<string, Call> = {};
    for (const name of Object.keys(stubOf(this.#first()))) {
      spread[name] = (...args) => this.#call((client) => stubOf(client)[name], args);
    }
    // INVARIANT: it has the functions of the stub, with the same parameters and results.
    return spread as unknown as Stub<S>;
  }

  #first(): AsterClient {
    const [first] = this.#pool.inTurn();
    if (first !== undefined) return first.client;
    throw nobody(this.service);
  }

  /** Calls at the first endpoint in turn. A promise that fails before the call was sent goes on to the next one. */
  #call(functionAt: (client: AsterClient) => Call | undefined, args: readonly unknown[]): unknown {
    const [first, ...others] = this.#pool.inTurn();
    if (first === undefined) return Promise.reject(nobody(this.service));
    const result = first.run(() => functionAt(first.client)?.(...args));
    if (!(result instanceof Promise)) return result;
    return others.reduce<Promise<unknown>>(
      (failed, next) =>
        failed.catch((error: unknown) => {
          if (!movesOn(error, args)) throw error;
          return next.run(() => functionAt(next.client)?.(...args));
        }),
      result,
    );
  }

  /** Closes the connections. Running calls end with UNAVAILABLE. It may be called twice. */
  close(): Promise<void> {
    this.#closed();
    return this.#pool.close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Only a call that was not sent is made again, and only where another endpoint can help. The items of a client stream may be
 * consumed already.
 */
function movesOn(error: unknown, args: readonly unknown[]): boolean {
  if (!(error instanceof AsterError) || !error.notSent || error.code !== Code.UNAVAILABLE) return false;
  const [input] = args;
  const streams = typeof input === "object" && input !== null;
  return !(streams && (Symbol.asyncIterator in input || Symbol.iterator in input));
}

/** The error when no endpoint is known, or none answers. */
export function nobody(service: string, cause?: unknown): AsterError {
  return new AsterError(Code.UNAVAILABLE, `no endpoint of ${service} is reachable`, {
    service,
    reason: "NO_ENDPOINT",
    notSent: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
