/**
 * InSession of any kind that the code of users throws, returns or gives inside sessions: each ends its own call or session with the
 * right status, and the other calls, sessions and the process go on.
 */
import { AsterClient, AsterServer, Code, implement, type Session } from "aster-rpc";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureOf } from "../boundary/support/until.js";
import { thrownValues } from "./fixtures/hostile-values.ts";
import { local, localClient } from "./fixtures/nodes.ts";
import { InSession } from "./fixtures/patterns.ts";

/** What the handlers do now. */
let act: (where: string, session: Session) => unknown = () => {};
/** What nobody caught. */
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  server = await AsterServer.start({
    ...local,
    access: "open",
    services: [
      implement(InSession, (session) => {
        act("open", session);
        session.onClose(() => act("close", session) as never);
        return {
          ping: (item) => item,
          one: (item) => (act("one", session) as never) ?? item,
          async *down(item) {
            yield item;
            act("down", session);
          },
          async up(items) {
            let n = 0;
            for await (const item of items) n += item.n;
            act("up", session);
            return { n };
          },
          async *both(items) {
            for await (const item of items) {
              act("both", session);
              yield item;
            }
          },
        };
      }),
    ],
  });
  client = await AsterClient.connect(server.ticket, localClient);
});
afterAll(async () => {
  await client.close();
  await server.close();
});
beforeEach(() => {
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  act = () => {};
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

const throwAt =
  (place: string, value: () => unknown) =>
  (where: string): void => {
    if (where === place) throw value();
  };

async function all(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

async function worksStill(): Promise<void> {
  act = () => {};
  await using session = await client.session(InSession);
  expect(await session.one({ n: 7 })).toMatchObject({ n: 7 });
}

describe.each(thrownValues)("in a session, %s", (_, value) => {
  it("that a handler throws fails its call, and the session goes on", async () => {
    await using session = await client.session(InSession);
    const internal = { code: Code.INTERNAL, isLocal: false };
    act = throwAt("one", value);
    expect(await failureOf(session.one({ n: 1 }))).toMatchObject(internal);
    act = throwAt("down", value);
    expect(await failureOf(all(session.down({ n: 1 })))).toMatchObject(internal);
    act = throwAt("up", value);
    expect(await failureOf(session.up([{ n: 1 }]))).toMatchObject(internal);
    act = throwAt("both", value);
    const talk = session.both();
    await talk.send({ n: 1 });
    expect(await failureOf(all(talk))).toMatchObject(internal);
    act = () => {};
    expect(await session.one({ n: 2 })).toMatchObject({ n: 2 });
  });

  it("that makes the handlers fail ends the session, and no other", async () => {
    await using other = await client.session(InSession);
    await other.one({ n: 1 });
    act = throwAt("open", value);
    const session = await client.session(InSession);
    expect(await failureOf(session.one({ n: 1 }))).toMatchObject({ code: Code.INTERNAL, isLocal: false });
    act = () => {};
    expect(await other.one({ n: 2 })).toMatchObject({ n: 2 });
    await worksStill();
  });

  it("that the clean-up throws is logged, and the server goes on", async () => {
    act = throwAt("close", value);
    const session = await client.session(InSession);
    await session.one({ n: 1 });
    await session.close();
    await worksStill();
  });

  it("that a source throws rejects its upload, and the session goes on", async () => {
    await using session = await client.session(InSession);
    const thrown = value();
    const source = (function* () {
      yield { n: 1 };
      throw thrown;
    })();
    // Compared here, because a promise cannot be fulfilled with some of these values.
    const isThrown = await session.up(source).then(
      () => false,
      (error: unknown) => Object.is(error, thrown),
    );
    expect(isThrown).toBe(true);
    expect(await session.one({ n: 2 })).toMatchObject({ n: 2 });
  });

  it("that is the reason of an abort cancels the call, and the session goes on", async () => {
    await using session = await client.session(InSession);
    const controller = new AbortController();
    const reading = failureOf(all(session.both({ signal: controller.signal })));
    controller.abort(value());
    expect(await reading).toMatchObject({ code: Code.CANCELLED });
    expect(await session.one({ n: 2 })).toMatchObject({ n: 2 });
  });
});
