/**
 * The published packages work where they are installed. The test packs the package and the addon package of this machine,
 * installs both into an empty folder, and makes a call from there, in JavaScript and in TypeScript.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

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
    const allowed = /^(dist\/.+\.(c?js|d\.c?ts|js\.map)|LICENSE|README\.md|package\.json)$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
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
