/** The recipes of `docs/trust.md`, word for word: every `sh` block runs in its order, in one folder, with the compiled command. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf } from "../support/pages.ts";
import { at } from "../support/tree.ts";

const blocks = blocksOf("docs/trust.md").filter(({ language }) => language === "sh");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-recipes-"));
  for (const name of ["bin", "home", "work"]) mkdirSync(path.join(folder, name));
  const command = path.join(folder, "bin", "aster");
  writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${at("dist", "cli", "main.js")}" "$@"\n`);
  chmodSync(command, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

function sh(script: string): string {
  return execFileSync("sh", ["-e", "-c", script], {
    cwd: path.join(folder, "work"),
    encoding: "utf8",
    env: {
      ...process.env,
      PATH: `${path.join(folder, "bin")}${path.delimiter}${process.env.PATH}`,
      HOME: path.join(folder, "home"),
      // What a reader types at the prompt.
      ASTER_PASSPHRASE: "correct horse battery staple",
    },
  });
}

describe.skipIf(process.platform === "win32")("docs/trust.md", () => {
  it("has a recipe for each task", () => {
    expect([...new Set(blocks.map(({ section }) => section))]).toEqual([
      "Try it on one machine",
      "First root",
      "Enroll a node",
      "Offline signing",
      "Rotate a node key",
      "Revoke",
      "Rotate the root",
      "Lost root key",
    ]);
  });

  // The blocks depend on each other: one folder, in the order of the page.
  it.each(blocks.map(({ section, line, text }) => [section, line, text] as const))(
    "%s, line %i",
    (section, _, text) => {
      const output = sh(text);
      expect(output).not.toBe("");
      const lines = output.trim().split("\n");
      if (section === "Revoke") {
        expect(output).toContain("REFUSED: REVOKED: ");
        expect(lines.at(-1)).toBe("refused, as it should be");
      } else expect(output).not.toContain("REFUSED");
      if (text.includes("trust rotate root")) {
        expect(lines.filter((one) => one.startsWith("Renewed: ")).length).toBe(3);
      }
    },
  );

  it("leaves no file in the home directory, because every recipe names its files", () => {
    expect(readdirSync(path.join(folder, "home"))).toEqual([]);
  });
});
