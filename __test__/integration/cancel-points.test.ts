/**
 * The points of a call at which it is cancelled that need a network or a full queue: while it is dialled, while it waits for a stream,
 * while its request is on its way, before its handler begins, between items, while its writer waits for room, after its input.
 * `cancellation.test.ts` has the others. At each point, by a signal and by a deadline, for all patterns, alone and in a session: both
 * sides learn it, no queue keeps the call, and the next call works.
 */
import {
  AsterClient,
  AsterError,
  AsterServer,
  bidiStream,
  type CallContext,
  Code,
  clientStream,
  implement,
  message,
  type ServerInterceptor,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { type Link, link } from "aster-rpc/testing";
import { afterEach, describe, expect, it } from "vitest";
import { local, Seen, silent } from "./fixtures/workers.ts";

class Item extends message("points/Item", { n: t.int, fill: t.bytes.default(() => new Uint8Array()) }) {}

const methods = {
  one: unary(Item, Item),
  down: serverStream(Item, Item),
  up: clientStream(Item, Item),
  both: bidiStream(Item, Item),
  ping: unary(Item, Item),
};
const Alone = service("Alone", {}, methods);
const InSession = service("InSession", { scope: "session" }, methods);

const patterns = ["one", "down", "up", "both"] as const;
type Pattern = (typeof patterns)[number];
const places = ["alone", "in a session"] as const;
const endings = ["signal", "deadline"] as const;
const cells = patterns.flatMap((pattern) =>
  places.flatMap((place) => endings.map((ending) => ({ pattern, place, ending }))),
);

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** Handlers that wait until they are aborted. `n` items come first; a negative `n` floods. */
function handlers(seen: Seen) {
  const waits = async ({ signal }: CallContext): Promise<void> => {
    seen.note("waits");
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve());
    });
    seen.note("aborted");
  };
  async function* items(n: number, context: CallContext) {
    context.signal.addEventListener("abort", () => seen.note("signal"));
    try {
      for (let at = 0; at < n || n < 0; at++) {
        yield { n: at, fill: new Uint8Array(n < 0 ? 60_000 : 0) };
        if (at === 40) seen.note("flooded");
      }
      await waits(context);
    } finally {
      seen.note("returned");
    }
  }
  return {
    ping: ({ n }: Item) => ({ n }),
    async one({ n }: Item, context: CallContext) {
      seen.note("began");
      await waits(context);
      return { n };
    },
    down: ({ n }: Item, context: CallContext) => {
      seen.note("began");
      return items(n, context);
    },
    async up(given: AsyncIterable<Item>, context: CallContext) {
      seen.note("began");
      for await (const _ of given) seen.note("item");
      seen.note("input ended");
      await waits(context);
      return { n: 0 };
    },
    async *both(given: AsyncIterable<Item>, context: CallContext) {
      seen.note("began");
      let n = 0;
      for await (const item of given) n = item.n;
      seen.note("input ended");
      yield* items(n, context);
    },
  };
}

interface Stage {
  readonly server: AsterServer;
  readonly client: AsterClient;
  readonly seen: Seen;
  readonly link: Link | null;
}

interface StageOptions {
  readonly link?: boolean;
  readonly maxStreams?: number;
  readonly interceptor?: ServerInterceptor;
}

async function stage(options: StageOptions = {}): Promise<Stage> {
  const seen = new Seen();
  const server = await AsterServer.start({
    services: [implement(Alone, handlers(seen)), implement(InSession, () => handlers(seen))],
    access: "open",
    ...local,
    limits: { maxStreams: options.maxStreams, maxSessions: options.maxStreams },
    interceptors: options.interceptor === undefined ? [] : [options.interceptor],
  });
  open.push(server);
  const between = options.link === true ? await link({ to: server }) : null;
  if (between !== null) open.push(between);
  const connect = between?.connectOptions ?? { bind: "127.0.0.1:0", relay: "disabled" as const };
  const client = await AsterClient.connect(between?.ticket ?? server.ticket, { ...connect, logger: silent });
  open.push(client);
  return { server, client, seen, link: between };
}

interface Options {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number | null;
}
type Target = Pick<ReturnType<typeof alone>, keyof typeof methods>;
const alone = (client: AsterClient) => client.stub(Alone);

async function target({ client }: Stage, place: (typeof places)[number]): Promise<Target> {
  return place === "alone" ? alone(client) : client.session(InSession);
}

interface Input {
  readonly n?: number;
  readonly fill?: Uint8Array;
  /** The input of an upload does not end. */
  readonly endless?: boolean;
}

async function* input({ n = 0, fill = new Uint8Array(), endless = false }: Input) {
  yield { n, fill };
  if (endless) await new Promise(() => {});
}

/** Makes a call and reads until it ends. */
async function call(on: Target, pattern: Pattern, given: Input, options: Options): Promise<unknown> {
  const { n = 0, fill = new Uint8Array() } = given;
  switch (pattern) {
    case "one":
      return on.one({ n, fill }, options);
    case "up":
      return on.up(input(given), options);
    case "down": {
      for await (const _ of on.down({ n, fill }, options));
      return null;
    }
    case "both": {
      const chat = on.both(options);
      await chat.send({ n, fill });
      if (given.endless !== true) await chat.end();
      for await (const _ of chat);
      return null;
    }
  }
}

const TIMEOUT_MS = 400;

/** Makes a call that ends at a point: when `reached` settles the signal aborts, or the deadline passes by itself. */
async function endAt(
  on: Target,
  { pattern, ending }: { readonly pattern: Pattern; readonly ending: (typeof endings)[number] },
  given: Input,
  reached: () => Promise<unknown>,
): Promise<AsterError> {
  const abort = new AbortController();
  const options: Options =
    ending === "signal" ? { signal: abort.signal, timeoutMs: null } : { timeoutMs: TIMEOUT_MS };
  const failed = call(on, pattern, given, options).then(
    () => expect.unreachable("the call must not succeed"),
    (error: unknown) => error,
  );
  if (ending === "signal") {
    await reached();
    abort.abort();
  }
  const error = await failed;
  expect(error).toBeInstanceOf(AsterError);
  const wanted = ending === "signal" ? Code.CANCELLED : Code.DEADLINE_EXCEEDED;
  expect((error as AsterError).code).toBe(wanted);
  return error as AsterError;
}

/** No call is left at the server, and the next one works. */
async function usable({ server }: Stage, on: Target): Promise<void> {
  expect((await on.ping({ n: 7 })).n).toBe(7);
  while ((await server.node.info()).openCalls > 0) await new Promise((resolve) => setImmediate(resolve));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(cells)("a call ($pattern, $place) that ends by its $ending", (cell) => {
  const { pattern, place } = cell;
  const streams = pattern === "down" || pattern === "both";

  it("before its handler begins never reaches the handler, or only with an aborted signal", async () => {
    const seen = new Seen();
    let began = (): void => {};
    const reached = new Promise<void>((resolve) => {
      began = resolve;
    });
    const gate: ServerInterceptor = (next) => async (arrived) => {
      if (arrived.context.method.endsWith(".ping")) return next(arrived);
      began();
      const { signal } = arrived.context;
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      seen.note("gate aborted");
      throw signal.reason;
    };
    const on = await stage({ interceptor: gate });
    const calls = await target(on, place);
    await endAt(calls, cell, {}, () => reached);
    await seen.until("gate aborted");
    expect(on.seen.count("began")).toBe(0);
    await usable(on, calls);
  });

  it("after its input, before a response, aborts the handler", async () => {
    const on = await stage();
    const calls = await target(on, place);
    await endAt(calls, cell, {}, () => on.seen.until("waits"));
    await on.seen.until("aborted");
    if (streams) await on.seen.until("returned");
    await usable(on, calls);
  });

  it.runIf(streams)("between two items returns the iterator", async () => {
    const on = await stage();
    const calls = await target(on, place);
    const error = await endAt(calls, cell, { n: 3 }, () => on.seen.until("waits"));
    expect(error.itemsReceived).toBeLessThanOrEqual(3);
    await on.seen.until("returned");
    await usable(on, calls);
  });

  it.runIf(streams)("while its writer waits for room returns the iterator", async () => {
    const on = await stage();
    const calls = await target(on, place);
    const abort = new AbortController();
    const options: Options = cell.ending === "signal" ? { signal: abort.signal } : { timeoutMs: TIMEOUT_MS };
    // Nobody reads, so the writer fills its budget and stops.
    const flood = async (): Promise<AsyncIterator<Item>> => {
      if (pattern === "down") return calls.down({ n: -1 }, options);
      const chat = calls.both(options);
      await chat.send({ n: -1 });
      await chat.end();
      return chat;
    };
    const items = await flood();
    expect((await items.next()).done).toBe(false);
    if (cell.ending === "signal") abort.abort();
    await on.seen.until("signal");
    await on.seen.until("returned");
    await usable(on, calls);
  });

  it("while it is dialled again was not sent", async () => {
    const on = await stage({ link: true });
    const calls = alone(on.client);
    await calls.ping({ n: 1 });
    on.link?.blackhole();
    await on.server.close();
    open.splice(open.indexOf(on.server), 1);
    const error = await endAt(calls, cell, { endless: true }, turn);
    expect(on.seen.count("began")).toBe(0);
    expect(error.isLocal).toBe(true);
  });

  it("while its request is on its way ends at once", async () => {
    const on = await stage({ link: true });
    const calls = await target(on, place);
    await calls.ping({ n: 1 });
    on.link?.set({ bytesPerSecond: 50_000, queueBytes: 20_000 }, "toServer");
    const before = on.link?.stats().toServer.arrived ?? 0;
    const fill = new Uint8Array(3_000_000).map((_, at) => (at * 2654435761) >>> 13);
    const arriving = async (): Promise<void> => {
      while ((on.link?.stats().toServer.arrived ?? 0) < before + 20) await turn();
    };
    await endAt(calls, cell, { fill }, arriving);
    on.link?.clear();
    expect(on.seen.count("input ended")).toBe(0);
    await usable(on, calls);
  });

  it("while it waits for a stream, or behind a call of its session, was not sent", async () => {
    const on = await stage({ maxStreams: 1 });
    const calls = await target(on, place);
    const hold = new AbortController();
    // The server allows 18 streams, of which it serves one.
    const count = place === "alone" ? 40 : 1;
    const held = Array.from({ length: count }, () =>
      calls.one({ n: 0 }, { signal: hold.signal, timeoutMs: null }).catch(() => null),
    );
    await on.seen.until("waits");
    const began = on.seen.count("began");
    const error = await endAt(calls, cell, { endless: true }, turn);
    // After an abort this side does not wait to learn whether the call was sent.
    expect([error.notSent, on.seen.count("began")]).toEqual([cell.ending === "deadline", began]);
    hold.abort();
    await Promise.all(held);
    await usable(on, calls);
  });
});
