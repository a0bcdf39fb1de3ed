// ServiceClient: calls a service at all its endpoints, which the registry finds.
//
// Owns: which endpoint gets a call, and the next one when a call was not sent. Does not own: what is known of endpoints
// (registry.ts), the connections themselves (endpoint-pool.ts, aster-client.ts).

import type { SessionOptions, SessionStub } from "../client/session.js";
import type { BidiCall } from "../client/streams.js";
import type { StubOptions } from "../client/stub.js";
import type { Stub } from "../client/stub-types.js";
import { AsterError, Code, withCaller } from "../errors.js";
import type { Service, SessionService } from "../schema/service.js";
import type { Constructs } from "../schema/types.js";
import { bindService, serviceFrom } from "../service/binding.js";
import type { EndpointPool } from "./endpoint-pool.js";
import type { Member, PoolClient } from "./pool-member.js";
import { PooledStream } from "./pooled-stream.js";

/** A function of a stub, whatever its pattern. */
type Call = (...args: readonly unknown[]) => unknown;
type Functions = Readonly<Record<string, Call>>;

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
   * The functions of a service. Each call chooses its endpoint. An endpoint whose contract does not fit gets no calls of this stub.
   * @param service a service of scope `"shared"`, or a class with `@service`
   * @throws {TypeError} for any other value, and with the path of the wrong option
   * @throws {AsterError} as `AsterClient.stub()`, when no endpoint fits; UNAVAILABLE with reason `NO_ENDPOINT` when there is none
   */
  stub<S extends Service<unknown> | Constructs<object>>(service: S, options?: StubOptions): Stub<S> {
    const fitting = new Fitting((client) => client.stub(service, options) as unknown as Functions);
    this.#order(fitting);
    const spread: Record<string, Call> = {};
    for (const { definition, requestStream, responseStream } of bindService(serviceFrom(service)).methods) {
      const { key } = definition;
      spread[key] = responseStream
        ? (...args) => this.#stream(fitting, key, args)
        : (...args) => this.#single(fitting, key, args, !requestStream);
    }
    // INVARIANT: it has the functions of the stub, with the same parameters and results.
    return spread as unknown as Stub<S>;
  }

  /**
   * Opens a session at the next endpoint, and at the one after it when that cannot be reached. All calls of the session go to its endpoint.
   * @param service a service with scope `"session"`, or a class with `@service`
   * @throws {TypeError} for a service of another scope, and with the path of the wrong option
   * @throws {AsterError} as `AsterClient.session()`; UNAVAILABLE with reason `NO_ENDPOINT` when there is no endpoint
   */
  session<S extends SessionService<unknown> | Constructs<object>>(
    service: S,
    options?: SessionOptions,
  ): Promise<SessionStub<S>> {
    return withCaller(this.session, async () => {
      let last: unknown = nobody(this.service);
      for (const member of this.#pool.inTurn()) {
        const ended = member.begin();
        try {
          const session = await member.client.session(service, options);
          void session.closed.then(() => ended(null));
          return session;
        } catch (error) {
          ended(error);
          if (!movesOn(error)) throw error;
          last = error;
        }
      }
      throw last;
    });
  }

  /** The endpoints in turn whose contract fits. @throws {AsterError} when there is none */
  #order(fitting: Fitting): readonly Member[] {
    const members = this.#pool.inTurn();
    const fit = members.filter((member) => fitting.functions(member) !== null);
    if (fit.length > 0) return fit;
    throw fitting.problem(members) ?? nobody(this.service);
  }

  /** A call with one response. A unary call that was not sent goes on to the next endpoint. */
  async #single(fitting: Fitting, key: string, args: readonly unknown[], again: boolean): Promise<unknown> {
    let last: unknown;
    for (const member of this.#order(fitting)) {
      const ended = member.begin();
      try {
        const result = await fitting.functions(member)?.[key]?.(...args);
        ended(null);
        return result;
      } catch (error) {
        ended(error);
        // The items of a client stream may be consumed already.
        if (!again || !movesOn(error)) throw error;
        last = error;
      }
    }
    throw last;
  }

  #stream(fitting: Fitting, key: string, args: readonly unknown[]): PooledStream {
    return new PooledStream(() => {
      const [member] = this.#order(fitting) as readonly [Member];
      const stream = fitting.functions(member)?.[key]?.(...args) as BidiCall<unknown, unknown>;
      return { stream, ended: member.begin() };
    });
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

/** The functions of a stub at each endpoint, or why there are none. */
class Fitting {
  readonly #make: (client: PoolClient) => Functions;
  readonly #made = new WeakMap<
    PoolClient,
    { readonly contractId: string; readonly of: Functions | AsterError }
  >();

  constructor(make: (client: PoolClient) => Functions) {
    this.#make = make;
  }

  /** Null when the contract of the endpoint does not fit. It is judged once, because that may ask the endpoint. */
  functions({ client, found }: Member): Functions | null {
    let known = this.#made.get(client);
    if (known === undefined || (known.of instanceof AsterError && known.contractId !== found.contractId)) {
      known = { contractId: found.contractId, of: this.#judge(client) };
      this.#made.set(client, known);
    }
    return known.of instanceof AsterError ? null : known.of;
  }

  #judge(client: PoolClient): Functions | AsterError {
    try {
      return this.#make(client);
    } catch (error) {
      if (error instanceof AsterError) return error;
      throw error;
    }
  }

  /** Why the first of the endpoints does not fit. */
  problem([first]: readonly Member[]): AsterError | null {
    const known = first === undefined ? undefined : this.#made.get(first.client)?.of;
    return known instanceof AsterError ? known : null;
  }
}

/** Only a call that was not sent is made again, and only where another endpoint can help. */
function movesOn(error: unknown): boolean {
  return error instanceof AsterError && error.notSent && error.code === Code.UNAVAILABLE;
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
