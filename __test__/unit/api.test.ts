/** The API pages: each public export has a description and an example. `readme.test.ts` runs the examples. */
import { describe, expect, it } from "vitest";
import { ENTRIES, examples, publicExports } from "./support/exports.ts";

describe("each public export", () => {
  const exported = Object.keys(ENTRIES).flatMap((entry) => publicExports(entry as keyof typeof ENTRIES));
  const names = (wanted: (one: (typeof exported)[number]) => boolean): string[] =>
    exported.filter(wanted).map(({ name, file }) => `${name} in ${file}`);

  it("has a description", () => {
    expect(exported.length).toBeGreaterThan(100);
    expect(names(({ summary }) => summary.trim() === "")).toEqual([]);
  });

  it("has an example", () => {
    expect(names((one) => one.examples === 0)).toEqual([]);
    expect(examples().length).toBeGreaterThanOrEqual(exported.length);
  });
});
