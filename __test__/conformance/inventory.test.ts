// Every file of golden vectors has a test that reads it, or is listed here with the reason why not.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The files without a reader. Remove an entry together with the work that it names. */
const pending: Record<string, string> = {
  collections: "contract collections come with the registry",
};

const files = readdirSync(`${root}conformance/vectors`)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.slice(0, -".json".length));

function sources(folder: string): string[] {
  return readdirSync(`${root}${folder}`).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (statSync(root + path).isDirectory()) return name === "target" ? [] : sources(path);
    return /\.(ts|rs)$/.test(name) && name !== "inventory.test.ts" ? [readFileSync(root + path, "utf8")] : [];
  });
}

const code = [...sources("crates"), ...sources("__test__/conformance")];
const reads = (name: string) =>
  code.some((text) => text.includes(`"${name}"`) || text.includes(`${name}.json`));

describe("golden vectors", () => {
  it.each(files.filter((name) => !(name in pending)))("%s is read by a test", (name) => {
    expect(reads(name)).toBe(true);
  });

  it.each(Object.keys(pending).filter((name) => files.includes(name)))(
    "%s is pending, and nothing reads it",
    (name) => {
      expect(reads(name)).toBe(false);
    },
  );
});
