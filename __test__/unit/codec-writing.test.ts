import { describe, expect, it } from "vitest";
import { codecOf } from "../../ts/src/codec/codec.js";
import { MessageWriter } from "../../ts/src/message.js";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";

const M = message("w/M", { a: t.int, b: t.string });

describe("a failed write", () => {
  it("leaves the earlier content of the buffer, and the next write works", () => {
    const writer = new MessageWriter(4);
    codecOf(M).write(writer, { a: 1, b: "first" });
    const before = writer.buf.slice(0, writer.pos);
    expect(() => codecOf(M).write(writer, { a: 2, b: 5 })).toThrow(/w\/M at b/);
    expect(writer.buf.slice(0, writer.pos)).toEqual(before);
    codecOf(M).write(writer, { a: 1, b: "first" });
    expect(writer.buf.slice(before.length, writer.pos)).toEqual(before);
  });

  it("throws the error of a getter unchanged", () => {
    const value = {
      a: 1,
      get b(): string {
        throw new RangeError("from the getter");
      },
    };
    expect(() => M.encode(value)).toThrow(new RangeError("from the getter"));
    expect(M.decode(M.encode({ a: 1, b: "x" }))).toEqual({ a: 1, b: "x" });
  });
});

describe("a getter that encodes another message", () => {
  it("is refused; when it catches the error, the outer message is still correct", () => {
    let inner: unknown;
    const value = {
      a: 1,
      get b(): string {
        try {
          M.encode({ a: 2, b: "inner" });
        } catch (error) {
          inner = error;
        }
        return "outer";
      },
    };
    expect(M.decode(M.encode(value))).toEqual({ a: 1, b: "outer" });
    expect(inner).toMatchObject({ code: 3, reason: "VALUE_MISFIT" });
  });
});

describe("limits", () => {
  it("a collection of more than a million elements is refused before it is written", () => {
    const L = message("w/L", { l: t.list(t.bool) });
    const writer = new MessageWriter(16);
    expect(() => codecOf(L).write(writer, { l: new Array(1_000_001).fill(true) })).toThrow(
      /more than 1000000 elements/,
    );
    expect(writer.buf.length).toBeLessThan(1024);
  });

  it("a message of more than a million objects is refused when read", () => {
    const L = message("w/L", { l: t.list(t.list(t.list(t.int))) });
    const writer = new MessageWriter(16);
    codecOf(L).write(writer, { l: Array.from({ length: 1000 }, () => new Array(990).fill([])) });
    expect(() => codecOf(L).read(writer.buf, 0, writer.pos, false)).not.toThrow();
    expect(() =>
      codecOf(L).write(writer, { l: Array.from({ length: 1001 }, () => new Array(1000).fill([])) }),
    ).toThrow(/more than 1000000 messages and collections/);
  });
});
