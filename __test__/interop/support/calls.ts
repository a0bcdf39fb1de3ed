/** Helpers for the tests of several peers: a server, a client, streams of `Lab`, and errors of failed calls. */
import { AsterClient, AsterError, AsterServer, type Implementation, type InferInput } from "aster-rpc";
import { local, localClient } from "../../integration/fixtures/nodes.ts";
import { type Chunk, pattern } from "../lab/contract.ts";

/** A TypeScript server of these services with open access. */
export const startNodeServer = (services: readonly Implementation[]): Promise<AsterServer> =>
  AsterServer.start({ services, access: "open", ...local });

/** A TypeScript client of a peer, by its ticket or node address. */
export const connect = (peer: string): Promise<AsterClient> => AsterClient.connect(peer, localClient);

/** A number of stream items for the peer, each with a text of `size`. */
export async function* chunks(count: number, size = 0): AsyncGenerator<InferInput<typeof Chunk>> {
  for (let index = 0; index < count; index += 1) yield { index, body: pattern(size) };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The error of a failed call. @throws when the call succeeds, or fails with an error that is not an AsterError */
export async function failure(call: Promise<unknown>): Promise<AsterError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof AsterError) return error;
  throw new Error("the call did not fail as calls do", { cause: error });
}
