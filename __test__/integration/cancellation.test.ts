/**
 * Leaving calls in the ways that programs do: timeout signals, `break`, `return()`, `throw()`, the iterator of an upload, and calls
 * within the call of a handler. `cancel-points.test.ts` has the points of a call at which it is left.
 */
import { AsterClient, AsterError, AsterServer, Code, implement, service, unary } from "aster-rpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { local, Seen, silent } from "./fixtures/nodes.ts";
import { Alone, call, Item, patterns, type Stage, stage } from "./fixtures/patterns.ts";

async function failure(promise: Promise<unknown>): Promise<AsterError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AsterError);
  return error as AsterError;
}

describe.each(["alone", "in a session"] as const)("a call %s", (place) => {
  let at: Stage;
  beforeAll(async () => {
    at = await stage(place);
  });
  afterAll(() => at.close());
  afterEach(async () => {
    expect((await at.on.ping({ n: 5 })).n).toBe(5);
    while ((await at.callee.info()).openCalls > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  it.each(patterns)("that a timeout signal aborts ends with DEADLINE_EXCEEDED: %s", async (pattern) => {
    const before = at.seen.count("aborted");
    const abort = new AbortController();
    const failed = failure(call(at.on, pattern, {}, { signal: abort.signal, timeoutMs: null }));
    await at.seen.until("waits", before + 1);
    // What AbortSignal.timeout() aborts with.
    abort.abort(new DOMException("it took too long", "TimeoutError"));
    expect((await failed).code).toBe(Code.DEADLINE_EXCEEDED);
    await at.seen.until("aborted", before + 1);
  });

  it("break between two items returns the iterator of the handler", async () => {
    const before = at.seen.count("returned");
    for await (const { n } of at.on.down({ n: 3 })) if (n === 1) break;
    await at.seen.until("returned", before + 1);
  });

  it.each(["return", "throw"] as const)("%s() of a bidi call ends it", async (how) => {
    const [signals, returned] = [at.seen.count("signal"), at.seen.count("returned")];
    const chat = at.on.both();
    await chat.send({ n: 1 });
    await chat.end();
    await chat.next();
    await (how === "return" ? chat.return() : chat.throw(new Error("left")).catch(() => {}));
    await at.seen.until("returned", returned + 1);
    expect(at.seen.count("signal")).toBeGreaterThan(signals);
  });

  it("an upload that is aborted ends the iterator of the program", async () => {
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
    const error = await failure(at.on.up(items(), { signal: abort.signal }));
    expect(error.code).toBe(Code.CANCELLED);
    expect(left).toBe(1);
  });
});

describe("calls within the call of a handler", () => {
  const Outer = service("Outer", {}, { run: unary(Item, Item) });

  it("inherit its deadline and its cancellation", async () => {
    const at = await stage("alone");
    const client = await AsterClient.connect(at.callee.ticket, { relay: "disabled", logger: silent });
    const deadlines: (Date | null)[] = [];
    const failures: AsterError[] = [];
    const ran = new Seen();
    const outer = implement(Outer, {
      async run({ n }, ctx) {
        deadlines.push(ctx.deadline);
        failures.push(await failure(client.stub(Alone, { within: ctx }).one({ n })));
        ran.note("failed");
        return { n };
      },
    });
    const front = await AsterServer.start({ services: [outer], access: "open", ...local });
    const user = await AsterClient.connect(front.ticket, { relay: "disabled", logger: silent });
    const abort = new AbortController();
    const made = failure(user.stub(Outer).run({ n: 0 }, { signal: abort.signal }));
    await at.seen.until("waits");
    abort.abort();
    await made;
    await at.seen.until("aborted");
    const timed = failure(user.stub(Outer).run({ n: 0 }, { timeoutMs: 500 }));
    expect((await timed).code).toBe(Code.DEADLINE_EXCEEDED);
    await at.seen.until("aborted", 2);
    await ran.until("failed", 2);
    await user.close();
    await front.drain();
    await client.close();
    await at.close();
    expect(deadlines[0]).toBeNull();
    expect(deadlines[1]).toBeInstanceOf(Date);
    expect(failures[0]?.code).toBe(Code.CANCELLED);
    // The first of the calls to notice the deadline ends the other one.
    expect([Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain(failures[1]?.code);
  });
});
