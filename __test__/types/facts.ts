/** Facts that may be missing have null in their type. Compiled by `tsc`, never run. */
import type { AsterClient, CallContext, ConnectionPath } from "aster-rpc";

export async function facts(client: AsterClient, { peer }: CallContext): Promise<unknown[]> {
  const { rttMs, remoteAddress } = await client.info();
  const known: number | null = rttMs;
  // @ts-expect-error a connection without a chosen path has no round-trip time
  const rtt: number = rttMs;
  // @ts-expect-error and no address
  const address: string = remoteAddress;
  const path: ConnectionPath | null = peer.path;
  // @ts-expect-error the connection of a caller may be gone
  const way: string = peer.path.kind;
  return [known, rtt, address, path, way];
}
