/** The handlers of sessions: how they are made, what they see, and that they are cleaned up exactly once. */
import {
  AsterClient,
  AsterError,
  AsterServer,
  type CallContext,
  Code,
  type Implementation,
  type Infer,
  implement,
  message,
  rpc,
  type ServerInterceptor,
  type Session,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { took } from "../boundary/support/until.js";
import { disposed, Lobby, lobbyPair } from "./fixtures/lobby.js";
import { local, silent } from "./fixtures/nodes.ts";

class Text extends message("sessions/Text", { text: t.string }) {}
const Plain = message("sessions/Plain", { text: t.string });
const Counter = service("Counter", { scope: "session" }, { count: unary(Text, Text) });

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

async function pairOf(implementation: Implementation, interceptors: readonly ServerInterceptor[] = []) {
  const services = [implementation];
  const server = await AsterServer.start({ services, access: "open", interceptors, ...local });
  const client = await AsterClient.connect(server.ticket, { relay: "disabled", logger: silent });
  opened.push(async () => {
    await client.close();
    await server.close();
  });
  return { server, client };
}

async function failure(promise: Promise<unknown>): Promise<AsterError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AsterError);
  return error as AsterError;
}

describe("the handlers of a session", () => {
  it("may be made asynchronously; calls wait for them", async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { client } = await pairOf(
      implement(Counter, async () => {
        await gate;
        return { count: ({ text }) => ({ text }) };
      }),
    );
    const session = await client.session(Counter);
    const answer = session.count({ text: "late" });
    release();
    expect(await answer).toEqual({ text: "late" });
  });

  it("that cannot be made end the session with the error", async () => {
    const full = new AsterError(Code.RESOURCE_EXHAUSTED, "no room", { reason: "FULL" });
    for (const open of [
      () => {
        throw full;
      },
      async () => Promise.reject(full),
    ]) {
      const { client } = await pairOf(implement(Counter, open));
      const session = await client.session(Counter);
      const error = await failure(session.count({ text: "" }));
      expect([error.code, error.reason]).toEqual([Code.RESOURCE_EXHAUSTED, "FULL"]);
      const end = await session.closed;
      expect([end.by, end.error?.reason]).toEqual(["server", "FULL"]);
    }
  });

  it("see the session in the context of each call", async () => {
    const seen: (Session | null)[] = [];
    const { client } = await pairOf(
      implement(Counter, (session) => {
        seen.push(session);
        return {
          count(_, ctx) {
            seen.push(ctx.session);
            return { text: [...session.metadata].flat().join("=") };
          },
        };
      }),
    );
    const session = await client.session(Counter, { metadata: { room: "blue" } });
    expect(await session.count({ text: "" })).toEqual({ text: "room=blue" });
    expect(seen[0]).toBe(seen[1]);
    expect(seen[0]?.id).toBe(session.id);
  });

  it("run inside the interceptors of the server", async () => {
    const methods: string[] = [];
    const note: ServerInterceptor = (next) => async (call) => {
      methods.push(call.method);
      return next(call);
    };
    const counter = implement(Counter, () => ({ count: ({ text }) => ({ text }) }));
    const { client } = await pairOf(counter, [note]);
    const session = await client.session(Counter);
    expect(await session.count({ text: "x" })).toEqual({ text: "x" });
    expect(methods).toEqual(["count"]);
  });

  it("of a class are a new instance for each session, which is disposed after it", async () => {
    const disposals: string[] = [];
    @service("Named", { scope: "session" })
    class Named {
      readonly #session: Session;
      #calls = 0;
      constructor(session: Session) {
        this.#session = session;
      }
      @rpc(Plain, Plain) count({ text }: Infer<typeof Plain>) {
        this.#calls++;
        return { text: `${text} ${this.#calls}` };
      }
      calls(_: Infer<typeof Plain>): number {
        return this.#calls;
      }
      async [Symbol.asyncDispose]() {
        disposals.push(this.#session.id);
      }
    }
    const { client, server } = await pairOf(implement(Named, Named));
    const [one, two] = await Promise.all([client.session(Named), client.session(Named)]);
    expect(() => one.calls({ text: "" })).toThrow(
      "Named.calls has no decorator such as @rpc(), so clients cannot call it",
    );
    expect(await one.count({ text: "one" })).toEqual({ text: "one 1" });
    expect(await one.count({ text: "one" })).toEqual({ text: "one 2" });
    expect(await two.count({ text: "two" })).toEqual({ text: "two 1" });
    await one.close();
    await server.drain();
    expect(disposals.sort()).toEqual([one.id, two.id].sort());
  });

  it("of an earlier call that ignores its cancellation delay the next one only for a while", async () => {
    let first = true;
    const order: string[] = [];
    const { client } = await pairOf(
      implement(Counter, () => ({
        async count({ text }: Text, _: CallContext) {
          order.push(text);
          if (first) {
            first = false;
            await new Promise(() => {});
          }
          return { text };
        },
      })),
    );
    const session = await client.session(Counter);
    expect((await failure(session.count({ text: "stuck" }, { timeoutMs: 50 }))).code).toBe(
      Code.DEADLINE_EXCEEDED,
    );
    expect(await session.count({ text: "next" })).toEqual({ text: "next" });
    expect(order).toEqual(["stuck", "next"]);
  });
});

/** Each way in which a session can end, with the cause that the server sees. */
const ends: Record<string, (pair: Awaited<ReturnType<typeof lobbyPair>>, busy: boolean) => Promise<string>> =
  {
    "close() of the client": async ({ client }) => {
      const lobby = await client.session(Lobby);
      await lobby.join({ name: "" });
      await lobby.close();
      await lobby.close();
      return "closed";
    },
    "the signal of the client": async ({ client }) => {
      const abort = new AbortController();
      const lobby = await client.session(Lobby, { signal: abort.signal });
      await lobby.join({ name: "" });
      abort.abort();
      await lobby.closed;
      return "closed";
    },
    "the end of the client": async ({ client }) => {
      const lobby = await client.session(Lobby);
      await lobby.join({ name: "" });
      await client.close();
      return "lost";
    },
    "close() of the session on the server": async ({ client, records }) => {
      const lobby = await client.session(Lobby);
      await lobby.join({ name: "" });
      records[0]?.session.close();
      records[0]?.session.close();
      expect((await lobby.closed).error?.rawMessage).toBe("the server ended the session");
      return "shutdown";
    },
    "drain of the server": async ({ client, server }) => {
      const lobby = await client.session(Lobby);
      await lobby.join({ name: "" });
      await server.drain();
      return "shutdown";
    },
    "drain of the server during a call, whose time is over": async ({ client, server, records }) => {
      const lobby = await client.session(Lobby);
      const waiting = failure(lobby.wait({ name: "" }));
      while (records.length === 0) await new Promise((resolve) => setImmediate(resolve));
      await server.drain({ timeoutMs: 50 });
      expect((await waiting).code).toBe(Code.UNAVAILABLE);
      return "shutdown";
    },
    "the end of the server during a call": async ({ client, server }) => {
      const lobby = await client.session(Lobby);
      const play = lobby.play();
      await play.send({ at: 1 });
      await play.next();
      await server.close();
      expect((await failure(play.next())).code).toBe(Code.UNAVAILABLE);
      return "shutdown";
    },
  };

describe.each(Object.entries(ends))("after %s", (_, end) => {
  it("the signal is aborted, and onClose and the disposal have run exactly once", async () => {
    const pair = await lobbyPair();
    try {
      const cause = await end(pair, false);
      const record = await disposed(pair.records[0]);
      await pair.server.close();
      expect([record.causes, record.disposed]).toEqual([[cause], 1]);
      const code = cause === "shutdown" ? Code.UNAVAILABLE : Code.CANCELLED;
      expect(record.session.signal.reason).toMatchObject({ code, reason: "SESSION_OVER" });
      const late: string[] = [];
      record.session.onClose((at) => late.push(at));
      expect(late).toEqual([cause]);
    } finally {
      await pair.close();
    }
  });
});

it("sessions above the limit are refused, and free places are used again", async () => {
  const pair = await lobbyPair({ maxSessions: 2 });
  try {
    const [one, two] = await Promise.all([pair.client.session(Lobby), pair.client.session(Lobby)]);
    await Promise.all([one.join({ name: "" }), two.join({ name: "" })]);
    const three = await pair.client.session(Lobby);
    const error = await failure(three.join({ name: "" }));
    expect([error.code, error.notSent]).toEqual([Code.RESOURCE_EXHAUSTED, true]);
    await one.close();
    await disposed(pair.records[0]);
    const four = await pair.client.session(Lobby);
    expect((await four.join({ name: "" })).number).toBe(1);
  } finally {
    await pair.close();
  }
});

it("an idle session ends after its time", async () => {
  const pair = await lobbyPair({ sessionIdleMs: 100 });
  try {
    const lobby = await pair.client.session(Lobby);
    await lobby.join({ name: "" });
    const end = await lobby.closed;
    expect([end.by, end.error?.rawMessage]).toEqual(["server", "the session was idle for too long"]);
  } finally {
    await pair.close();
  }
});

const MANY = process.env.ASTER_TEST_FULL === "1" ? 10_000 : 1000;

it(`${MANY} sessions are open at once on two connections, and each ends once`, async () => {
  const pair = await lobbyPair({ maxSessions: MANY });
  const other = await AsterClient.connect(pair.server.ticket, { relay: "disabled", logger: silent });
  try {
    const clients = [pair.client, other];
    const sessions = await Promise.all(
      Array.from({ length: MANY }, (_, at) => (clients[at % 2] as AsterClient).session(Lobby)),
    );
    const seats = await Promise.all(sessions.map((session) => session.join({ name: "" })));
    expect(seats.every(({ number }) => number === 1)).toBe(true);
    expect(pair.records).toHaveLength(MANY);
    await Promise.all(sessions.map((session) => session.close()));
    await Promise.all(pair.records.map(disposed));
    expect(pair.records.every(({ causes, disposed }) => causes.join() === "closed" && disposed === 1)).toBe(
      true,
    );
  } finally {
    await other.close();
    await pair.close();
  }
}, 60_000);

it("a clean-up that never settles delays drain() only for a moment after its time", async () => {
  const { server, client } = await pairOf(
    implement(Counter, (session) => {
      session.onClose(() => new Promise(() => {}));
      return { count: (item) => item };
    }),
  );
  const session = await client.session(Counter);
  await session.count({ text: "" });
  // Closing would wait for 5 s.
  expect(await took(() => server.drain({ timeoutMs: 100 }))).toBeLessThan(3000);
});
