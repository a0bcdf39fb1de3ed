/**
 * Builds cargo-deny from source into the cache folder of the tree. The first build takes minutes, so only the full run of the
 * tests does it. `__test__/unit/dependencies.test.ts` checks most of its rules without it.
 */
import path from "node:path";
import process from "node:process";
import { fetching } from "../support/fetching.mjs";
import { at } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";

const VERSION = "0.20.2";
const folder = at(".cache", "tools");
const target = process.env.CARGO_TARGET_DIR ?? path.join(folder, "target");

export const cargoDeny = path.join(
  folder,
  "bin",
  process.platform === "win32" ? "cargo-deny.exe" : "cargo-deny",
);

export const cargoDenyStep = {
  name: "cargo-deny",
  doing: "compiling cargo-deny (three minutes the first time)",
  stamp: () => digest([], { words: [VERSION, process.platform, process.arch] }),
  outputs: () => [cargoDeny],
  run: () => {
    const places = ["--root", folder, "--target-dir", path.join(target, "tools")];
    const words = ["install", "--locked", "--force", ...places, `cargo-deny@${VERSION}`];
    return fetching("cargo-deny cannot be built", "cargo", words);
  },
};
