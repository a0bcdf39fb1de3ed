/** Pairs of strings as users give them: what is taken, and what is refused with its path. */
import vm from "node:vm";
import { describe, expect, it } from "vitest";
import { AsterError, Code } from "../../ts/src/errors.js";
import { cutDetails, cutText } from "../../ts/src/metadata.js";
import { pairsOf } from "../../ts/src/pairs.js";
import { statusFacts } from "../../ts/src/status-facts.js";

const one = new Map([["trace", "1"]]);

describe("pairs", () => {
  it.each<[string, unknown]>([
    ["a Map", one],
    ["a Map of another realm", vm.runInNewContext('new Map([["trace", "1"]])')],
    ["a plain object", { trace: "1" }],
    ["a plain object of another realm", vm.runInNewContext('({ trace: "1" })')],
    ["an object without a prototype", Object.assign(Object.create(null), { trace: "1" })],
    ["Headers", new Headers({ trace: "1" })],
    ["URLSearchParams", new URLSearchParams({ trace: "1" })],
    ["an array of pairs", [["trace", "1"]]],
    ["a generator of pairs", one.entries()],
  ])("are taken from %s", (_, given) => {
    expect(pairsOf(given, "metadata")).toEqual(one);
  });

  it("are copied from a Map", () => {
    expect(pairsOf(one, "metadata")).not.toBe(one);
  });

  const revocable = Proxy.revocable({}, {});
  revocable.revoke();
  class Getter {
    get trace(): string {
      return "1";
    }
  }
  it.each<[string, unknown, string]>([
    ["a string", "ab", "m"],
    ["null", null, "m"],
    ["a function", () => 1, "m"],
    ["a Date", new Date(0), "m"],
    ["an instance with a getter", new Getter(), "m"],
    ["a revoked proxy", revocable.proxy, "m"],
    ["a WeakMap", new WeakMap(), "m"],
    ["a symbol as a key", { [Symbol("a")]: "1" }, "m"],
    ["a list of strings", ["ab"], "m[0]"],
    ["a Set of keys", new Set(["a"]), "m[0]"],
    ["three strings", [["a", "b", "c"]], "m[0]"],
    ["a number as a key", new Map([[1, "a"]]), "m"],
    ["a number as a value", { a: 1 }, "m.a"],
    ["a list as a value", { a: ["b"] }, "m.a"],
    ["undefined as a value", { a: undefined }, "m.a"],
    ["a key that occurs twice", new URLSearchParams("a=1&a=2"), "m.a"],
    ["a lone surrogate in a value", { a: "\ud800" }, "m.a"],
    ["a lone surrogate in a key", { "\ud800": "a" }, "m.\ufffd"],
  ])("are not taken from %s", (_, given, path) => {
    expect(() => pairsOf(given, "m")).toThrow(expect.objectContaining({ name: "TypeError", path }));
  });

  it("end, also when the iterable does not", () => {
    function* endless(): Generator<[string, string]> {
      for (let i = 0; ; i++) yield [String(i), ""];
    }
    expect(() => pairsOf(endless(), "m")).toThrow("at most 65536 pairs");
  });
});

describe("an AsterError", () => {
  it.each<[unknown, string]>([
    [undefined, ""],
    [42, "42"],
    [null, "null"],
    [Symbol("s"), "Symbol(s)"],
  ])("with %s as message has the text %j", (message, text) => {
    expect(new AsterError(Code.NOT_FOUND, message as string).rawMessage).toBe(text);
  });

  it.each<[object, string]>([
    [{ details: { id: 5 } }, "init.details.id"],
    [{ details: { ids: ["a", "b"] } }, "init.details.ids"],
    [{ metadata: { id: null } }, "init.metadata.id"],
    [{ reason: 404 }, "init.reason"],
    [{ reason: "\udc00" }, "init.reason"],
  ])("with %j is refused with the path %s", (init, path) => {
    expect(() => new AsterError(Code.NOT_FOUND, "x", init)).toThrow(
      expect.objectContaining({ name: "TypeError", path }),
    );
  });
});

describe("texts that are too long", () => {
  it("are cut between characters, never inside a surrogate pair", () => {
    expect(cutText("ab😀", 3)).toBe("ab");
    expect(cutText("a😀b", 3)).toBe("a😀");
    expect(cutText("abc", 3)).toBe("abc");
    const long = `${"v".repeat(4095)}😀`;
    expect(cutDetails(new Map([["k", long]])).get("k")).toBe("v".repeat(4095));
    expect(statusFacts(new AsterError(Code.ABORTED, long))?.message).toBe("v".repeat(4095));
  });
});
