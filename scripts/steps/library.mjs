/**
 * The library: tsc over ts/src into dist, then the two things tsc does not carry, the generated loader
 * and the addon that the loader expects beside itself.
 */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { at, bin, must } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";
import { addonFiles } from "./addon.mjs";

const from = at("ts", "src", "native");
const to = at("dist", "native");

export const library = {
  name: "library",
  doing: "compiling ts/src to dist",
  stamp: () => digest(["ts/src", "tsconfig.json", "tsconfig.base.json", "package.json"]),
  outputs: () => [at("dist", "index.js"), ...addonFiles().map((name) => path.join(to, name))],
  run: async () => {
    // All of it: what dist still had of sources that are gone would be published.
    rmSync(at("dist"), { recursive: true, force: true });
    await must("ts/src does not compile", bin("tsc"), ["-p", "tsconfig.json"], {
      shell: process.platform === "win32",
    });
    mkdirSync(to, { recursive: true });
    for (const name of ["binding.js", "binding.d.ts", ...addonFiles()])
      copyFileSync(path.join(from, name), path.join(to, name));
  },
};
