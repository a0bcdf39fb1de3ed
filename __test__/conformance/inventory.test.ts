// Every file of golden vectors has a test that reads it.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

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
  it.each(files)("%s is read by a test", (name) => {
    expect(reads(name)).toBe(true);
  });
});
