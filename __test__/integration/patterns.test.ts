/** The four patterns between two processes, in every mode, with payloads from empty to several MiB. */
import { AsterClient, Code } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Child, child } from "../boundary/support/child.js";
import { local, Plain, Probe } from "../boundary/support/probe.mjs";

let server: Child;
let client: AsterClient;
beforeAll(async () => {
  server = child("server.mjs", ["--quiet"]);
  const { ticket } = await server.line("ready");
  client = await AsterClient.connect(ticket as string, local);
});
afterAll(async () => {
  await client.close();
  await server.kill();
});

interface Note {
  readonly id: number;
  readonly text?: string;
}

/** The four methods of Plain, called in different ways. */
interface Four {
  echo(note: Note): Promise<unknown>;
  count(note: Note): AsyncIterable<unknown>;
  sum(notes: AsyncIterable<Note> | Iterable<Note>): Promise<unknown>;
  talk(): {
    send(note: Note): Promise<void>;
    end(): Promise<void>;
    [Symbol.asyncIterator](): AsyncIterator<unknown>;
  };
}

const ways: Record<string, () => Four> = {
  "a stub, XLANG": () => client.stub(Plain, { mode: "xlang" }),
  "a stub, JSON": () => client.stub(Plain, { mode: "json" }),
  "a stub with interceptors": () =>
    client.stub(Plain, { interceptors: [(next) => async (call) => next(call)] }),
  "a proxy": () => {
    const proxy = client.proxy("Plain");
    return {
      echo: (note) => proxy.call("echo", note),
      count: (note) => proxy.serverStream("count", note),
      sum: (notes) => proxy.clientStream("sum", notes),
      talk: () => proxy.bidi("talk"),
    };
  },
};

async function all(stream: AsyncIterable<unknown>): Promise<Note[]> {
  const items: Note[] = [];
  for await (const item of stream) items.push(item as Note);
  return items;
}

const ids = (count: number) => Array.from({ length: count }, (_, id) => id);
const texts = ["", "plain", "grüße 🦀", "\u0000\n", "x".repeat(65_536), "né".repeat(1_500_000)];

describe.each(Object.keys(ways))("through %s", (way) => {
  const four = () => ways[way]!();

  it.each(texts.map((text) => [text.length, text]))(
    "a unary call returns a string of %i units",
    async (_, text) => {
      const answer = (await four().echo({ id: -5, text: text as string })) as Note;
      expect(answer.id).toBe(-5);
      expect(answer.text === text).toBe(true);
    },
  );

  it("a string that is not valid Unicode is refused before it is sent", async () => {
    const call = four().echo({ id: 1, text: "\ud83d" });
    await expect(call).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: true });
  });

  it("64 unary calls at once get their own responses", async () => {
    const service = four();
    const answers = await Promise.all(ids(64).map((id) => service.echo({ id, text: `call ${id}` })));
    expect(answers).toEqual(ids(64).map((id) => ({ id, text: `call ${id}` })));
  });

  it("a server stream delivers 10,000 items in order", async () => {
    const items = await all(four().count({ id: 10_000, text: "item" }));
    expect(items.map(({ id }) => id)).toEqual(ids(10_000));
    expect(new Set(items.map(({ text }) => text))).toEqual(new Set(["item"]));
  });

  it("a server stream may be empty, or have items above the byte budget", async () => {
    expect(await all(four().count({ id: 0, text: "" }))).toEqual([]);
    const text = "z".repeat(2_000_000);
    expect((await all(four().count({ id: 3, text }))).map((item) => item.text?.length)).toEqual([
      2_000_000, 2_000_000, 2_000_000,
    ]);
  });

  it("a client stream accepts 10,000 items, no items, and those of a synchronous iterable", async () => {
    async function* notes(count: number): AsyncGenerator<Note> {
      for (let id = 0; id < count; id++) yield { id, text: "" };
    }
    expect(await four().sum(notes(10_000))).toMatchObject({ id: 49_995_000 });
    expect(await four().sum(notes(0))).toMatchObject({ id: 0 });
    expect(
      await four().sum([
        { id: 40, text: "" },
        { id: 2, text: "" },
      ]),
    ).toMatchObject({ id: 42 });
  });

  it("a bidi call answers in order while it gets input", async () => {
    const talk = four().talk();
    const feeding = (async () => {
      for (const id of ids(2000)) await talk.send({ id, text: "?" });
      await talk.end();
    })();
    expect((await all(talk as AsyncIterable<unknown>)).map(({ id }) => id)).toEqual(ids(2000));
    await feeding;
  });

  it("streams of all patterns run at the same time", async () => {
    const service = four();
    const counted = ids(16).map((at) => all(service.count({ id: 100 + at, text: "" })));
    const summed = ids(16).map((at) => service.sum(ids(at).map((id) => ({ id, text: "" }))));
    expect((await Promise.all(counted)).map((items) => items.length)).toEqual(ids(16).map((at) => 100 + at));
    expect(await Promise.all(summed)).toMatchObject(
      ids(16).map((at) => ({ id: ids(at).reduce((sum, id) => sum + id, 0) })),
    );
  });
});

describe("bytes in XLANG", () => {
  it.each([0, 1, 4096, 65_536, 5_000_000])("%i bytes are returned unchanged", async (length) => {
    const data = Uint8Array.from({ length }, (_, at) => (at * 31) ^ (at >> 8));
    const answer = await client.stub(Probe).echo({ id: 2 ** 40, data });
    expect(answer.id).toBe(2 ** 40);
    expect(answer.data.constructor).toBe(Uint8Array);
    expect(Buffer.compare(answer.data, data)).toBe(0);
  });

  it("a message that is too large for a frame fails alone, before it is sent", async () => {
    const stub = client.stub(Probe);
    const [small, large] = await Promise.allSettled([
      stub.echo({ id: 1 }),
      stub.echo({ id: 2, data: new Uint8Array(17 * 1024 * 1024) }),
    ]);
    expect(small).toMatchObject({ status: "fulfilled", value: { id: 1 } });
    expect(large).toMatchObject({
      status: "rejected",
      reason: { code: Code.RESOURCE_EXHAUSTED, notSent: true },
    });
  });
});
