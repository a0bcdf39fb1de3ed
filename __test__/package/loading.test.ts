/** Loading the library: without top-level await, so that CommonJS can require it, and without the addon. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { expect, it } from "vitest";

const dist = path.resolve(import.meta.dirname, "../../dist");
const run = (folder: string, script: string): string =>
  execFileSync(process.execPath, ["--no-warnings", "-e", script], {
    cwd: folder,
    encoding: "utf8",
    timeout: 20_000,
  });

it.skipIf(!("require_module" in process.features))("require() gives the package", () => {
  const text = run(dist, `const { Code } = require("./index.js"); console.log(Code.NOT_FOUND);`);
  expect(text).toBe("5\n");
  expect(createRequire(import.meta.url)(path.join(dist, "index.js")).Code.OK).toBe(0);
});

it("without the addon, schemas can be declared; other functions say how to get the addon", () => {
  const copy = mkdtempSync(path.join(tmpdir(), "aster-loading-"));
  try {
    cpSync(dist, copy, { recursive: true, filter: (file) => !file.endsWith(".node") });
    cpSync(path.join(dist, "../package.json"), path.join(copy, "package.json"));
    const script = `
      const { AsterNode, message, t, generateSecretKey } = await import("./index.js");
      console.log(message("a/B", { c: t.int }).tag);
      try { generateSecretKey(); } catch (error) { console.log(error.message, error.cause instanceof Error); }
      // The folder of the development key is not at fault.
      await AsterNode.start({ logger: { debug() {}, info() {}, warn: console.log, error: console.log } }).catch((error) => console.log(error.message));
    `;
    const text = run(copy, `(async () => { ${script} })()`);
    const sentence = 'the addon of aster-rpc for .* "npm install aster-rpc".*';
    expect(text).toMatch(new RegExp(`^a/B\\n${sentence} true\\n${sentence}\\n$`));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});
