/**
 * Checks the programs that a build needs: Node, Rust, a C compiler. If one is missing, the error text has the command
 * that helps, and it is printed before a long build starts.
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
    `The build needs Node ${NODE.join(".")} or newer; this is Node ${process.versions.node}.`,
    "nvm install 22     # or download it from nodejs.org",
  );
}

export function needRust() {
  const version = ask("rustc", ["--version"]);
  if (version === null || ask("cargo", ["--version"]) === null) {
    throw new Problem(
      "Rust is not installed: rustc or cargo was not found.",
      "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh     # then open a new terminal",
    );
  }
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) < RUST[0] || (Number(major) === RUST[0] && Number(minor) < RUST[1])) {
    throw new Problem(
      `The build needs Rust ${RUST.join(".")} or newer; this is ${version}.`,
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
  // Without arguments `cl` fails, so each compiler is called with its help option, which always succeeds.
  if (names.some((name) => ask(name, name === "cl" ? ["/?"] : ["--version"]) !== null)) return;
  throw new Problem(
    `A C compiler is missing: ${names.join(", ")} ${names.length > 1 ? "were" : "was"} not found.`,
    compilerHelp[process.platform] ?? compilerHelp.linux,
  );
}
