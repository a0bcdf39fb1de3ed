/**
 * The twelve points of a call at which it is left, for all patterns, alone and in a session, called by a client and called back
 * by a server: by a signal, by a deadline, and by leaving the responses. At each point both sides learn it, no queue keeps the
 * call, and the next call works. `error.notSent` is true wherever the request had not left the caller.
 */
import { type AsterError, Code, type ServerInterceptor } from "aster-rpc";
import { afterEach, describe, expect, it } from "vitest";
import { Seen } from "./fixtures/nodes.ts";
import {
  call,
  type Input,
  type Item,
  type Options,
  type Pattern,
  type Place,
  patterns,
  places,
  responses,
  type Stage,
  type StageOptions,
  stage,
} from "./fixtures/patterns.ts";

const FULL = process.env.ASTER_TEST_FULL === "1";
const TIMEOUT_MS = 400;

const endings = ["signal", "deadline", "return"] as const;
interface Cell {
  readonly pattern: Pattern;
  readonly place: Place;
  readonly ending: (typeof endings)[number];
}

const streams = ({ pattern }: Cell): boolean => pattern === "down" || pattern === "both";
const uploads = ({ pattern }: Cell): boolean => pattern === "up" || pattern === "both";

/** Only streams can be left by `return()`. A deadline takes its time, so only calls of clients have all of them in each run. */
const cells: readonly Cell[] = patterns.flatMap((pattern) =>
  places.flatMap((place) => endings.map((ending) => ({ pattern, place, ending }))),
);
const runs = (cell: Cell): boolean =>
  cell.ending === "return"
    ? streams(cell)
    : FULL || cell.ending === "signal" || !cell.place.startsWith("called");

const streamOf = ({ pattern }: Cell): "down" | "both" => (pattern === "down" ? "down" : "both");

const open: Stage[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function opened({ place }: Cell, options: StageOptions = {}): Promise<Stage> {
  const started = await stage(place, options);
  open.push(started);
  return started;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Makes a call that ends as its cell says, as soon as `reached` settles. Returns its error; null after `return()`. */
async function endAt(
  { on }: Stage,
  { pattern, ending }: Cell,
  given: Input,
  reached: () => Promise<unknown> | undefined,
): Promise<AsterError | null> {
  const abort = new AbortController();
  const options: Options =
    ending === "deadline" ? { timeoutMs: TIMEOUT_MS } : { signal: abort.signal, timeoutMs: null };
  let leave = (): unknown => null;
  const failed = call(on, pattern, given, options, (items) => {
    leave = () => items.return?.();
  }).then(
    () => null,
    (error: unknown) => error,
  );
  const point = reached();
  if (ending !== "deadline") {
    if (point !== undefined) await point;
    if (ending === "signal") abort.abort();
    else await leave();
  }
  const error = await failed;
  if (ending === "return") expect(error).toBeNull();
  else expect(error).toMatchObject({ name: "AsterError", code: codeOf(ending) });
  return error as AsterError | null;
}

function codeOf(ending: Cell["ending"]): Code {
  return ending === "signal" ? Code.CANCELLED : Code.DEADLINE_EXCEEDED;
}

/** No call is left at the callee, and the next one works. */
async function usable({ callee, on }: Stage): Promise<void> {
  expect((await on.ping({ n: 7 })).n).toBe(7);
  while ((await callee.info()).openCalls > 0) await turn();
}

/** A point: it makes the call, ends it there, and tells what its caller and its handler must have seen. */
interface Point {
  readonly applies?: (cell: Cell) => boolean;
  test(cell: Cell): Promise<void>;
}

/** The caller is told that the request never left, and the handler has not seen it. */
function expectNotSent(error: AsterError | null, { seen }: Stage, began = 0): void {
  if (error !== null) expect(error.notSent).toBe(true);
  expect(seen.count("began")).toBe(began);
}

/** An interceptor that holds each call before its handler, until the call is aborted. */
function gate(saw: Seen): ServerInterceptor {
  return (next) => async (arrived) => {
    if (arrived.context.method.endsWith(".ping")) return next(arrived);
    const { signal } = arrived.context;
    saw.note("arrived");
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    saw.note("aborted");
    throw signal.reason;
  };
}

const points: Readonly<Record<string, Point>> = {
  "before it is made": {
    async test(cell) {
      const at = await opened(cell);
      const { pattern, ending } = cell;
      if (ending === "return") {
        await (pattern === "down" ? at.on.down({ n: 0 }) : at.on.both()).return();
        expect(at.seen.count("began")).toBe(0);
      } else {
        const options = ending === "signal" ? { signal: AbortSignal.abort() } : { timeoutMs: -1 };
        const error: unknown = await call(at.on, pattern, {}, options).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: codeOf(ending) });
        expectNotSent(error as AsterError, at);
      }
      await usable(at);
    },
  },

  "in the turn in which it is made": {
    applies: ({ ending }) => ending !== "deadline",
    async test(cell) {
      const at = await opened(cell);
      const error = await endAt(at, cell, {}, () => undefined);
      await usable(at);
      if (cell.ending === "signal") expectNotSent(error, at);
    },
  },

  "while its peer is dialled": {
    applies: ({ place }) => place === "alone",
    async test(cell) {
      const at = await opened(cell, { link: true });
      await at.callee.close();
      await at.lost();
      at.link?.blackhole();
      expectNotSent(await endAt(at, cell, { endless: true }, turn), at);
    },
  },

  "while it waits for a stream, or for its turn in a session": {
    async test(cell) {
      const at = await opened(cell, { limits: { maxStreams: 1, maxSessions: 1 } });
      const hold = new AbortController();
      // The callee allows 18 streams, of which it serves one.
      const count = cell.place.endsWith("session") ? 1 : 40;
      const held = Array.from({ length: count }, () =>
        at.on.one({ n: 0 }, { signal: hold.signal, timeoutMs: null }).catch(() => null),
      );
      await at.seen.until("waits");
      const began = at.seen.count("began");
      expectNotSent(await endAt(at, cell, { endless: true }, turn), at, began);
      hold.abort();
      await Promise.all(held);
      await usable(at);
    },
  },

  "while its request is on its way": {
    async test(cell) {
      const at = await opened(cell, { link: true });
      const direction = cell.place.startsWith("called") ? "toClient" : "toServer";
      at.link?.set({ bytesPerSecond: 50_000, queueBytes: 20_000 }, direction);
      const before = at.link?.stats()[direction].arrived ?? 0;
      const fill = new Uint8Array(3_000_000).map((_, n) => (n * 2654435761) >>> 13);
      const arriving = async (): Promise<void> => {
        while ((at.link?.stats()[direction].arrived ?? 0) < before + 20) await turn();
      };
      const error = await endAt(at, cell, { fill }, arriving);
      at.link?.clear();
      if (error !== null) expect(error.notSent).toBe(false);
      expect(at.seen.count("input ended")).toBe(0);
      await usable(at);
    },
  },

  "before its handler begins": {
    async test(cell) {
      const saw = new Seen();
      const at = await opened(cell, { interceptors: [gate(saw)] });
      const error = await endAt(at, cell, {}, () => saw.until("arrived"));
      if (error !== null) expect(error.notSent).toBe(false);
      await saw.until("aborted");
      expect(at.seen.count("began")).toBe(0);
      await usable(at);
    },
  },

  "while its input arrives": {
    applies: uploads,
    async test(cell) {
      const at = await opened(cell);
      await endAt(at, cell, { endless: true }, () => at.seen.until("item"));
      await at.seen.until("signal");
      expect(at.seen.count("input ended")).toBe(0);
      await usable(at);
    },
  },

  "after its input, before a response": {
    async test(cell) {
      const at = await opened(cell);
      await endAt(at, cell, {}, () => at.seen.until("waits"));
      await at.seen.until("aborted");
      if (streams(cell)) await at.seen.until("returned");
      await usable(at);
    },
  },

  "between two responses": {
    applies: streams,
    async test(cell) {
      const at = await opened(cell);
      const error = await endAt(at, cell, { n: 3 }, () => at.seen.until("waits"));
      expect(error?.itemsReceived ?? 0).toBeLessThanOrEqual(3);
      await at.seen.until("returned");
      await usable(at);
    },
  },

  "while its writer waits for room": {
    applies: streams,
    async test(cell) {
      const at = await opened(cell);
      const abort = new AbortController();
      const options = cell.ending === "deadline" ? { timeoutMs: TIMEOUT_MS } : { signal: abort.signal };
      // Nobody reads, so the writer fills its budget and stops.
      const items = responses(at.on, streamOf(cell), { n: -1 }, options);
      expect((await items.next()).done).toBe(false);
      if (cell.ending === "signal") abort.abort();
      else if (cell.ending === "return") await items.return?.();
      await at.seen.until("signal");
      await at.seen.until("returned");
      await usable(at);
    },
  },

  "after its handler, while its responses wait to be read": {
    applies: (cell) => streams(cell) && cell.ending !== "deadline",
    async test(cell) {
      const at = await opened(cell);
      const abort = new AbortController();
      const options = { signal: abort.signal };
      const items: AsyncIterator<Item> = responses(at.on, streamOf(cell), { n: 3, ends: true }, options);
      expect((await items.next()).done).toBe(false);
      await at.seen.until("returned");
      if (cell.ending === "signal") {
        abort.abort();
        await expect(items.next()).rejects.toMatchObject({ code: Code.CANCELLED });
      } else {
        expect(await items.return?.()).toEqual({ done: true, value: undefined });
      }
      expect(await items.next()).toEqual({ done: true, value: undefined });
      await usable(at);
    },
  },

  "after its end, which changes nothing": {
    applies: ({ ending }) => ending !== "deadline",
    async test(cell) {
      const at = await opened(cell);
      const abort = new AbortController();
      expect(await at.on.ping({ n: 1 }, { signal: abort.signal })).toMatchObject({ n: 1 });
      abort.abort();
      await usable(at);
    },
  },
};

describe.each(Object.entries(points))("a call that is left %s", (_, point) => {
  const chosen = cells.filter((cell) => runs(cell) && (point.applies?.(cell) ?? true));
  it.each(chosen)("ends on both sides: $pattern, $place, by its $ending", (cell) => point.test(cell));
});
