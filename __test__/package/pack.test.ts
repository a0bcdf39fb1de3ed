/**
 * The published packages work where they are installed. The test packs the package and the addon package of this machine,
 * installs both into an empty folder, and makes a call from there, in JavaScript and in TypeScript.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { blocksOf } from "../unit/support/pages.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const consumer = fileURLToPath(new URL("./consumer/", import.meta.url));

function npm(cwd: string, ...args: string[]): string {
  return execFileSync("npm", [...args, "--loglevel", "error"], { cwd, encoding: "utf8" });
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

function pack(folder: string, into: string): Packed {
  const [packed] = JSON.parse(npm(folder, "pack", "--json", "--pack-destination", into)) as Packed[];
  if (!packed) throw new Error(`npm pack of ${folder} made nothing`);
  return packed;
}

/** The addon package of this machine with its addon, as a release would publish it. */
function addonPackage(scratch: string): string {
  const addon = readdirSync(path.join(root, "dist/native")).find((name) => name.endsWith(".node"));
  const triple = /^aster-rpc\.(.+)\.node$/.exec(addon ?? "")?.[1];
  if (!addon || !triple) throw new Error("there is no addon in dist: run npm run build");
  const folder = path.join(scratch, triple);
  cpSync(path.join(root, "npm", triple), folder, { recursive: true });
  copyFileSync(path.join(root, "dist/native", addon), path.join(folder, addon));
  return folder;
}

let scratch: string;
let app: string;
let library: Packed;

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), "aster-rpc-package-"));
  app = path.join(scratch, "app");
  cpSync(consumer, app, { recursive: true });
  library = pack(root, scratch);
  const addon = pack(addonPackage(scratch), scratch);
  writeFileSync(
    path.join(app, "package.json"),
    JSON.stringify({ name: "app", private: true, type: "module" }),
  );
  const archives = [library, addon].map(({ filename }) => path.join(scratch, filename));
  npm(app, "install", "--offline", "--no-audit", "--no-fund", ...archives);
}, 120_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("the packed library", () => {
  it("contains the compiled library, its types, the licence and the readme, and no addon", () => {
    const files = library.files.map((file) => file.path);
    const wanted = ["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts", "dist/native/binding.cjs"];
    expect(wanted.filter((file) => !files.includes(file))).toEqual([]);
    const allowed =
      /^(dist\/.+\.(c?js|d\.c?ts|js\.map)|docs\/.+\.md|examples\/.+\.(md|[cm]?ts|mjs|py|json)|LICENSE|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|package\.json)$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
  });

  it("contains every page and file to which its readme and its guide link", () => {
    const files = new Set(library.files.map((file) => file.path));
    const missing = [
      "README.md",
      "docs/guide.md",
      "docs/setups.md",
      "docs/errors.md",
      "docs/security.md",
    ].flatMap((page) => {
      const text = readFileSync(path.join(root, page), "utf8");
      const links = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link as string);
      const targets = links.map((link) => path.posix.join(path.posix.dirname(page), link));
      return targets.filter((target) => !files.has(target)).map((target) => `${page}: ${target}`);
    });
    expect(missing).toEqual([]);
  });

  it("installs without any other package", () => {
    const installed = readdirSync(path.join(app, "node_modules")).filter((name) => !name.startsWith("."));
    expect(installed).toEqual(["aster-rpc", expect.stringMatching(/^aster-rpc-/)]);
  });

  it("makes a call where it is installed", () => {
    const output = execFileSync(process.execPath, ["main.mjs"], {
      cwd: app,
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(JSON.parse(output)).toEqual({ greeting: "hello, package", addon: "installed" });
  });

  it("runs the first call of the readme from the folder", async () => {
    for (const { file, text } of blocksOf("README.md").filter(({ file }) => file !== null)) {
      writeFileSync(path.join(app, path.basename(file as string)), text);
    }
    const loader = ["--import", pathToFileURL(path.join(root, "node_modules/tsx/dist/loader.mjs")).href];
    const server = spawn(process.execPath, [...loader, "server.ts"], {
      cwd: app,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [ticket] = (await once(createInterface({ input: server.stdout }), "line")) as [string];
      const greeted = execFileSync(process.execPath, [...loader, "client.ts", ticket], {
        cwd: app,
        encoding: "utf8",
      });
      expect(greeted).toBe("Hello, Ada!\n");
    } finally {
      const closed = once(server, "close");
      server.kill();
      await closed;
    }
  });

  it("provides its types to a strict TypeScript project", () => {
    // The development packages of the consumer, which this test cannot download.
    for (const name of ["@types/node", "undici-types"])
      cpSync(path.join(root, "node_modules", name), path.join(app, "node_modules", name), {
        recursive: true,
      });
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    const run = () =>
      execFileSync(process.execPath, [tsc, "-p", "."], { cwd: app, encoding: "utf8", stdio: "pipe" });
    expect(run).not.toThrow();
  });

  it("exports only its entry points", () => {
    const peek =
      'import("aster-rpc/dist/native/index.js").then(() => process.exit(1), (e) => console.log(e.code))';
    const output = execFileSync(process.execPath, ["-e", peek], { cwd: app, encoding: "utf8" });
    expect(output.trim()).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});
