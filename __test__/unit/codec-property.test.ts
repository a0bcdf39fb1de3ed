import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MessageCodec } from "../../ts/src/message.js";
import { messages, valuesOf } from "./codec-arbitraries.js";
import { acceptedByRust, codecsOf, decode, encode, type Loose, outcome } from "./support/executors.js";

const cases = messages(2).chain((schema: Loose) => fc.tuple(fc.constant(schema), valuesOf(schema)));

describe("any schema and any value that fits it", () => {
  it("is decoded to an equal value by generated and interpreted code, from the same bytes, which Rust accepts", () => {
    fc.assert(
      fc.property(cases, ([schema, { input, output }]) => {
        const [generated, interpreted] = codecsOf(schema);
        const bytes = encode(generated, input);
        expect(encode(interpreted, input)).toEqual(bytes);
        expect(decode(generated, bytes)).toEqual(output);
        expect(decode(interpreted, bytes)).toEqual(output);
        expect(acceptedByRust(generated, bytes)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });
});

describe("any message in compatible mode", () => {
  const compatible = messages(2, { compatible: true }).chain((schema: Loose) =>
    fc.tuple(fc.constant(schema), valuesOf(schema)),
  );

  it("is decoded to an equal value by both executors, from the same bytes", () => {
    fc.assert(
      fc.property(compatible, ([schema, { input, output }]) => {
        const [generated, interpreted] = codecsOf(schema).map(({ compatible }) => compatible) as [
          MessageCodec,
          MessageCodec,
        ];
        const bytes = encode(generated, input);
        expect(encode(interpreted, input)).toEqual(bytes);
        expect(decode(generated, bytes)).toEqual(output);
        expect(decode(interpreted, bytes)).toEqual(output);
      }),
      { numRuns: 150 },
    );
  });
});

/** Changes to a message: other bytes, a shorter end, more bytes. */
const damage = fc.array(
  fc.record({
    at: fc.nat(400),
    byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 8, 12, 0xfd, 0xff)),
  }),
  { minLength: 1, maxLength: 4 },
);

function damaged(
  bytes: Uint8Array,
  changes: readonly { at: number; byte: number }[],
  cut: number,
): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (const { at, byte } of changes) copy[at % copy.length] = byte;
  return cut > copy.length ? Uint8Array.of(...copy, 0) : copy.subarray(0, copy.length - (cut % 3));
}

describe("damaged bytes", () => {
  it("give an AsterError or a value, the same for generated code, the interpreter and Rust", () => {
    fc.assert(
      fc.property(
        cases,
        fc.array(fc.tuple(damage, fc.nat(600)), { minLength: 5, maxLength: 5 }),
        ([schema, { input }], all) => {
          const [generated, interpreted] = codecsOf(schema);
          const whole = encode(generated, input);
          for (const [changes, cut] of all) {
            const bytes = damaged(whole, changes, cut);
            const found = outcome(generated, bytes);
            expect(outcome(interpreted, bytes)).toEqual(found);
            // Only t.int refuses an integer that is too large for a number. Rust accepts it.
            if (found !== "unsafe") expect(acceptedByRust(generated, bytes)).toBe(found !== "refused");
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("are read within their own length: a wrong length never makes the reader allocate or loop", () => {
    fc.assert(
      fc.property(messages(2), fc.uint8Array({ maxLength: 200 }), (schema: Loose, tail) => {
        const [generated, interpreted] = codecsOf(schema);
        const prefix = schema.tag.length > 0 ? Uint8Array.of(2, 255, 29, ...tail) : tail;
        expect(outcome(generated, prefix)).toEqual(outcome(interpreted, prefix));
      }),
      { numRuns: 300 },
    );
  });
});
