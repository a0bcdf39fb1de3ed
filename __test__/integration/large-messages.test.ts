/**
 * Messages of megabytes, which are compressed and converted outside of the I/O thread: they arrive whole and in order among
 * short ones, in each pattern, mode and role, and in sessions. One that cannot be sent ends its call and no other.
 */
import {
  AsterClient,
  AsterServer,
  bidiStream,
  Code,
  clientStream,
  implement,
  message,
  type Stub,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const local = { bind: "127.0.0.1:0", relay: "disabled" } as const;

const Text = message("large/Text", { at: t.int, text: t.string });
const CompatibleText = message("large/CompatibleText", { at: t.int, text: t.string }, { compatible: true });
const methodsOf = <M extends typeof Text | typeof CompatibleText>(type: M) => ({
  echo: unary(type, type),
  items: serverStream(type, type),
  collect: clientStream(type, type),
  talk: bidiStream(type, type),
});
const methods = methodsOf(Text);

const Xlang = service("Xlang", { version: 1 }, methods);
const Json = service("Json", { version: 1, modes: ["json"] }, methods);
const Compatible = service("Compatible", { version: 1 }, methodsOf(CompatibleText));
const XlangSession = service("XlangSession", { version: 1, scope: "session" }, methods);
const JsonSession = service("JsonSession", { version: 1, scope: "session", modes: ["json"] }, methods);

/** The calls of each service. */
type Calls = Stub<typeof Xlang>;
const cases: readonly (readonly [string, () => Promise<Calls>])[] = [
  ["XLANG", async () => client.stub(Xlang)],
  ["JSON", async () => client.stub(Json)],
  ["compatible mode", async () => client.stub(Compatible) as unknown as Calls],
  ["XLANG in a session", async () => (await client.session(XlangSession)) as unknown as Calls],
  ["JSON in a session", async () => (await client.session(JsonSession)) as unknown as Calls],
];

/** Lengths of messages: short ones before, between and after long ones. */
const lengths = [10, 3 << 20, 100, 20_000, 2 << 20, 400_000, 1, 1_200_000, 50];
const letters = "a text that compression makes shorter, ";
const text = (length: number): string => letters.repeat(Math.ceil(length / letters.length)).slice(0, length);
/** XLANG has one byte for each character, and JSON six: it is longer than a frame. */
const unsendable = "\u0001".repeat(4 << 20);

const handlers = () => ({
  echo: (item: { at: number; text: string }) => (item.at === -1 ? { at: 0, text: unsendable } : item),
  async *items({ at }: { at: number; text: string }) {
    for (const [index, length] of lengths.entries())
      yield { at: index, text: index === at ? unsendable : text(length) };
  },
  async collect(items: AsyncIterable<{ at: number; text: string }>) {
    let expected = 0;
    let total = 0;
    for await (const item of items) {
      if (item.at !== expected) throw new Error(`item ${item.at} came as ${expected}`);
      expected += 1;
      total += item.text.length;
    }
    return { at: expected, text: String(total) };
  },
  async *talk(items: AsyncIterable<{ at: number; text: string }>) {
    yield* items;
  },
});

let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  server = await AsterServer.start({
    ...local,
    identity: "ephemeral",
    access: "open",
    services: [
      implement(Xlang, handlers()),
      implement(Json, handlers()),
      implement(Compatible, handlers()),
      implement(XlangSession, handlers),
      implement(JsonSession, handlers),
    ],
  });
  client = await AsterClient.connect(server.ticket, local);
});
afterAll(async () => {
  await client.close();
  await server.close();
});

const items = lengths.map((length, at) => ({ at, text: text(length) }));
const sum = lengths.reduce((total, length) => total + length, 0);

async function read(stream: AsyncIterable<{ at: number; text: string }>): Promise<void> {
  let at = 0;
  for await (const item of stream) expect(item).toEqual(items[at++]);
  expect(at).toBe(items.length);
}

describe.each(cases)("messages of megabytes in %s", (_, calls) => {
  it("arrive whole and in order in each pattern", async () => {
    const stub = await calls();
    for (const item of items) expect(await stub.echo(item)).toEqual(item);
    await read(stub.items({ at: -1, text: "" }));
    expect(await stub.collect(items)).toEqual({ at: items.length, text: String(sum) });
    const talk = stub.talk();
    const sending = (async () => {
      for (const item of items) await talk.send(item);
      await talk.end();
    })();
    await read(talk);
    await sending;
  });

  it("of many calls at the same time are not mixed up", async () => {
    const stubs = await Promise.all(Array.from({ length: 6 }, () => calls()));
    await Promise.all(
      stubs.map(async (stub, index) => {
        for (const item of items.slice(0, 5)) {
          const own = { at: index, text: `${index} ${item.text}` };
          expect(await stub.echo(own)).toEqual(own);
        }
      }),
    );
  });
});

describe.each(cases.filter(([name]) => name.startsWith("JSON")))("a message too large for %s", (_, calls) => {
  const exhausted = { code: Code.RESOURCE_EXHAUSTED };
  const large = { at: 1, text: unsendable };

  it("ends its call as a request, a response and an item, and no other call", async () => {
    const stub = await calls();
    await expect(stub.echo(large)).rejects.toMatchObject({ ...exhausted, isLocal: true });
    await expect(stub.echo({ at: -1, text: "" })).rejects.toMatchObject({ ...exhausted, isLocal: false });
    await expect(stub.collect([{ at: 0, text: "" }, large])).rejects.toMatchObject(exhausted);
    let received = 0;
    const reading = (async () => {
      for await (const item of stub.items({ at: 3, text: "" })) expect(item).toEqual(items[received++]);
    })();
    await expect(reading).rejects.toMatchObject({ ...exhausted, isLocal: false });
    expect(received).toBe(3);
    expect(await stub.echo({ at: 5, text: "next" })).toEqual({ at: 5, text: "next" });
  });
});
