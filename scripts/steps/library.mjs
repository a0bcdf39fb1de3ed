/**
 * The library: tsc over ts/src into dist, then the two things tsc does not carry, the generated loader
 * and the addon that the loader expects beside itself.
 */
import { copyFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { at, bin, must } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";
import { addonFiles } from "./addon.mjs";

const native = at("ts", "src", "native");
const dist = at("dist");
/** Beside dist, so that the source maps' relative paths hold. */
const next = at("dist.next");

export const library = {
  name: "library",
  doing: "compiling ts/src to dist",
  stamp: () => digest(["ts/src", "tsconfig.json", "tsconfig.base.json", "package.json"]),
  outputs: () => [
    path.join(dist, "index.js"),
    ...addonFiles().map((name) => path.join(dist, "native", name)),
  ],
  // Into an empty folder, so that nothing of deleted sources is published, and swapped in only when all is there.
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
