/**
 * The library: tsc over ts/src into dist, then the two things tsc does not carry, the generated loader
 * and the addon that the loader expects beside itself.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
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
    removeOrphans();
    await must("ts/src does not compile", bin("tsc"), ["-p", "tsconfig.json"], {
      shell: process.platform === "win32",
    });
    mkdirSync(to, { recursive: true });
    for (const name of ["binding.js", "binding.d.ts", ...addonFiles()])
      replace(path.join(from, name), path.join(to, name));
  },
};

/** What dist still has of sources that are gone would be published; then everything is compiled again. */
function removeOrphans() {
  const dist = at("dist");
  if (!existsSync(dist)) return;
  const orphan = readdirSync(dist, { recursive: true }).some((name) => {
    const stem = /^(.+?)(?:\.d\.ts|\.js)$/.exec(name)?.[1];
    return (
      stem !== undefined &&
      !existsSync(at("ts", "src", `${stem}.ts`)) &&
      !existsSync(at("ts", "src", `${stem}.js`))
    );
  });
  if (orphan) rmSync(dist, { recursive: true });
}

/** A running process may have the old addon mapped: writing into that file would crash it, a new file does not. */
function replace(source, target) {
  rmSync(target, { force: true });
  copyFileSync(source, target);
}
