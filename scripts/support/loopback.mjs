/**
 * A network namespace that has nothing but loopback. The Python reference cannot be told to leave the public
 * network alone, so everything of an interop test, both peers and the test runner, runs in one of these.
 */
import process from "node:process";
import { python } from "../steps/python.mjs";
import { ask, at } from "./process.mjs";

const flags = process.getuid?.() === 0 ? "-n" : "-rn";
const enter = ["unshare", flags, python, at("__test__", "interop", "python", "loopback.py")];

/** The command line that runs `command` in such a namespace. */
export function inLoopback(command) {
  return [...enter, ...command];
}

/** Why no such namespace can be made here, or null when it can. */
export function loopbackProblem() {
  if (process.platform !== "linux") return "network namespaces exist on Linux only";
  const [command, ...args] = inLoopback(["true"]);
  if (ask(command, args) !== null) return null;
  return "this machine allows no network namespace (root or unprivileged user namespaces are needed)";
}
