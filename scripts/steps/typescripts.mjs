/** Other versions of TypeScript, for tests and benches of declarations: npm aliases, below .cache (about 75 MB). */
import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { at, must } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";

const source = path.join("scripts", "typescripts");
const files = ["package.json", "package-lock.json", ".npmrc"];
const target = at(".cache", "typescripts");

/** The folder of a version's package, by its alias. */
export const typescript = (alias) => path.join(target, "node_modules", alias);

export const typescripts = {
  name: "typescripts",
  doing: "installing the other versions of TypeScript (npm, about 75 MB)",
  stamp: () => digest(files.map((file) => path.join(source, file))),
  outputs: () => [path.join(target, "node_modules", ".package-lock.json")],
  run: async () => {
    mkdirSync(target, { recursive: true });
    for (const file of files) copyFileSync(at(source, file), path.join(target, file));
    await must("npm ci failed", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel", "error"], {
      cwd: target,
      shell: process.platform === "win32",
    });
  },
};
