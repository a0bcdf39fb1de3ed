import { describe, expect, it } from "vitest";
import { jsonCodec, serviceCodecs } from "../../ts/src/codec/codec.js";
import { MessageWriter } from "../../ts/src/message.js";
import {
  allOf,
  anyOf,
  bidiStream,
  clientStream,
  message,
  serverStream,
  service,
  t,
  unary,
} from "../../ts/src/schema/index.js";
import { serviceDefinition, serviceDocument } from "../../ts/src/schema/service.js";

// biome-ignore lint/suspicious/noExplicitAny: values that a program may pass by mistake
type Loose = any;

const thenKey = "then" as string;
const Query = message("n/Query", { id: t.string });
const Reply = message("n/Reply", { id: t.string, n: t.int });

describe("a service", () => {
  const S = service(
    "Billing",
    { version: 3, scope: "session", modes: ["json", "xlang"], requires: "user" },
    {
      getInvoice: unary(Query, t.optional(Reply), {
        idempotent: true,
        timeoutMs: 5000,
        requires: anyOf("a", "b"),
      }),
      watch: serverStream(Query, Reply, { requires: allOf("x") }),
      upload: clientStream(Query, Reply),
      chat: bidiStream(Query, Query, { name: "Chat" }),
    },
  );

  it("has the facts of its declaration, with wire names", () => {
    expect(S).toMatchObject({ name: "Billing", version: 3, scope: "session", modes: ["json", "xlang"] });
    expect(S.requires).toEqual({ kind: "role", roles: ["user"] });
    expect(
      serviceDefinition(S).methods.map(({ key, wireName, pattern }) => [key, wireName, pattern]),
    ).toEqual([
      ["getInvoice", "get_invoice", "unary"],
      ["watch", "watch", "serverStream"],
      ["upload", "upload", "clientStream"],
      ["chat", "Chat", "bidiStream"],
    ]);
    expect(serviceDefinition(S).methods[0]).toMatchObject({
      idempotent: true,
      timeoutMs: 5000,
      requires: { kind: "anyOf", roles: ["a", "b"] },
    });
  });

  it("makes the document that Rust reads", () => {
    expect(serviceDocument(S)).toMatchObject({
      name: "Billing",
      version: 3,
      scope: "session",
      modes: ["json", "xlang"],
      methods: [
        {
          name: "get_invoice",
          pattern: "unary",
          request: { message: 0 },
          response: { optional: { message: 1 } },
        },
        { name: "watch", idempotent: false, timeoutMs: null },
        { name: "upload" },
        { name: "Chat", request: { message: 0 }, response: { message: 0 } },
      ],
      schema: { types: [{ tag: "n/Query" }, { tag: "n/Reply" }] },
    });
  });

  it("has a codec for each request and response, all with one plan", () => {
    const codecs = serviceCodecs(S);
    expect(codecs).toBe(serviceCodecs(S));
    expect(codecs.methods.map(({ request, response }) => [request.root, response.root])).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
    const writer = new MessageWriter(16);
    codecs.methods[0]?.response.write(writer, null);
    expect(Buffer.from(writer.buf.slice(0, writer.pos)).toString("hex")).toBe("03fd");
    expect(codecs.methods[0]?.response.read(writer.buf, 0, writer.pos, false)).toBeNull();
    const plain = codecs.methods[1]?.response;
    expect(() => plain?.read(writer.buf, 0, writer.pos, false)).toThrow(
      expect.objectContaining({ reason: "NULL_MESSAGE" }),
    );
    expect(() => plain?.write(writer, null)).toThrow(expect.objectContaining({ reason: "VALUE_MISFIT" }));
  });

  it("has version 1, scope shared and mode xlang by default", () => {
    expect(service("Empty", {}, {})).toMatchObject({
      version: 1,
      scope: "shared",
      modes: ["xlang"],
      requires: null,
    });
  });
});

describe("a bad service is a TypeError that names the position", () => {
  it.each([
    ["no name", () => service("", {}, {}), /name/],
    ["a name too long", () => service("x".repeat(257), {}, {}), /256/],
    ["a version below 1", () => service("S", { version: 0 }, {}), /S\.version/],
    ["an unknown scope", () => service("S", { scope: "stream" as Loose }, {}), /S\.scope/],
    ["an unknown mode", () => service("S", { modes: ["protobuf" as Loose] }, {}), /S\.modes\[0\]/],
    ["a mode twice", () => service("S", { modes: ["xlang", "xlang"] }, {}), /S\.modes\[1\]/],
    ["an unknown option", () => service("S", { scoped: "shared" } as Loose, {}), /S\.scoped: unknown option/],
    [
      "a method that is not a method",
      () => service("S", {}, { a: (() => 1) as Loose }),
      /S\.a: a method must be unary/,
    ],
    [
      "two methods with one wire name",
      () => service("S", {}, { aB: unary(Query, Reply), a_b: unary(Query, Reply) }),
      /a_b/,
    ],
    [
      "a method called then",
      () => service("S", {}, { [thenKey]: unary(Query, Reply) }),
      /S\.then: this name is reserved/,
    ],
    [
      "a method called constructor",
      () => service("S", {}, { constructor: unary(Query, Reply) } as Loose),
      /reserved/,
    ],
    [
      "a list as request",
      () => unary(t.list(t.int), Reply),
      /unary\(\) request: a list cannot be a request or response/,
    ],
    ["an optional request", () => unary(t.optional(Query), Reply), /request/],
    ["an optional streamed response", () => serverStream(Query, t.optional(Reply)), /response/],
    ["idempotent streams", () => serverStream(Query, Reply, { idempotent: true } as Loose), /idempotent/],
    ["a timeout of zero", () => unary(Query, Reply, { timeoutMs: 0 }), /timeoutMs/],
    [
      "an unknown method option",
      () => unary(Query, Reply, { timeout: 5 } as Loose),
      /unary\(\)\.timeout: unknown option/,
    ],
    ["an empty role", () => anyOf(""), /role/],
  ])("%s", (_name, define, text) => {
    expect(define).toThrow(TypeError);
    expect(define).toThrow(text);
  });

  it("a method descriptor has no name or length property", () => {
    expect(Object.keys(unary(Query, Reply))).toEqual(["pattern", "request", "response", "options"]);
  });
});

describe("calls without a schema", () => {
  const round = (value: unknown): unknown => {
    const writer = new MessageWriter(8);
    jsonCodec.write(writer, value);
    return jsonCodec.read(writer.buf, 0, writer.pos, false);
  };

  it("objects are decoded without a prototype, and maps with other keys as maps", () => {
    const back = round({ a: 1, b: { c: [null, "x", { d: 2 ** 53 - 1 }] } }) as Loose;
    expect(back).toEqual({ a: 1, b: { c: [null, "x", { d: 2 ** 53 - 1 }] } });
    expect(Object.getPrototypeOf(back)).toBeNull();
    expect(Object.getPrototypeOf(back.b.c[2])).toBeNull();
    expect(round(new Map([[1, 2]]))).toEqual(new Map([[1, 2]]));
  });

  it("any value can be the root, also null", () => {
    for (const value of [null, 5, "x", [1], true, 1.5]) expect(round(value)).toEqual(value);
  });

  it("integers beyond 2^53 are bigints", () => {
    expect(round({ n: 2n ** 60n })).toEqual({ n: 2n ** 60n });
  });

  it("the key __proto__ is only data", () => {
    const back = round(JSON.parse('{"__proto__":{"polluted":1}}')) as Loose;
    expect(Object.keys(back)).toEqual(["__proto__"]);
    expect(({} as Loose).polluted).toBeUndefined();
  });
});
