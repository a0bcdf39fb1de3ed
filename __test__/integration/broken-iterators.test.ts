/**
 * Iterators of programs that break the rules, as the responses of a handler and as the input of a call: the call ends with the right
 * status, nothing is left open, nobody else is touched, and no rejection goes unhandled.
 */
import { AsterClient, AsterServer, Code, implement } from "aster-rpc";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureOf } from "../boundary/support/until.js";
import { brokenEnds, brokenIterables } from "./fixtures/hostile-values.ts";
import { local, localClient } from "./fixtures/nodes.ts";
import { Alone, InSession, type Item, type Target } from "./fixtures/patterns.ts";

/** What the handlers of streams return now. */
let made: () => unknown = () => [];
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

const handlers = {
  one: (item: Item) => item,
  ping: (item: Item) => item,
  down: () => made() as AsyncIterable<Item>,
  both: () => made() as AsyncIterable<Item>,
  async up(items: AsyncIterable<Item>) {
    let n = 0;
    for await (const item of items) {
      n += item.n;
      if (item.n === 5) break;
    }
    return { n };
  },
};

let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  const services = [implement(Alone, handlers), implement(InSession, () => handlers)];
  server = await AsterServer.start({ services, access: "open", ...local });
  client = await AsterClient.connect(server.ticket, localClient);
});
afterAll(async () => {
  await client.close();
  await server.drain({ timeoutMs: 0 });
});
beforeEach(() => {
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  while ((await server.node.info()).openCalls > 0) await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

async function three(items: AsyncIterable<Item>): Promise<number[]> {
  const seen: number[] = [];
  for await (const { n } of items) if (seen.push(n) === 3) break;
  return seen;
}

const places = {
  alone: async (): Promise<Target> => client.stub(Alone),
  "in a session": async (): Promise<Target> => client.session(InSession),
};

describe.each(Object.entries(places))("%s, an iterable", (_, target) => {
  it.each(brokenIterables)(
    "%s fails its call with INTERNAL when a handler returns it",
    async (_name, make) => {
      made = make;
      const on = await target();
      const internal = { code: Code.INTERNAL, isLocal: false };
      expect(await failureOf(three(on.down({ n: 1 })))).toMatchObject(internal);
      expect(await failureOf(three(on.both()))).toMatchObject(internal);
      expect(await on.one({ n: 7 })).toMatchObject({ n: 7 });
    },
  );

  it.each(brokenIterables)("%s rejects its upload when it is the input", async (_name, make) => {
    const on = await target();
    const outcome = await on.up(make() as never, { timeoutMs: null }).then(
      () => "succeeded",
      () => "failed",
    );
    expect(outcome).toBe("failed");
    expect(await on.one({ n: 7 })).toMatchObject({ n: 7 });
  });

  it.each(brokenEnds)("whose return() %s is left by both sides", async (_name, make) => {
    made = make;
    const on = await target();
    expect(await three(on.down({ n: 1 }))).toEqual([0, 1, 2]);
    expect(await three(on.both())).toEqual([0, 1, 2]);
    expect((await on.up(make())).n).toBe(15);
    expect(await on.one({ n: 7 })).toMatchObject({ n: 7 });
  });
});

it("a thenable that an iterator gives is awaited, as `for await` does", async () => {
  const later = (result: object) => ({
    // biome-ignore lint/suspicious/noThenProperty: the test is about it
    then: (resolve: (result: object) => void) => setImmediate(resolve, result),
  });
  const iterable = () => {
    let n = 0;
    const next = () => later(n++ < 3 ? { done: false, value: { n } } : { done: true });
    return { [Symbol.asyncIterator]: () => ({ next }) } as unknown as AsyncIterable<Item>;
  };
  made = iterable;
  const on = client.stub(Alone);
  expect(await three(on.down({ n: 1 }))).toEqual([1, 2, 3]);
  expect((await on.up(iterable())).n).toBe(6);
});
