/** What the tests of several peers share: our ends of a call, streams of `Lab`, and what a failed call says. */
import { AsterClient, AsterError, AsterServer, type Implementation, type InferInput } from "aster-rpc";
import { type Chunk, pattern } from "../lab/contract.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const local = { bind: "127.0.0.1:0", relay: "disabled", logger: silent } as const;

/** Our server of these services, open to everyone. */
export const startNodeServer = (services: readonly Implementation[]): Promise<AsterServer> =>
  AsterServer.start({ services, access: "open", identity: "ephemeral", ...local });

/** Our client of a peer, by its ticket or node address. */
export const connect = (peer: string): Promise<AsterClient> => AsterClient.connect(peer, local);

/** So many items of a stream to the peer, each with a text of `size`. */
export async function* chunks(count: number, size = 0): AsyncGenerator<InferInput<typeof Chunk>> {
  for (let index = 0; index < count; index += 1) yield { index, body: pattern(size) };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What a call fails with. @throws when it succeeds, or fails with anything but an AsterError */
export async function failure(call: Promise<unknown>): Promise<AsterError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof AsterError) return error;
  throw new Error("the call did not fail as calls do", { cause: error });
}
