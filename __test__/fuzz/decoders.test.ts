/**
 * A limited run of the fuzz targets of the JavaScript decoders, with the same inputs each time. For longer runs with other
 * inputs: `node scripts/fuzz.mjs` (docs/fuzzing.md).
 */
import { message, t } from "aster-rpc";
import { describe, expect, it } from "vitest";
import { fuzzTargets } from "../../scripts/fuzz.mjs";
import { manifestSeeds } from "./support/documents.ts";
import { mutate } from "./support/mutate.ts";
import { Random } from "./support/random.ts";
import { again, fuzz } from "./support/run.ts";
import { type Target, targets } from "./support/targets.ts";

const INPUTS = 5_000;

describe("damaged input", () => {
  it.each(Object.keys(targets))("%s: all readers agree, and all checks hold", (name) => {
    const { inputs, taken, outcomes } = fuzz(name, 1, { inputs: INPUTS });
    expect(inputs).toBe(INPUTS);
    // A fuzzer whose inputs are all refused immediately tests nothing.
    expect(taken).toBeGreaterThan(50);
    expect(outcomes).toBeGreaterThan(20);
  });
});

describe("inputs that were findings before", () => {
  it.each([
    [
      "a count of more than five bytes",
      "vectors",
      80,
      "02ff1d0c022201a1fcaea00c025057ecf1b6e0b85997170e808080808080808000",
    ],
  ])("%s", (_, target, subject, input) => {
    expect(again(target, subject, Buffer.from(input, "hex"))).not.toMatch(/^value/);
  });
});

describe("a manifest whose types are damaged", () => {
  it("is refused with an error text, before it becomes code", () => {
    const whole = String(manifestSeeds()[0]);
    expect(again("manifest", 0, Buffer.from(whole))).toMatch(/^value/);
    const damaged = whole.replaceAll('"members"', '"member"');
    expect(again("manifest", 0, Buffer.from(damaged))).toMatch(/damaged contract/);
  });
});

describe("a manifest with letters of the newest Unicode version", () => {
  it("becomes code for compilers that do not know these letters", () => {
    const whole = String(manifestSeeds()[0]);
    const given = whole
      .replaceAll('"name":"Tree"', '"name":"T\ua7cbree"')
      .replaceAll("by_name", "by\u1c89name");
    expect(given).toContain("by\u1c89name");
    expect(given).toContain("T\ua7cbree");
    expect(again("manifest", 0, Buffer.from(given))).toMatch(/^value/);
  });
});

describe("the cost of a message", () => {
  it("is limited for names: each type spells its name once, so there are never many", () => {
    const Kind = t.enum("E", ["A"]);
    const Holder = message("H", { any: t.any }, { types: [Kind] });
    const [head = ""] = Buffer.from(Holder.encode({ any: [Kind.value("A"), 1] }))
      .toString("hex")
      .split("160200");
    // A list of the enum E, empty or not, with both names in full each time.
    const spelled = (count: number): Buffer => {
      const counted = Buffer.from([(count & 127) | 128, (count >> 7) & 127, 0]).toString("hex");
      return Buffer.from(`${head}16${counted}${"1a0002031000".repeat(count)}`, "hex");
    };
    expect(Holder.decode(spelled(4000)).any).toHaveLength(4000);
    expect(() => Holder.decode(spelled(4200))).toThrow("more than 8192 names");
  });
});

describe("the fuzzer itself", () => {
  it("has all of its targets in the program for longer runs", () => {
    const names = Object.keys(targets).map((name) => `js-${name}`);
    expect(fuzzTargets).toEqual(expect.arrayContaining(names));
    expect(fuzzTargets.filter((name: string) => name.startsWith("js-"))).toHaveLength(names.length);
  });

  it("makes the same inputs for the same seed, and different inputs", () => {
    const made = (seed: number): string[] => {
      const random = new Random(seed);
      return Array.from({ length: 50 }, () =>
        Buffer.from(mutate(random, Buffer.alloc(40, 7), [])).toString("hex"),
      );
    };
    expect(made(5)).toEqual(made(5));
    expect(made(6)).not.toEqual(made(5));
    expect(new Set(made(5)).size).toBeGreaterThan(35);
  });

  it.each<[string, Target]>([
    [
      "accepts bytes that Rust refuses",
      () => ({ seeds: [Uint8Array.of(1)], check: () => fail("only Rust refuses") }),
    ],
    ["changes a prototype", () => ({ seeds: [Uint8Array.of(1)], check: pollute })],
  ])("reports a decoder that %s, with subject and input", (what, target) => {
    const broken = targets as Record<string, Target>;
    broken[what] = target;
    try {
      expect(() => fuzz(what, 3, { inputs: 10 })).toThrow(
        /subject 3, input 01: (only Rust refuses|a prototype was changed)/,
      );
    } finally {
      delete broken[what];
      delete (Object.prototype as { polluted?: unknown }).polluted;
    }
  });
});

function fail(message: string): never {
  throw new Error(message);
}

function pollute(): string {
  Object.defineProperty(Object.prototype, "polluted", { value: 1, configurable: true });
  return "value";
}
