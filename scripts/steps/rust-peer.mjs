/**
 * Builds the Rust peers of the tests into .cache/interop: the examples of crates/rpc and crates/net, and the peer with Apache Fory's own
 * crate, which is a workspace of its own (`__test__/interop/rust`). For the examples it builds the whole
 * workspace, so features and dependencies are the same as for the addon and `cargo test`, and nothing is built twice.
 */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { Problem } from "../support/console.mjs";
import { at, cargo, run } from "../support/process.mjs";
import { digest } from "../support/stamp.mjs";
import { needCompiler, needRust } from "./prerequisites.mjs";

const built = at(".cache", "interop", "rust");
const fory = "__test__/interop/rust";
const names = ["lab_server", "lab_client", "fory_peer", "raw_peer"].map((name) =>
  process.platform === "win32" ? `${name}.exe` : name,
);

/** The arguments with which cargo works in the workspace of the peer with Fory's crate. */
export const foryWorkspace = () => [
  "--manifest-path",
  at(fory, "Cargo.toml"),
  "--target-dir",
  path.join(process.env.CARGO_TARGET_DIR ?? at("target"), "interop-rust"),
];

export const rustPeerStep = {
  name: "rust-peer",
  doing: "building the example programs in Rust",
  stamp: () =>
    digest(
      [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        "crates",
        "third_party",
        fory,
        `${fory}/Cargo.lock`,
      ],
      {
        match: (name) => name.endsWith(".rs") || name.endsWith(".toml") || name.endsWith(".json"),
        words: [process.platform, process.arch],
      },
    ),
  outputs: () => names.map((name) => path.join(built, name)),
  needs: () => {
    needRust();
    needCompiler();
  },
  run: async () => {
    rmSync(built, { recursive: true, force: true });
    const programs = [];
    // Cargo reports the paths, because the target folder can be anywhere.
    const onLine = (line) => {
      const found = /^\{"reason":"compiler-artifact".*"executable":("(?:[^"\\]|\\.)*")/.exec(line);
      if (found) programs.push(JSON.parse(found[1]));
    };
    const build = async (...options) => {
      const args = cargo("build", "--release", ...options, "--message-format", "json-render-diagnostics");
      const code = await run("cargo", args, { onLine, quiet: true });
      if (code !== 0)
        throw new Problem(`The Rust peers do not build (exit code ${code}; its output is above).`);
    };
    await build("-p", "aster-rpc", "-p", "aster-net", "--examples");
    await build(...foryWorkspace());
    mkdirSync(built, { recursive: true });
    for (const name of names) {
      const program = programs.find((file) => path.basename(file) === name);
      if (program === undefined) throw new Problem(`cargo did not build ${name}.`);
      copyFileSync(program, path.join(built, name));
    }
  },
};
