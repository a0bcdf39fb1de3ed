/**
 * Builds the library: tsc compiles ts/src into dist; then the generated loader and the addon, which the loader expects
 * beside itself, are copied, because tsc does not copy them.
 */
import { copyFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { at, bin, must } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";
import { addonFiles } from "./addon.mjs";

const native = at("ts", "src", "native");
const dist = at("dist");
/** Beside dist, so the relative paths in source maps are correct. */
const next = at("dist.next");

export const library = {
  name: "library",
  doing: "compiling ts/src to dist",
  stamp: () => digest(["ts/src", "tsconfig.json", "tsconfig.base.json", "package.json"]),
  outputs: () => [
    path.join(dist, "index.js"),
    ...addonFiles().map((name) => path.join(dist, "native", name)),
  ],
  // Compiles into an empty folder, so no output of deleted sources is published. It replaces dist only when it is complete.
  run: async () => {
    rmSync(next, { recursive: true, force: true });
    await must("ts/src does not compile", bin("tsc"), ["-p", "tsconfig.json", "--outDir", next], {
      shell: process.platform === "win32",
    });
    for (const name of ["binding.cjs", "binding.d.cts", ...addonFiles()])
      copyFileSync(path.join(native, name), path.join(next, "native", name));
    rmSync(dist, { recursive: true, force: true });
    renameSync(next, dist);
  },
};
