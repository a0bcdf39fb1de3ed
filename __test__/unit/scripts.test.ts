/** The counts and stamps of `npm test`. They decide whether a failure is noticed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Missing, Problem } from "../../scripts/support/console.mjs";
import { fetching } from "../../scripts/support/fetching.mjs";
import { digest } from "../../scripts/support/stamp.mjs";
import { Tally } from "../../scripts/support/tally.mjs";
import { at } from "./support/tree.ts";

let folder: string;
beforeEach(() => {
  mkdirSync(at(".cache"), { recursive: true });
  folder = mkdtempSync(at(".cache", "scripts-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const cargoOutput = (passed: number, failed: number) => [
  "running 3 tests",
  "test frame::tests::rejects_a_zero_length ... ok",
  "test soak::runs_for_an_hour ... ignored, needs an hour",
  `test result: ok. ${passed} passed; ${failed} failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`,
];

function cargo(code: number, ...lines: string[]): Tally {
  const tally = new Tally();
  const reader = tally.cargo();
  for (const line of lines) reader.line(line);
  reader.end(code);
  return tally;
}

function vitest(code: number, report: unknown): Tally {
  const file = path.join(folder, "report.json");
  if (report !== undefined) writeFileSync(file, JSON.stringify(report));
  const tally = new Tally();
  tally.vitest(file, code);
  return tally;
}

const assertion = (status: string) => ({ status, fullName: `a test that is ${status}` });

describe("the counts of cargo test", () => {
  it("add the results of all test binaries and list ignored tests by name", () => {
    const tally = cargo(0, ...cargoOutput(2, 0), ...cargoOutput(5, 0));
    expect(tally.line()).toBe("7 passed, 0 failed, 2 skipped");
    expect(tally.skipped[0]).toBe("rust soak::runs_for_an_hour");
  });

  it("include failures", () => {
    expect(cargo(101, ...cargoOutput(2, 3)).line()).toBe("2 passed, 3 failed, 1 skipped");
  });

  it("count a run that did not compile as one failure", () => {
    expect(cargo(101, "error: could not compile").line()).toBe("0 passed, 1 failed, 0 skipped");
  });
});

describe("the counts of vitest", () => {
  it("include every status, and list skipped tests by name", () => {
    const tests = ["passed", "passed", "failed", "skipped", "todo"].map(assertion);
    const tally = vitest(1, { testResults: [{ status: "failed", assertionResults: tests }] });
    expect(tally.line()).toBe("2 passed, 1 failed, 2 skipped");
    expect(tally.skipped).toEqual(["a test that is skipped", "a test that is todo"]);
  });

  it("count a file that cannot be loaded as a failure", () => {
    expect(vitest(1, { testResults: [{ status: "failed", assertionResults: [] }] }).failed).toBe(1);
  });

  it("count a run without a report, or a failed run without failed tests, as a failure", () => {
    expect(vitest(0, undefined).failed).toBe(1);
    expect(
      vitest(1, { testResults: [{ status: "passed", assertionResults: [assertion("passed")] }] }).failed,
    ).toBe(1);
  });
});

describe("a digest", () => {
  const of = (options?: object) => digest([path.relative(at(), folder)], options);

  it("changes with contents, names and words, and with nothing else", () => {
    writeFileSync(path.join(folder, "a.rs"), "one");
    const first = of();
    writeFileSync(path.join(folder, "a.rs"), "one");
    expect(of()).toBe(first);
    expect(of({ words: ["release"] })).not.toBe(first);
    writeFileSync(path.join(folder, "a.rs"), "two");
    expect(of()).not.toBe(first);
    writeFileSync(path.join(folder, "a.rs"), "one");
    writeFileSync(path.join(folder, "b.rs"), "");
    expect(of()).not.toBe(first);
    expect(of({ match: (name: string) => name === "a.rs" })).toBe(first);
  });
});

describe("a fetch from a registry", () => {
  const fetch = (words: string, code: number): Promise<unknown> =>
    fetching("It cannot be fetched", process.execPath, [
      "-e",
      `console.error(${JSON.stringify(words)}); process.exit(${code})`,
    ]).then(
      () => "fetched",
      (error: unknown) => error,
    );

  it("fails as unavailable only when the registry cannot be reached, not for other reasons", async () => {
    expect(await fetch("dial tcp: lookup", 0)).toBe("fetched");
    for (const words of [
      "dial tcp: lookup proxy: no such host",
      "Could not transfer artifact a:b:1 from/to c",
    ])
      expect(await fetch(words, 1)).toBeInstanceOf(Missing);
    const other = await fetch("Could not find artifact a:b:9", 1);
    expect(other).toBeInstanceOf(Problem);
    expect(other).not.toBeInstanceOf(Missing);
  });
});
