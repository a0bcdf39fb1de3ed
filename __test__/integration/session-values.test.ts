/**
 * Values of any kind that the code of users throws, returns or gives inside sessions: each ends its own call or session with the
 * right status, and the other calls, sessions and the process go on.
 */
import {
  AsterClient,
  AsterError,
  AsterServer,
  bidiStream,
  Code,
  clientStream,
  implement,
  message,
  type Session,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureOf } from "../boundary/support/until.js";

const Item = message("values/Item", { n: t.int });
const Values = service(
  "Values",
  { version: 1, scope: "session" },
  {
    unary: unary(Item, Item),
    items: serverStream(Item, Item),
    upload: clientStream(Item, Item),
    talk: bidiStream(Item, Item),
  },
);

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

const throwing = (name: string): object =>
  Object.defineProperty({}, name, {
    get() {
      throw new Error("mine");
    },
  });

const kinds: readonly (readonly [string, () => unknown])[] = [
  ["null", () => null],
  ["undefined", () => undefined],
  ["a number", () => 5],
  ["a symbol", () => Symbol("s")],
  ["a revoked proxy", revoked],
  ["a throwing getter", () => throwing("message")],
  ["a thenable that throws", () => throwing("then")],
  ["a frozen error", () => Object.freeze(new Error("frozen"))],
  ["a lone surrogate", () => "\ud800"],
  [
    "an error of another kind of text",
    () => Object.assign(new AsterError(Code.NOT_FOUND, "x"), { rawMessage: 5 }),
  ],
];

/** What the handlers do now. */
let act: (where: string, session: Session) => unknown = () => {};
/** What nobody caught. */
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const local = { bind: "127.0.0.1:0", relay: "disabled", logger: quiet } as const;
  server = await AsterServer.start({
    ...local,
    identity: "ephemeral",
    access: "open",
    services: [
      implement(Values, (session) => {
        act("open", session);
        session.onClose(() => act("close", session) as never);
        return {
          unary: (item) => (act("unary", session) as never) ?? item,
          async *items(item) {
            yield item;
            act("items", session);
          },
          async upload(items) {
            let n = 0;
            for await (const item of items) n += item.n;
            act("upload", session);
            return { n };
          },
          async *talk(items) {
            for await (const item of items) {
              act("talk", session);
              yield item;
            }
          },
        };
      }),
    ],
  });
  client = await AsterClient.connect(server.ticket, local);
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
  await using session = await client.session(Values);
  expect(await session.unary({ n: 7 })).toEqual({ n: 7 });
}

describe.each(kinds)("in a session, %s", (_, value) => {
  it("that a handler throws fails its call, and the session goes on", async () => {
    await using session = await client.session(Values);
    const internal = { code: Code.INTERNAL, isLocal: false };
    act = throwAt("unary", value);
    expect(await failureOf(session.unary({ n: 1 }))).toMatchObject(internal);
    act = throwAt("items", value);
    expect(await failureOf(all(session.items({ n: 1 })))).toMatchObject(internal);
    act = throwAt("upload", value);
    expect(await failureOf(session.upload([{ n: 1 }]))).toMatchObject(internal);
    act = throwAt("talk", value);
    const talk = session.talk();
    await talk.send({ n: 1 });
    expect(await failureOf(all(talk))).toMatchObject(internal);
    act = () => {};
    expect(await session.unary({ n: 2 })).toEqual({ n: 2 });
  });

  it("that makes the handlers fail ends the session, and no other", async () => {
    await using other = await client.session(Values);
    await other.unary({ n: 1 });
    act = throwAt("open", value);
    const session = await client.session(Values);
    expect(await failureOf(session.unary({ n: 1 }))).toMatchObject({ code: Code.INTERNAL, isLocal: false });
    act = () => {};
    expect(await other.unary({ n: 2 })).toEqual({ n: 2 });
    await worksStill();
  });

  it("that the clean-up throws is logged, and the server goes on", async () => {
    act = throwAt("close", value);
    const session = await client.session(Values);
    await session.unary({ n: 1 });
    await session.close();
    await worksStill();
  });

  it("that a source throws rejects its upload, and the session goes on", async () => {
    await using session = await client.session(Values);
    const thrown = value();
    const source = (function* () {
      yield { n: 1 };
      throw thrown;
    })();
    // Compared here, because a promise cannot be fulfilled with some of these values.
    const isThrown = await session.upload(source).then(
      () => false,
      (error: unknown) => Object.is(error, thrown),
    );
    expect(isThrown).toBe(true);
    expect(await session.unary({ n: 2 })).toEqual({ n: 2 });
  });

  it("that is the reason of an abort cancels the call, and the session goes on", async () => {
    await using session = await client.session(Values);
    const controller = new AbortController();
    const reading = failureOf(all(session.talk({ signal: controller.signal })));
    controller.abort(value());
    expect(await reading).toMatchObject({ code: Code.CANCELLED });
    expect(await session.unary({ n: 2 })).toEqual({ n: 2 });
  });
});
