// Random graphs with both executors and Rust: the same bytes, the same objects, and the same result for damaged bytes.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differences, graphOf, Node, plans } from "./references-arbitraries.js";
import { acceptedByRust, codecsOf, decode, encode, outcome } from "./support/executors.js";

const [generated, interpreted] = codecsOf(Node);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("any graph", () => {
  it("is decoded with the same objects at the same positions, from the same bytes in both executors", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const graph = graphOf(plan);
        const bytes = encode(generated, graph);
        expect(hex(encode(interpreted, graph))).toBe(hex(bytes));
        for (const codec of [generated, interpreted]) {
          const decoded = decode(codec, bytes);
          expect(differences(graph, decoded)).toEqual([]);
          expect(hex(encode(codec, decoded))).toBe(hex(bytes));
        }
        expect(acceptedByRust(generated, bytes)).toBe(true);
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  it("is validated without an endless loop, and copied as decoding would", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const graph = graphOf(plan);
        const checked = Node["~standard"].validate(graph);
        expect(checked.issues).toBeUndefined();
        expect(differences(graph, checked.value)).toEqual([]);
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });
});

/** Changes to a message: other bytes, a shorter end, more bytes. */
const damage = fc.array(
  fc.record({
    at: fc.nat(2000),
    byte: fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0, 1, 2, 8, 9, 13, 0x15, 0x2a, 0x2d, 0xfd, 0xfe, 0xff),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

describe("damaged graphs", () => {
  it("give an error or a value, the same for generated code, the interpreter and Rust", () => {
    let read = 0;
    fc.assert(
      fc.property(
        plans,
        fc.array(fc.tuple(damage, fc.nat(600)), { minLength: 12, maxLength: 12 }),
        (plan, all) => {
          const whole = encode(generated, graphOf(plan));
          for (const [changes, cut] of all) {
            const bytes = Uint8Array.from(whole);
            for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
            const given = cut < 3 ? bytes.subarray(0, bytes.length - cut) : bytes;
            const found = outcome(generated, given);
            const other = outcome(interpreted, given);
            if (typeof found === "string") {
              expect(other).toBe(found);
            } else {
              read++;
              expect(differences(found.value, (other as { value: unknown }).value, true)).toEqual([]);
            }
            if (found !== "unsafe")
              expect(`${hex(given)} ${acceptedByRust(generated, given)}`).toBe(
                `${hex(given)} ${found !== "refused"}`,
              );
          }
        },
      ),
      { numRuns: 200, endOnFailure: true },
    );
    expect(read).toBeGreaterThan(100);
  });
});
