import { describe, expect, it } from "vitest";
import { MessageWriter } from "../../ts/src/message.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { codecsOf, decodeByBoth, encodeByBoth, type Loose, PREFIX } from "./support/executors.js";

/** The payload of a message with the one field `x`, without the prefix. Also checks that decoding returns the value. */
function payload(schema: Loose, x: unknown): string {
  const One = message("s/One", { x: schema });
  const bytes = encodeByBoth(One, { x });
  expect(decodeByBoth(One, bytes)).toEqual({ x });
  return Buffer.from(bytes.subarray(PREFIX)).toString("hex");
}

const M = 2n ** 63n;

describe("integers have the bytes of the format", () => {
  it.each([
    [0, "00"],
    [-1, "01"],
    [63, "7e"],
    [64, "8001"],
    [-64, "7f"],
    [-65, "8101"],
    [300, "d804"],
    [2 ** 31 - 1, "feffffff0f"],
    [2 ** 31, "8080808010"],
    [-(2 ** 31), "ffffffff0f"],
    [-(2 ** 31) - 1, "8180808010"],
    [Number.MAX_SAFE_INTEGER, "feffffffffffff1f"],
    [Number.MIN_SAFE_INTEGER, "fdffffffffffff1f"],
  ])("t.int %d", (value, bytes) => {
    expect(payload(t.int, value)).toBe(bytes);
    expect(payload(t.bigint, BigInt(value))).toBe(bytes);
  });

  it.each([
    [2n ** 53n, "8080808080808020"],
    [2n ** 62n, "808080808080808080"],
    [M - 1n, "feffffffffffffffff"],
    [-M, "ffffffffffffffffff"],
  ])("t.bigint %s", (value, bytes) => {
    expect(payload(t.bigint, value)).toBe(bytes);
  });

  it.each([
    ["int8", -128, "80"],
    ["int8", 127, "7f"],
    ["int16", -32768, "0080"],
    ["int32", -2147483648, "ffffffff0f"],
    ["int32", 2147483647, "feffffff0f"],
    ["fixedInt32", -2147483648, "00000080"],
    ["uint8", 255, "ff"],
    ["uint16", 65535, "ffff"],
    ["uint32", 4294967295, "ffffffff0f"],
    ["fixedUint32", 4294967295, "ffffffff"],
    ["fixedInt64", -M, "0000000000000080"],
    ["fixedUint64", 2n ** 64n - 1n, "ffffffffffffffff"],
    ["uint64", 2n ** 64n - 1n, "ffffffffffffffffff"],
    ["uint64", 127n, "7f"],
    ["taggedInt64", 2n ** 30n - 1n, "feffff7f"],
    ["taggedInt64", 2n ** 30n, "010000004000000000"],
    ["taggedInt64", -(2n ** 30n), "00000080"],
    ["taggedInt64", -(2n ** 30n) - 1n, "01ffffffbfffffffff"],
    ["taggedUint64", 2n ** 31n - 1n, "feffffff"],
    ["taggedUint64", 2n ** 31n, "010000008000000000"],
  ])("t.%s %s", (kind, value, bytes) => {
    expect(payload((t as Loose)[kind], value)).toBe(bytes);
  });
});

describe("other scalars have the bytes of the format", () => {
  it.each([
    ["bool", true, "01"],
    ["float", 12.5, "0000000000002940"],
    ["float", Number.NaN, "000000000000f87f"],
    ["float", -0, "0000000000000080"],
    ["float32", 0.5, "0000003f"],
    ["bytes", Uint8Array.of(0, 255), "0200ff"],
    ["date", "2024-01-01", "0b4d0000"],
    ["date", "0001-01-01", "c606f5ff"],
    ["date", "9999-12-31", "a0c02c00"],
    ["timestamp", new Date("2024-01-01T00:00:00Z"), "800092650000000000000000"],
    ["timestamp", new Date(-1), "ffffffffffffffffc0878b3b"],
    ["timestampMicros", -1n, "ffffffffffffffff18c69a3b"],
  ])("t.%s %s", (kind, value, bytes) => {
    expect(payload((t as Loose)[kind], value)).toBe(bytes);
  });

  it.each([
    ["", "00"],
    ["hello", "1468656c6c6f"],
    ["é", "04e9"],
    ["€", "09ac20"],
    ["日本", "11e5652c67"],
    ["😀", "12f09f9880"],
    ["a😀é日", "2a61f09f9880c3a9e697a5"],
    ["x".repeat(32), `8001${"78".repeat(32)}`],
    ["x".repeat(24), `60${"78".repeat(24)}`],
    ["x".repeat(25), `64${"78".repeat(25)}`],
  ])("t.string %j", (value, bytes) => {
    expect(payload(t.string, value)).toBe(bytes);
  });

  it("a decoded t.bytes is a plain Uint8Array with its own buffer; a view shares the buffer", () => {
    const One = message("s/One", { own: t.bytes, lent: t.bytes.view });
    const bytes = One.encode({ own: Buffer.from("ab"), lent: Buffer.from("cd") });
    const { own, lent } = One.decode(bytes);
    expect(Object.getPrototypeOf(own)).toBe(Uint8Array.prototype);
    expect(own.buffer.byteLength).toBe(2);
    expect(lent.buffer).toBe(bytes.buffer);
    expect(Buffer.from(lent).toString()).toBe("cd");
  });
});

describe("a value that does not fit is INVALID_ARGUMENT with its path", () => {
  const bad: [string, unknown, RegExp][] = [
    ["int", 1.5, /a safe integer, got 1.5/],
    ["int", 2 ** 53, /a safe integer/],
    ["int", "5", /got a string/],
    ["int", 5n, /the bigint 5/],
    ["int", null, /got null/],
    ["bigint", 5, /64-bit bigint/],
    ["bigint", M, /64-bit bigint/],
    ["int8", 128, /-128 to 127/],
    ["uint8", -1, /0 to 255/],
    ["uint32", 2 ** 32, /0 to 4294967295/],
    ["uint64", -1n, /unsigned/],
    ["fixedInt64", M, /signed/],
    ["taggedUint64", 2n ** 64n, /unsigned/],
    ["bool", 1, /a boolean/],
    ["float", "1", /a number/],
    ["string", 5, /a string/],
    ["string", 5, /expected a string, got 5$/],
    ["string", "\ud800", /lone surrogates/],
    ["string", `${"x".repeat(40)}\udc00`, /lone surrogates/],
    ["bytes", [1, 2], /a Uint8Array/],
    ["date", "2024-02-30", /a day such as/],
    ["date", "24-01-01", /a day such as/],
    ["timestamp", new Date(Number.NaN), /years 1 to 9999/],
    ["timestamp", new Date(8.64e15), /years 1 to 9999/],
    ["timestampMicros", 2n ** 62n, /years 1 to 9999/],
  ];

  it.each(bad)("t.%s %s", (kind, value, text) => {
    const One = message("s/One", { x: (t as Loose)[kind] });
    for (const codec of codecsOf(One)) {
      const writer = new MessageWriter(8);
      const write = () => codec.write(writer, { x: value });
      expect(write).toThrow(text);
      expect(write).toThrow(
        expect.objectContaining({ code: 3, isLocal: true, details: new Map([["path", "x"]]) }),
      );
      expect(writer.pos).toBe(0);
    }
  });

  it("an integer that is too large for a number is refused for t.int, and accepted for t.bigint", () => {
    const Wide = message("s/One", { x: t.bigint });
    const Narrow = message("s/One", { x: t.int });
    const bytes = Wide.encode({ x: 2n ** 53n });
    expect(() => Narrow.decode(bytes)).toThrow(/too large for a number/);
    expect(Wide.decode(bytes)).toEqual({ x: 2n ** 53n });
    expect(() => Narrow.decode(Wide.encode({ x: -(2n ** 53n) }))).toThrow(/too large for a number/);
  });
});
