// The services with which a client answers calls back of its server.
//
// Owns: serving them on an endpoint of the client, to which nobody can connect. Does not own: the endpoint (endpoint.ts),
// serving (server/).

import type { Logger } from "../logging.js";
import type { Implementation } from "../server/implement.js";
import { type Served, startServing } from "../server/serve.js";
import { type CheckedServing, DEFAULT_MAX_CALL_MS } from "../server/serve-options.js";
import { unknownMembersOr } from "../service/unknown-members.js";
import { calledPeers, type Endpoint } from "./endpoint.js";

/** The options of serving, checked. */
export type CheckedClientServing = Omit<CheckedServing, "services" | "access">;

/** Starts to answer calls back. */
export function serveBack(
  endpoint: Endpoint,
  services: readonly Implementation[],
  options: CheckedClientServing | undefined,
  logger: Logger,
): Served {
  return startServing(endpoint.port, endpoint.started.node, {
    services,
    access: undefined,
    called: calledPeers(endpoint, logger),
    interceptors: options?.interceptors ?? [],
    maxCallMs: options?.maxCallMs ?? DEFAULT_MAX_CALL_MS,
    compress: options?.compress ?? "auto",
    unknownMembers: unknownMembersOr(options?.unknownMembers),
    maxDecodedBytes: endpoint.maxDecodedBytes,
    logger,
  });
}
