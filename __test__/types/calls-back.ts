/** Compile-time tests of calls back: the stubs of a peer, and the options of a client that serves. */
import {
  AsterClient,
  type AsterServer,
  type ConnectedPeer,
  implement,
  message,
  type Stub,
  service,
  t,
  unary,
} from "aster-rpc";

class Ask extends message("types/Ask", { text: t.string }) {}
class Reply extends message("types/Reply", { length: t.int }) {}
const Shared = service("Shared", { version: 1 }, { ask: unary(Ask, Reply) });
const Talks = service("Talks", { scope: "session" }, { ask: unary(Ask, Reply) });

export const hub = implement(Shared, {
  async ask({ text }, ctx) {
    const { length } = await ctx.peer.stub(Shared, { within: ctx }).ask({ text });
    return { length };
  },
});
export const talks = implement(Talks, (session) => ({
  ask: async (request) => session.peer.stub(Shared).ask(request),
}));

export async function back(server: AsterServer, ticket: string): Promise<number> {
  const peer: ConnectedPeer | null = server.peer("");
  const peers: readonly ConnectedPeer[] = server.peers();
  // @ts-expect-error the peer may be gone
  peer.stub(Shared);
  const stub: Stub<typeof Shared> | undefined = peers[0]?.stub(Shared);
  // @ts-expect-error the request has no such member
  await stub?.ask({ words: "x" });
  await using session = await (peer as ConnectedPeer).session(Talks);
  const { length } = await session.ask({ text: "x" });
  // @ts-expect-error a shared service has no sessions
  await peer?.session(Shared);
  const client = await AsterClient.connect(ticket, { services: [hub], serverAccess: { roles: ["a"] } });
  // @ts-expect-error services come from implement()
  await AsterClient.connect(ticket, { services: [Shared] });
  // @ts-expect-error there is no such access
  await AsterClient.connect(ticket, { serverAccess: "everything" });
  await client.drain({ timeoutMs: 10 });
  return length;
}
