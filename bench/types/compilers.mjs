// Runs the compilers that declarations are measured with: the version of the tree, and those of `scripts/typescripts`.
// Owns: their list, and what one run tells. Files are written below .cache/types, from where `aster-rpc` is this package.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { typescript } from "../../scripts/steps/typescripts.mjs";
import { at } from "../../scripts/support/process.mjs";

const compiler = (folder) => ({
  version: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version,
  folder,
  tsc: join(folder, "bin", "tsc"),
});

/** All versions, the oldest supported one first. */
export const compilers = () => [
  compiler(typescript("typescript-5.5")),
  compiler(typescript("typescript-5.9")),
  compiler(at("node_modules", "typescript")),
  compiler(typescript("typescript-7.0")),
];

/** The options of a usual project. */
const OPTIONS = {
  strict: true,
  target: "es2022",
  lib: ["es2023", "esnext.disposable", "esnext.decorators"],
  module: "nodenext",
  types: ["node"],
  skipLibCheck: true,
  // The package imports itself by its name: the compiler has to know which folder it writes.
  rootDir: ".",
};

/** Writes a project below .cache/types, of files by their code and of files that are there, and returns its folder. */
export function project(name, { code = {}, files = [], options = {} }) {
  const folder = at(".cache", "types", name);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(code)) writeFileSync(join(folder, file), text);
  const config = { compilerOptions: { ...OPTIONS, ...options }, files: [...Object.keys(code), ...files] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config, null, 2));
  return folder;
}

/** Compiles a project: the errors, and what the compiler tells of its work. */
export function compile({ tsc }, folder, args = []) {
  const started = performance.now();
  const all = [tsc, "-p", folder, "--extendedDiagnostics", ...args];
  const { stdout } = spawnSync(process.execPath, all, { encoding: "utf8", maxBuffer: 1 << 28 });
  const figure = (name) => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(stdout)?.[1]);
  return {
    errors: stdout.split("\n").filter((line) => /error TS\d+/.test(line)),
    instantiations: figure("Instantiations"),
    seconds: (performance.now() - started) / 1000,
    megabytes: Math.round(figure("Memory used") / 1024),
  };
}

/** The errors of `tsc -b --force`. */
export function build({ tsc }, folder) {
  try {
    execFileSync(process.execPath, [tsc, "-b", "--force", folder], { encoding: "utf8", stdio: "pipe" });
    return [];
  } catch ({ stdout }) {
    return String(stdout).trim().split("\n");
  }
}

/** The size of a file. */
export const bytesOf = (file) => statSync(file).size;
