/**
 * Builds the Rust fuzz targets for libFuzzer with the stable toolchain, and runs one.
 *
 * `cargo fuzz` adds compiler options to a build. The stable compiler has all of them except the address sanitizer. The
 * crates under test have no unsafe code, so the sanitizer would find nothing.
 */
import { mkdirSync, readdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { ask, at, cargo, run } from "./process.mjs";

const COVERAGE = [
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
  "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
  "-Ccodegen-units=1",
  "-Cdebug-assertions",
  "-Coverflow-checks",
].join(" ");

/** Limits of a run: size of an input, time for one input, memory of the process. */
const LIMITS = ["-max_len=16384", "-timeout=10", "-rss_limit_mb=2048"];

const folder = process.env.CARGO_TARGET_DIR
  ? path.join(process.env.CARGO_TARGET_DIR, "fuzz")
  : at("fuzz", "target");

/** The names of the targets. Each has a folder with seeds. */
export const rustTargets = readdirSync(at("fuzz", "seeds")).sort();

/** The reason why the targets cannot be built here, or null. */
export function fuzzProblem() {
  if (process.platform !== "linux" && process.platform !== "darwin") return "libFuzzer needs Linux or macOS.";
  return ask("c++", ["--version"]) === null ? "libFuzzer needs a C++ compiler (c++)." : null;
}

/** Builds all targets. Returns the exit code. */
export function buildTargets() {
  const env = { RUSTFLAGS: COVERAGE, CARGO_TARGET_DIR: folder };
  return run("cargo", cargo("build", "--release"), { cwd: at("fuzz"), env });
}

/** Runs a target for this many seconds, or on the bytes of one file. Returns the exit code. */
export async function runTarget(name, { seconds, input }) {
  const triple = cargo("x")[2];
  const binary = path.join(folder, triple, "release", name);
  if (input !== undefined) return run(binary, [input]);
  const [corpus, artifacts] = ["corpus", "artifacts"].map((kind) => at("fuzz", kind, name));
  for (const made of [corpus, artifacts]) mkdirSync(made, { recursive: true });
  const ended = [`-max_total_time=${seconds}`, "-print_final_stats=1", "-verbosity=0"];
  const args = [corpus, at("fuzz", "seeds", name), ...LIMITS, ...ended, `-artifact_prefix=${artifacts}/`];
  return run(binary, args);
}
