/** Compile-time tests of sessions: the types of handlers and of session stubs. */
import {
  type AsterClient,
  bidiStream,
  type Handlers,
  implement,
  message,
  type SessionService,
  service,
  t,
  unary,
} from "aster-rpc";

class Ask extends message("types/Ask", { text: t.string }) {}
class Reply extends message("types/Reply", { length: t.int }) {}
const methods = { ask: unary(Ask, Reply), talk: bidiStream(Ask, Reply) };
const Talks = service("Talks", { scope: "session" }, methods);
const Shared = service("Shared", { version: 1 }, methods);

const typed: SessionService<typeof methods> = Talks;
const scope: "session" = typed.scope;
void scope;

const handlers = (id: string): Handlers<typeof methods> => ({
  ask: ({ text }) => ({ length: text.length + id.length }),
  async *talk(items) {
    for await (const { text } of items) yield { length: text.length };
  },
});

implement(Talks, (session) => handlers(session.id));
implement(Talks, async (session) => handlers(session.peer.endpointId));
implement(Talks, () => ({
  ask: ({ text }, ctx) => ({ length: text.length + (ctx.session?.id.length ?? 0) }),
  async *talk(items) {
    for await (const { text } of items) yield { length: text.length };
  },
}));
// @ts-expect-error a session service takes a function
implement(Talks, handlers(""));
// @ts-expect-error a shared service takes an object
implement(Shared, (session: { id: string }) => handlers(session.id));
// @ts-expect-error `talk` has no handler
implement(Talks, () => ({ ask: () => ({ length: 1 }) }));

export async function call(client: AsterClient): Promise<number> {
  const session = await client.session(Talks, { timeoutMs: 1000, metadata: { a: "b" } });
  const { length } = await session.ask({ text: "x" });
  // @ts-expect-error the request has no such member
  await session.ask({ words: "x" });
  // @ts-expect-error a shared service has no sessions
  await client.session(Shared);
  const end = await session.closed;
  const by: "client" | "server" | "connection" | "protocol" = end.by;
  void by;
  await session.close();
  return length;
}
