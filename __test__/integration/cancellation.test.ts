/**
 * What ends a call early, at each point of its life, for the four patterns, on a stream of its own and in a session. In each cell
 * both sides learn it: the caller gets the right status, the handler's signal aborts, its iterator is returned, and the next
 * call works.
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
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

class Item extends message("cancel/Item", { n: t.int, fill: t.string.default("") }) {}

const methods = {
  unary: unary(Item, Item),
  serverStream: serverStream(Item, Item),
  clientStream: clientStream(Item, Item),
  bidiStream: bidiStream(Item, Item),
  ping: unary(Item, Item),
};
const Alone = service("Alone", {}, methods);
const InSession = service("InSession", { scope: "session" }, methods);

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const options = { bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral", logger: silent } as const;

/** What one handler did, and where it waits. */
interface Seen {
  readonly started: Promise<void>;
  readonly aborted: Promise<AsterError>;
  readonly returned: Promise<void>;
}

let next: { started(): void; aborted(error: AsterError): void; returned(): void } | null = null;

/** Watches the handler of the next call. */
function watch(): Seen {
  let started = (): void => {};
  let aborted = (_: AsterError): void => {};
  let returned = (): void => {};
  const seen = {
    started: new Promise<void>((resolve) => {
      started = resolve;
    }),
    aborted: new Promise<AsterError>((resolve) => {
      aborted = resolve;
    }),
    returned: new Promise<void>((resolve) => {
      returned = resolve;
    }),
  };
  next = { started, aborted, returned };
  return seen;
}

/** Waits until the call is over, and tells what happened meanwhile. `n` 1: answers one item first. */
async function untilAborted({ signal }: CallContext, seen: NonNullable<typeof next>): Promise<void> {
  seen.started();
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  seen.aborted(signal.reason as AsterError);
  seen.returned();
}

function takeSeen(): NonNullable<typeof next> {
  const seen = next;
  next = null;
  if (seen === null) throw new Error("no test waits for this call");
  return seen;
}

const handlers = () => ({
  ping: ({ n }: Item) => ({ n }),
  async unary({ n }: Item, context: CallContext) {
    await untilAborted(context, takeSeen());
    return { n };
  },
  async *serverStream({ n }: Item, context: CallContext) {
    const seen = takeSeen();
    context.signal.addEventListener("abort", () => seen.aborted(context.signal.reason as AsterError));
    try {
      for (let at = 0; ; at++) {
        if (at === n) seen.started();
        if (at < n || n < 0) yield { n: at, fill: n < 0 ? "x".repeat(60_000) : "" };
        else await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
        if (at === 30 && n < 0) seen.started();
        if (context.signal.aborted) return;
      }
    } finally {
      seen.returned();
    }
  },
  async clientStream(items: AsyncIterable<Item>, context: CallContext) {
    const seen = takeSeen();
    for await (const { n } of items) if (n === 0) break;
    await untilAborted(context, seen);
    return { n: 0 };
  },
  async *bidiStream(items: AsyncIterable<Item>, context: CallContext) {
    const seen = takeSeen();
    context.signal.addEventListener("abort", () => seen.aborted(context.signal.reason as AsterError));
    seen.started();
    try {
      for await (const { n } of items) yield { n };
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
    } finally {
      seen.returned();
    }
  },
});

let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  const services = [implement(Alone, handlers()), implement(InSession, handlers)];
  server = await AsterServer.start({ services, access: "open", ...options });
  client = await AsterClient.connect(server.ticket, { relay: "disabled", logger: silent });
});
afterAll(async () => {
  await client.close();
  await server.close();
});
afterEach(async () => {
  const idle = async (): Promise<boolean> => (await server.node.info()).openCalls === 0;
  while (!(await idle())) await new Promise((resolve) => setImmediate(resolve));
});

type Callable = Pick<ReturnType<typeof stub>, keyof typeof methods>;
const stub = () => client.stub(Alone);
const patterns = ["unary", "serverStream", "clientStream", "bidiStream"] as const;
type Pattern = (typeof patterns)[number];
interface Options {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Items of an upload that never ends. */
async function* endless(left: () => void, first = 0): AsyncGenerator<{ n: number }> {
  try {
    yield { n: first };
    await new Promise(() => {});
  } finally {
    left();
  }
}

/** Makes a call that the handler does not answer, and settles with its end. */
function call(target: Callable, pattern: Pattern, given: Options): Promise<unknown> {
  switch (pattern) {
    case "unary":
      return target.unary({ n: 0 }, given);
    case "serverStream":
      return target.serverStream({ n: 0 }, given).next();
    case "clientStream":
      return target.clientStream(
        endless(() => {}),
        given,
      );
    case "bidiStream": {
      const chat = target.bidiStream(given);
      return (async () => {
        await chat.send({ n: 1 });
        expect(await chat.next()).toMatchObject({ value: { n: 1 } });
        return chat.next();
      })();
    }
  }
}

async function failure(promise: Promise<unknown>): Promise<AsterError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AsterError);
  return error as AsterError;
}

const places = {
  "on a stream of its own": async (): Promise<Callable> => stub(),
  "in a session": async (): Promise<Callable> => client.session(InSession),
};

for (const [place, open] of Object.entries(places)) {
  describe.each(patterns)(`a %s call ${place}`, (pattern) => {
    let target: Callable;
    beforeAll(async () => {
      target = await open();
    });
    afterEach(async () => expect(await target.ping({ n: 5 })).toEqual({ n: 5, fill: "" }));

    it("whose signal aborted before is not sent", async () => {
      const error = await failure(call(target, pattern, { signal: AbortSignal.abort() }));
      expect([error.code, error.notSent]).toEqual([Code.CANCELLED, true]);
    });

    it("whose deadline passed before is not sent", async () => {
      const error = await failure(call(target, pattern, { timeoutMs: -1 }));
      expect([error.code, error.notSent]).toEqual([Code.DEADLINE_EXCEEDED, true]);
    });

    it("that is aborted in the turn in which it was made ends", async () => {
      watch();
      const abort = new AbortController();
      const made = failure(call(target, pattern, { signal: abort.signal }));
      abort.abort();
      expect((await made).code).toBe(Code.CANCELLED);
      next = null;
    });

    it("that is aborted while its handler runs aborts the handler", async () => {
      const seen = watch();
      const abort = new AbortController();
      const made = failure(call(target, pattern, { signal: abort.signal }));
      await seen.started;
      abort.abort();
      expect((await made).code).toBe(Code.CANCELLED);
      expect((await seen.aborted).code).toBe(Code.CANCELLED);
      await seen.returned;
    });

    it("that reaches its deadline ends on both sides", async () => {
      const seen = watch();
      const error = await failure(call(target, pattern, { timeoutMs: 100 }));
      expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
      // The first of the two sides to notice it ends the call.
      expect([Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain((await seen.aborted).code);
      await seen.returned;
    });

    it("that a timeout signal aborts ends with DEADLINE_EXCEEDED", async () => {
      const seen = watch();
      const error = await failure(call(target, pattern, { signal: AbortSignal.timeout(100) }));
      expect(error.code).toBe(Code.DEADLINE_EXCEEDED);
      await seen.aborted;
      await seen.returned;
    });
  });

  describe(`streams ${place}`, () => {
    let target: Callable;
    beforeAll(async () => {
      target = await open();
    });
    afterEach(async () => expect(await target.ping({ n: 5 })).toEqual({ n: 5, fill: "" }));

    it("break between two items returns the handler's iterator", async () => {
      const seen = watch();
      for await (const { n } of target.serverStream({ n: 3 })) if (n === 1) break;
      await seen.returned;
    });

    it("a reader that leaves while the writer waits for room ends the writer", async () => {
      const seen = watch();
      const items = target.serverStream({ n: -1 });
      await items.next();
      await seen.started; // items for more than the budget were made
      await items.return();
      await seen.returned;
    });

    it("return() and throw() of a bidi call end it", async () => {
      for (const how of ["return", "throw"] as const) {
        const seen = watch();
        const chat = target.bidiStream();
        await chat.send({ n: 1 });
        await chat.next();
        await (how === "return" ? chat.return() : chat.throw(new Error("left")).catch(() => {}));
        expect((await seen.aborted).code).toBe(Code.CANCELLED);
        await seen.returned;
      }
    });

    it("an upload that is aborted ends the user's iterator", async () => {
      const seen = watch();
      const abort = new AbortController();
      let left = 0;
      // An iterator that waits cannot be returned, so this one counts its items.
      async function* items() {
        try {
          for (let n = 1; ; n++) {
            yield { n };
            await new Promise((resolve) => setImmediate(resolve));
            if (n === 3) abort.abort();
          }
        } finally {
          left++;
        }
      }
      const error = await failure(target.clientStream(items(), { signal: abort.signal }));
      expect(error.code).toBe(Code.CANCELLED);
      expect(left).toBe(1);
      void seen;
      next = null;
    });

    it("an abort after the end of a call changes nothing", async () => {
      const abort = new AbortController();
      expect(await target.ping({ n: 1 }, { signal: abort.signal })).toMatchObject({ n: 1 });
      abort.abort();
    });
  });
}

describe("calls within the call of a handler", () => {
  const Outer = service("Outer", {}, { run: unary(Item, Item) });

  it("inherit its deadline and its cancellation", async () => {
    const deadlines: (Date | null)[] = [];
    const failures: AsterError[] = [];
    const outer = implement(Outer, {
      async run({ n }, ctx) {
        deadlines.push(ctx.deadline);
        failures.push(await failure(client.stub(Alone, { within: ctx }).unary({ n })));
        return { n };
      },
    });
    const front = await AsterServer.start({ services: [outer], access: "open", ...options });
    const user = await AsterClient.connect(front.ticket, { relay: "disabled", logger: silent });
    const seen = watch();
    const abort = new AbortController();
    const made = failure(user.stub(Outer).run({ n: 0 }, { signal: abort.signal }));
    await seen.started;
    abort.abort();
    await made;
    expect((await seen.aborted).code).toBe(Code.CANCELLED);
    const timed = watch();
    expect((await failure(user.stub(Outer).run({ n: 0 }, { timeoutMs: 150 }))).code).toBe(
      Code.DEADLINE_EXCEEDED,
    );
    await timed.aborted;
    await user.close();
    await front.drain();
    expect(deadlines[0]).toBeNull();
    expect(deadlines[1]).toBeInstanceOf(Date);
    expect(failures.map(({ code }) => code === Code.OK)).toEqual([false, false]);
  });
});
