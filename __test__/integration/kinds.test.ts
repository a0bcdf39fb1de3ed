/** Typed arrays, extensions and unions in calls, and how the peer sees a value that a coder refuses. */
import { AsterClient, AsterServer, Code, implement, message, messageOf, service, t, unary } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fresh, local } from "../boundary/support/probe.mjs";

class Tag {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
const secret = "only for the log of this side";
const TagType = t.extension("kinds/Tag", {
  encode(tag: Tag) {
    if (tag.text === "unwritable") throw new Error(secret);
    return Uint8Array.from(Buffer.from(tag.text));
  },
  decode(bytes) {
    const text = Buffer.from(bytes).toString();
    if (text === "unreadable") throw new Error(secret);
    return new Tag(text);
  },
  is: (value): value is Tag => value instanceof Tag,
});
const Color = t.enum("kinds/Color", ["RED", "GREEN"]);
const Leaf = message("kinds/Leaf", { n: t.int });
const Bag = message("kinds/Bag", {
  tag: TagType,
  numbers: t.float64Array.default(Float64Array.of(1, 2)),
  either: t.union(Leaf, Color, TagType).default(() => Color.value("RED")),
  anything: t.any.default(null),
});
const Ask = message("kinds/Ask", { tag: t.string });
const Kinds = service("Kinds", {}, { echo: unary(Bag, Bag), ask: unary(Ask, Bag) });

let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  const kinds = implement(Kinds, { echo: (bag) => bag, ask: ({ tag }) => ({ tag: new Tag(tag) }) });
  server = await AsterServer.start({ ...fresh, services: [kinds], access: "open" });
  client = await AsterClient.connect(server.ticket, local);
});
afterAll(async () => {
  await client.close();
  await server.close();
});

describe("in calls", () => {
  it("each value arrives with its type", async () => {
    const bag = {
      tag: new Tag("a"),
      numbers: new Float64Array(100_000).fill(0.5),
      either: new Tag("b"),
      anything: [
        Int32Array.of(1),
        Leaf.of({ n: 1 }),
        Color.value("GREEN"),
        new Tag("c"),
        { k: [new Tag("d")] },
      ],
    };
    const back = await client.stub(Kinds).echo(bag);
    expect(back).toEqual({
      ...bag,
      anything: [...bag.anything.slice(0, 4), new Map([["k", [new Tag("d")]]])],
    });
    expect(messageOf((back.anything as unknown[])[1])).toBe(Leaf);
    expect((back.anything as unknown[])[2]).toBe(Color.value("GREEN"));
    const plain = await client.stub(Kinds).echo({ tag: new Tag("a") });
    expect(plain).toMatchObject({ numbers: Float64Array.of(1, 2), either: Color.value("RED") });
  });

  it("a value that the encoder refuses is never sent", async () => {
    const call = client.stub(Kinds).echo({ tag: new Tag("unwritable") });
    await expect(call).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
      notSent: true,
      rawMessage: "kinds/Bag at tag: the encoder of kinds/Tag refused the value",
      cause: new Error(secret),
    });
  });

  it("a request that the decoder refuses is INVALID_ARGUMENT, and the reason stays on the server", async () => {
    const call = client.stub(Kinds).echo({ tag: new Tag("unreadable") });
    const error = await call.then(
      () => null,
      (refused: unknown) => refused,
    );
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, isLocal: false });
    expect(String(error)).toMatch(/the decoder of kinds\/Tag refused the bytes/);
    expect(String(error)).not.toContain(secret);
  });

  it("a response that the decoder refuses is DATA_LOSS, with the cause", async () => {
    const call = client.stub(Kinds).ask({ tag: "unreadable" });
    await expect(call).rejects.toMatchObject({
      code: Code.DATA_LOSS,
      cause: expect.objectContaining({ cause: new Error(secret) }),
    });
  });

  it("a response that the encoder refuses is INTERNAL, without its text", async () => {
    const call = client.stub(Kinds).ask({ tag: "unwritable" });
    const error = await call.then(
      () => null,
      (refused: unknown) => refused,
    );
    expect(error).toMatchObject({ code: Code.INTERNAL, isLocal: false });
    expect(String(error)).not.toContain(secret);
    await expect(client.stub(Kinds).ask({ tag: "fine" })).resolves.toMatchObject({ tag: new Tag("fine") });
  });

  it("in JSON mode they are refused with the path, before anything is sent", async () => {
    const call = client.stub(Kinds, { mode: "json" }).echo({ tag: new Tag("a") });
    await expect(call).rejects.toThrow(/numbers: a typed array has no JSON form/);
  });
});
