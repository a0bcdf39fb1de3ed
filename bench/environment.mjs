// The environment of a run, for the results file: machine, Node, versions of all peers, commit. Also the environment
// variables of all measured processes.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";

const bench = import.meta.dirname;

/** The environment variables of measured processes. With RUST_BACKTRACE native peers would capture a backtrace for each error. */
export function childEnvironment() {
  const { RUST_BACKTRACE: _, RUST_LIB_BACKTRACE: __, NODE_OPTIONS: ___, ...rest } = process.env;
  return { ...rest, RUST_LIB_BACKTRACE: "0", NODE_ENV: "production" };
}

/** Machine, runtime and commit of this run. Versions of `packages` are read from the node_modules of the bench. */
export function describeEnvironment(packages) {
  const processors = cpus();
  return {
    startedAt: new Date().toISOString(),
    commit: commit(),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
    kernel: release(),
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  };
}

function versionOf(name) {
  const folder = name === "aster-rpc" ? join(bench, "..") : join(bench, "node_modules", name);
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
}

function commit() {
  try {
    const git = (...args) =>
      execFileSync("git", args, { cwd: bench, encoding: "utf8", stdio: "pipe" }).trim();
    return (
      git("rev-parse", "--short=12", "HEAD") +
      (git("status", "--porcelain", "-uno") === "" ? "" : " (modified)")
    );
  } catch {
    return "unknown"; // an unpacked archive has no history
  }
}

/** The first line of an error for a results file, without paths of this machine. */
export function reasonOf(text) {
  const lines = String(text).split("\n");
  const line = lines.find((one) => /^\w*Error/.test(one)) ?? lines[0];
  return line.replaceAll(join(bench, ".."), ".");
}
