import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Code } from "../../ts/src/errors.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { messages, valuesOf } from "./codec-arbitraries.js";
import { codecsOf, decode, encode, type Loose, outcome } from "./support/executors.js";

const natives = (schema: Loose) => codecsOf(schema).map((codec) => codec.native) as [Loose, Loose];
const cases = messages(2).chain((schema: Loose) => fc.tuple(fc.constant(schema), valuesOf(schema)));

/** The value that both executors read from the bytes that both write. */
function roundTrip(schema: Loose, value: unknown): Loose {
  const [generated, interpreted] = natives(schema);
  const bytes = encode(generated, value);
  expect(encode(interpreted, value)).toEqual(bytes);
  const read = decode(generated, bytes);
  expect(decode(interpreted, bytes)).toEqual(read);
  return read;
}

const Status = message("bench/Status", { agentId: t.string, status: t.string, uptimeSecs: t.int });
const Line = message("bench/Line", { sku: t.string, count: t.int, price: t.float, taxed: t.bool });
const Order = message("bench/Order", { id: t.string, lines: t.list(Line), labels: t.record(t.string) });

describe("messages in NATIVE mode", () => {
  it("are decoded to the value of the schema by both executors, from the same bytes", () => {
    fc.assert(
      fc.property(cases, ([schema, { input, output }]) => {
        expect(roundTrip(schema, input)).toEqual(output);
      }),
      { numRuns: 400 },
    );
  });

  it("take at most 85 % of the bytes of XLANG for a small message", () => {
    const value = { agentId: "agent-0123456789", status: "busy", uptimeSecs: 123_456 };
    const [generated] = codecsOf(Status);
    const bytes = encode(generated.native, value);
    expect(bytes.length / encode(generated, value).length).toBeLessThan(0.85);
    expect(Buffer.from(bytes).toString("hex")).toBe("12f140e201406167656e742d303132333435363738391062757379");
  });

  it.each([
    -17,
    -16,
    0,
    207,
    208,
    4095,
    4096,
    65_535,
    65_536,
    2 ** 24,
    -(2 ** 31),
    2 ** 31,
    2 ** 53 - 1,
    -(2 ** 53 - 1),
  ])("hold the integer %d at every size of an integer", (value) => {
    expect(roundTrip(Status, { agentId: "", status: "", uptimeSecs: value }).uptimeSecs).toBe(value);
  });

  it.each([0, 239, 240, 3567, 3568, 65_535, 65_536, 70_000])(
    "hold a list and a string of %d parts",
    (count) => {
      const Parts = message("native/Parts", { list: t.list(t.bool), text: t.string });
      const value = { list: new Array(count).fill(true), text: "x".repeat(count) };
      expect(roundTrip(Parts, value)).toEqual(value);
    },
  );

  it("mix text of all alphabets, and keep the bytes of LATIN1 text after a payload with other text", () => {
    const order = (id: string, sku: string) => ({
      id,
      lines: [{ sku, count: 1, price: 1.5, taxed: true }],
      labels: { é: id },
    });
    const latin = order("Zoë", "SKU-1");
    const [generated] = natives(Order);
    const first = encode(generated, latin);
    for (const text of ["日本", "€", "😀", "ж".repeat(300)]) {
      const value = order(text, `é${text}`);
      expect(roundTrip(Order, value)).toEqual(value);
    }
    expect(encode(generated, latin)).toEqual(first);
    expect(encode(generated, latin)).toEqual(first);
  });

  it("refuse lone surrogates in t.string with the path, as XLANG does", () => {
    const [generated, interpreted] = natives(Order);
    const value = { id: "a", lines: [{ sku: "\ud800", count: 1, price: 1, taxed: false }], labels: {} };
    for (const codec of [generated, interpreted]) {
      expect(() => encode(codec, value)).toThrow(
        expect.objectContaining({
          code: Code.INVALID_ARGUMENT,
          details: new Map([["path", "lines[0].sku"]]),
        }),
      );
    }
    // Two halves of a pair in different strings are not one character.
    const halves = { ...value, id: "\ud83d", labels: { "\ude00": "" }, lines: [] };
    expect(() => encode(generated, halves)).toThrow("without lone surrogates");
  });

  it("cut long text out of windows without keeping more than their share of memory", () => {
    const Texts = message("native/Texts", { texts: t.list(t.string) });
    const texts = Array.from({ length: 300 }, (_, index) => "abcdefgh".repeat(index % 40).slice(index % 7));
    expect(roundTrip(Texts, { texts })).toEqual({ texts });
  });

  it("keep shared objects and cycles of messages that track references", () => {
    const Node: Loose = message(
      "native/Node",
      {
        name: t.string,
        get next(): Loose {
          return t.shared(t.optional(Node));
        },
        value: t.js,
      },
      { refs: true },
    );
    const [generated] = natives(Node);
    const first: Loose = { name: "a", value: undefined };
    first.next = { name: "b", next: first, value: new Set([1]) };
    const back = decode(generated, encode(generated, first)) as Loose;
    expect(back.next.next).toBe(back);
    expect(back.next.value).toEqual(new Set([1]));
    expect(back.value).toBe(undefined);
  });

  it("hold roots that are no messages, and null where the schema allows it", () => {
    expect(roundTrip(t.string, "ж")).toBe("ж");
    expect(roundTrip(t.int, -5)).toBe(-5);
    expect(roundTrip(t.any, [1, "x", null])).toEqual([1, "x", null]);
    expect(roundTrip(t.any, null)).toBe(null);
    expect(roundTrip(t.optional(Status), null)).toBe(null);
    const [generated] = natives(Status);
    expect(() => decode(generated, Uint8Array.of(0x10))).toThrow("null where a value is required");
  });

  it("have a list of empty messages whose length their bytes limit", () => {
    const Empty = message("native/Empty", {});
    const Many = message("native/Many", { many: t.list(Empty) });
    expect(roundTrip(Many, { many: [{}, {}, {}] }).many).toHaveLength(3);
    const [generated, interpreted] = natives(Many);
    const bytes = Buffer.from("130a000000ff40420f00", "hex");
    expect([outcome(generated, bytes), outcome(interpreted, bytes)]).toEqual(["refused", "refused"]);
  });
});

describe("hostile messages in NATIVE mode", () => {
  const damage = fc.array(fc.record({ at: fc.nat(400), byte: fc.nat(255) }), { minLength: 1, maxLength: 4 });

  it("give an AsterError or a value, the same for both executors", () => {
    fc.assert(
      fc.property(
        cases,
        fc.array(fc.tuple(damage, fc.nat(20)), { minLength: 5, maxLength: 5 }),
        ([schema, { input }], all) => {
          const [generated, interpreted] = natives(schema);
          const whole = encode(generated, input);
          for (const [changes, cut] of all) {
            const copy = Uint8Array.from(whole);
            for (const { at, byte } of changes) copy[at % copy.length] = byte;
            const bytes = copy.subarray(0, Math.max(copy.length - (cut > 10 ? 0 : cut), 0));
            expect(outcome(interpreted, bytes)).toEqual(outcome(generated, bytes));
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it.each([
    ["no bytes", "", "ends too early"],
    ["a first byte of XLANG", "02ff", "unknown first byte 2"],
    ["text before the value", "13 02000000", "text begins outside"],
    ["text behind the message", "13 ff000000 00 00 00", "text begins outside"],
    ["a string that is longer than the text", "13 08000000 02 00 00 61", "only 1 are left"],
    ["text that no string uses", "13 08000000 00 00 00 61", "1 bytes of text follow"],
    ["bytes between value and text", "13 0a000000 00 00 00 00 00", "2 bytes follow the value"],
    ["more elements than bytes", "13 08000000 00 ef 00", "239 elements, but only"],
    ["a string in place without bytes", "13 06000000 fd", "ends too early"],
    ["lone surrogates in place", "13 0a000000 fd 09 00d8 00", "invalid bytes"],
  ])("are refused: %s", (_, hex, problem) => {
    const bytes = Buffer.from(hex.replaceAll(" ", ""), "hex");
    for (const codec of natives(Order)) {
      expect(() => decode(codec, bytes)).toThrow(expect.objectContaining({ code: Code.INVALID_ARGUMENT }));
      expect(() => decode(codec, bytes)).toThrow(problem);
    }
  });

  it("are refused when the integer of a smaller kind is out of its range", () => {
    const Unsigned = message("native/Unsigned", { value: t.uint32 });
    for (const codec of natives(Unsigned)) {
      expect(() => decode(codec, Buffer.from("1200", "hex"))).toThrow("-16 is not");
      expect(() => decode(codec, Buffer.from("12f30000000001000000", "hex"))).toThrow("is not");
    }
    const Signed = message("native/Signed", { value: t.int32 });
    for (const codec of natives(Signed)) {
      expect(() => decode(codec, Buffer.from("12f30000008000000000", "hex"))).toThrow("2147483648 is not");
    }
  });
});
