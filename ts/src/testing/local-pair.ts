// A server and a client in one process, for tests.
//
// Owns: starting and closing them, with a link between them if wanted. Does not own: the link (link.ts), the nodes (node/).

import type { ClientInterceptor } from "../client/interceptors.js";
import type { StubOptions } from "../client/stub.js";
import type { Stub } from "../client/stub-types.js";
import { generateSecretKey } from "../identity.js";
import { AsterClient } from "../node/aster-client.js";
import { AsterServer } from "../node/aster-server.js";
import type { NodeLimits } from "../node/node-options.js";
import { type Check, checkOptions, functionOf, listOf, object, optional, optionError } from "../options.js";
import type { Service } from "../schema/service.js";
import type { Constructs } from "../schema/types.js";
import type { Implementation } from "../server/implement.js";
import type { ServerInterceptor } from "../server/interceptors.js";
import { Ledger } from "./ledger.js";
import { type Link, type LinkOptions, link, linkChecks } from "./link.js";

/**
 * The options of {@link localPair}.
 *
 * @example
 * const options: LocalPairOptions = { link: { seed: 7, loss: 0.05 }, ledger: books };
 * const pair = await localPair([implement(Billing, handlers)], options);
 * await pair.close();
 */
export interface LocalPairOptions {
  /** Puts a link with these faults between client and server. Default: none. */
  readonly link?: Omit<LinkOptions, "to"> | undefined;
  /** The interceptors of this ledger come first on both sides. */
  readonly ledger?: Ledger | undefined;
  readonly clientInterceptors?: readonly ClientInterceptor[] | undefined;
  readonly serverInterceptors?: readonly ServerInterceptor[] | undefined;
  /** The limits of both nodes. */
  readonly limits?: NodeLimits | undefined;
}

const isLedger: Check<Ledger> = (value, path) => {
  if (value instanceof Ledger) return value;
  throw optionError(path, "must be a ledger");
};

const pairChecks = {
  link: optional((value: unknown, path: string) => checkOptions(linkChecks, value, path)),
  ledger: optional(isLedger),
  clientInterceptors: optional(listOf(functionOf<ClientInterceptor>())),
  serverInterceptors: optional(listOf(functionOf<ServerInterceptor>())),
  // Its members are checked where the nodes start.
  limits: optional((value: unknown, path: string) => object(value, path) as NodeLimits),
};

/**
 * Starts a server with open access and a client of it, both in this process and on loopback, with keys of their own.
 *
 * @example
 * const pair = await localPair([implement(Billing, handlers)], { link: { loss: 0.05 } });
 * await pair.stub(Billing).getInvoice({ customerId: "acme", status: "open" });
 * pair.link?.blackhole();
 * await pair.close();
 * @throws {TypeError} with the path of the wrong option
 */
export async function localPair(
  services: readonly Implementation[],
  options: LocalPairOptions = {},
): Promise<LocalPair> {
  const checked = checkOptions(pairChecks, options);
  const books = checked.ledger;
  const server = await AsterServer.start({
    services,
    access: "open",
    bind: "127.0.0.1:0",
    relay: "disabled",
    identity: "ephemeral",
    limits: checked.limits,
    interceptors: [...(books === undefined ? [] : [books.server]), ...(checked.serverInterceptors ?? [])],
  });
  let between: Link | null = null;
  try {
    if (checked.link !== undefined) between = await link({ to: server, ...checked.link });
    const client = await AsterClient.connect(between?.ticket ?? server.ticket, {
      ...(between?.connectOptions ?? { bind: "127.0.0.1:0", relay: "disabled" }),
      limits: checked.limits,
      // A key of its own, and so an endpoint that it shares with no other client.
      secretKey: generateSecretKey(),
      interceptors: [...(books === undefined ? [] : [books.client]), ...(checked.clientInterceptors ?? [])],
    });
    return new LocalPair(server, client, between);
  } catch (error) {
    await between?.close();
    await server.close();
    throw error;
  }
}

/**
 * A server and its client. Made by {@link localPair}.
 *
 * @example
 * const pair: LocalPair = await localPair([implement(Billing, handlers)]);
 * console.log(pair.client.endpointId === pair.server.endpointId); // true
 * await pair.close();
 */
export class LocalPair {
  readonly server: AsterServer;
  readonly client: AsterClient;
  /** The link between them; null when none was asked for. */
  readonly link: Link | null;

  /** @internal */
  constructor(server: AsterServer, client: AsterClient, between: Link | null) {
    this.server = server;
    this.client = client;
    this.link = between;
  }

  /** The functions of a service. The same as `client.stub`. */
  stub<S extends Service<unknown> | Constructs<object>>(service: S, options?: StubOptions): Stub<S> {
    return this.client.stub(service, options);
  }

  /** Closes client, server and link. It may be called twice. */
  async close(): Promise<void> {
    await this.client.close();
    await this.server.close();
    await this.link?.close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
