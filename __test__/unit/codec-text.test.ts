// Strings are slices of a window of decoded text. They equal strings decoded one by one, and keep little memory alive.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { codecsOf, encode } from "./support/executors.js";

const Texts = message("t/Texts", { head: t.string, list: t.list(t.string), map: t.record(t.string) });
const codecs = codecsOf(Texts);

const encoded = (value: unknown): Uint8Array => encode(codecs[0], value);

/** A string of a given length with changing characters: LATIN1, and sometimes one above. */
function text(length: number, seed: number): string {
  const units = Array.from({ length }, (_, index) => 33 + ((index * 31 + seed * 17) % 220));
  if (seed % 7 === 0 && length > 0) units[length - 1] = 0x20ac;
  if (seed % 11 === 0 && length > 1) units.splice(length - 2, 2, 0xd83d, 0xde00);
  return String.fromCharCode(...units);
}

describe("strings of any length at any position", () => {
  it("are decoded unchanged, also when the message begins inside a buffer", () => {
    for (let round = 0; round < 60; round++) {
      const list = Array.from({ length: 40 }, (_, index) =>
        text((index * round) % (index % 9 === 0 ? 300 : 40), index + round),
      );
      const map = Object.fromEntries(list.slice(0, 9).map((value, index) => [text(index, index), value]));
      const value = { head: text(round * 5, round), list, map };
      const bytes = encoded(value);
      const start = round % 5;
      const buffer = new Uint8Array(start + bytes.length + (round % 3)).fill(0xff);
      buffer.set(bytes, start);
      for (const codec of codecs) {
        const read = codec.read(buffer, start, start + bytes.length, false);
        expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(value)));
      }
    }
  });

  it("are refused when the message is cut off, whatever follows it in the buffer", () => {
    const bytes = encoded({
      head: text(9, 1),
      list: [text(30, 2), text(14, 3), text(70, 4)],
      map: { a: "b" },
    });
    for (let end = 0; end < bytes.length; end++) {
      for (const codec of codecs) {
        expect(() => codec.read(bytes, 0, end, false)).toThrow(
          expect.objectContaining({ reason: "MALFORMED_MESSAGE" }),
        );
      }
    }
  });
});

/** The bytes of heap that one string of `length` keeps alive, from a message of two hundred strings. */
function keptBytes(length: number): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const bytes = encoded({ head: "", list: Array.from({ length: 200 }, () => text(length, 1)), map: {} });
  const kept: string[] = new Array(20_000).fill("");
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < kept.length; index++) {
    const value = codecs[0]?.read(bytes, 0, bytes.length, false) as { list: string[] };
    kept[index] = value.list[100] as string;
  }
  collect();
  expect(kept[19_999]).toBe(text(length, 1));
  return (process.memoryUsage().heapUsed - before) / kept.length;
}

describe("a string that the program keeps", () => {
  it("is a copy when it is short, and keeps at most one window alive when it is longer", () => {
    expect(keptBytes(20)).toBeLessThan(100);
    expect(keptBytes(40)).toBeLessThan(400);
  });
});
