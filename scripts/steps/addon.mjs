/**
 * Builds the native addon with `napi build` into ts/src/native, where the generated loader looks for it. The release profile
 * is the same as for `cargo test --release`, so nothing is built twice.
 */
import { readdirSync } from "node:fs";
import { at, bin, must } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";
import { needCompiler, needRust } from "./prerequisites.mjs";

const native = at("ts", "src", "native");

/** The addon files of this machine (normally one). */
export function addonFiles() {
  return readdirSync(native).filter((name) => name.endsWith(".node"));
}

export const addon = {
  name: "addon",
  doing: "building the native addon with cargo (some minutes the first time, seconds after a change)",
  stamp: () =>
    digest(["Cargo.toml", "Cargo.lock", "build.rs", "rust-toolchain.toml", "src", "crates", "third_party"], {
      match: (name) => name.endsWith(".rs") || name.endsWith(".toml") || name.endsWith(".json"),
      words: [process.platform, process.arch, process.env.ASTER_PROFILE ?? "release"],
    }),
  outputs: () => (addonFiles().length > 0 ? [] : [at("ts", "src", "native", "addon")]),
  needs: () => {
    needRust();
    needCompiler();
  },
  run: () => {
    const profile = ["--profile", process.env.ASTER_PROFILE ?? "release"];
    const names = ["--output-dir", native, "--js", "binding.cjs", "--dts", "binding.d.cts"];
    return must(
      "The addon does not build",
      bin("napi"),
      ["build", "--platform", "--commonjs", ...profile, ...names],
      {
        shell: process.platform === "win32",
      },
    );
  },
};
