/**
 * What a machine must have before anything can be built: Node, Rust, a C compiler. Each thing that is
 * missing is one sentence with the command that helps, told before the minutes of a build are spent.
 */
import process from "node:process";
import { Problem } from "../support/console.mjs";
import { ask } from "../support/process.mjs";

const NODE = [20, 17];
const RUST = [1, 91];

const compilerHelp = {
  darwin: "xcode-select --install",
  linux: "sudo apt-get install build-essential     # or your distribution's gcc or clang",
  win32: "winget install Microsoft.VisualStudio.2022.BuildTools     # with the C++ workload",
};

export function needNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > NODE[0] || (major === NODE[0] && minor >= NODE[1])) return;
  throw new Problem(
    `Building needs Node ${NODE.join(".")} or newer, and this is ${process.versions.node}.`,
    "nvm install 22     # or take it from nodejs.org",
  );
}

export function needRust() {
  const version = ask("rustc", ["--version"]);
  if (version === null || ask("cargo", ["--version"]) === null) {
    throw new Problem(
      "Rust is not installed: neither rustc nor cargo answers.",
      "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh     # then open a new terminal",
    );
  }
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) < RUST[0] || (Number(major) === RUST[0] && Number(minor) < RUST[1])) {
    throw new Problem(
      `Building needs Rust ${RUST.join(".")} or newer, and this is ${version}.`,
      "rustup update stable",
    );
  }
}

export function needCompiler() {
  const names = process.env.CC
    ? [process.env.CC]
    : process.platform === "win32"
      ? ["cl", "clang"]
      : ["cc", "gcc", "clang"];
  // `cl` prints its banner and fails without arguments; asking for help succeeds everywhere.
  if (names.some((name) => ask(name, name === "cl" ? ["/?"] : ["--version"]) !== null)) return;
  throw new Problem(
    `A C compiler is missing: ${names.join(", ")} ${names.length > 1 ? "do" : "does"} not answer.`,
    compilerHelp[process.platform] ?? compilerHelp.linux,
  );
}
