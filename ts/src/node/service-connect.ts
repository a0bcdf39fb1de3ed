// Connecting to a service by its name.
//
// Owns: the search, and a pool over what was found. Does not own: the pool (endpoint-pool.ts), the search itself (registry.ts).

import type { Logger } from "../logging.js";
import type { FoundEndpoint } from "../native/documents.js";
import type { AsterClient } from "./aster-client.js";
import { EndpointPool } from "./endpoint-pool.js";
import type { NodeRegistry } from "./registry.js";
import { queryOf, type SearchOptions } from "./registry-options.js";
import { nobody, ServiceClient } from "./service-client.js";

/**
 * A service to connect to, and what its endpoints must have.
 *
 * @example
 * const target: ServiceTarget = { service: "BillingService", version: 1, policy: "leastLoad" };
 * const node = await AsterNode.start({ registry: { join: [ticket] }, bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
 * const service = await node.connect(target);
 * console.log(service.endpoints);
 * await node.close();
 */
export interface ServiceTarget extends SearchOptions {
  /** The name of the service. */
  readonly service: string;
}

const { performance } = globalThis;

/** What connecting by name needs of a node. */
export interface ConnectGround {
  readonly registry: NodeRegistry;
  /** The endpoint id of the node, to which it cannot connect. */
  readonly own: string;
  readonly logger: Logger;
  connect(address: string): Promise<AsterClient>;
  closed(client: ServiceClient): void;
}

/** Finds a service, connects to its endpoints, and follows them. */
export async function connectService(
  { service, ...search }: ServiceTarget,
  ground: ConnectGround,
): Promise<ServiceClient> {
  const { version, contractId, tag, policy } = queryOf(service, search);
  const others = (found: FoundEndpoint): boolean => found.endpointId !== ground.own;
  const found = (await ground.registry.resolve(service, search)).filter(others);
  if (found.length === 0) throw nobody(service);
  // Changes do not tell the channel of an endpoint, but its contract: that of the endpoints that were found.
  const contracts = new Set(found.map((one) => one.contractId));
  const wanted = (one: FoundEndpoint): boolean =>
    others(one) &&
    (version === null || one.version === version) &&
    (contractId === null || one.contractId === contractId) &&
    (tag === null || one.tags.includes(tag)) &&
    (search.channel === undefined || contracts.has(one.contractId));
  const pool = new EndpointPool({
    connect: (one) => ground.connect(one.address),
    changes: (signal) => ground.registry.changes(service, false, signal),
    wanted,
    policy,
    logger: ground.logger,
    now: () => performance.now(),
    random: Math.random,
  });
  await pool.start(found);
  const client: ServiceClient = new ServiceClient(service, pool, () => ground.closed(client));
  return client;
}
