/** Credentials and their files, checked with the code of the Python reference. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeInterop } from "./support/python.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function python(script: string, ...args: string[]): string {
  const options = { encoding: "utf8", timeout: 60_000 } as const;
  return execFileSync(file("./.venv/bin/python"), [file(script), ...args], options);
}

describeInterop("credentials and the reference", () => {
  it("the reference still gives the results that credentials.json records", () => {
    const counts = JSON.parse(python("../../conformance/generate/credentials.py", "--check"));
    expect(counts.samples).toBeGreaterThan(400);
  });

  it("the reference reads every file that we write", () => {
    const facts: Record<string, boolean> = JSON.parse(python("./python/trust_files.py"));
    expect(Object.keys(facts).length).toBeGreaterThan(30);
    expect(Object.entries(facts).filter(([, holds]) => !holds)).toEqual([]);
  });
});
