/**
 * A network namespace with only loopback. The Python package has no option against contacting public hosts. So the
 * interop tests run in such a namespace: both peers and the test runner.
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

/** The reason why no such namespace can be created here, or null. */
export function loopbackProblem() {
  if (process.platform !== "linux") return "network namespaces exist only on Linux";
  const [command, ...args] = inLoopback(["true"]);
  if (ask(command, args) !== null) return null;
  return "this machine does not allow network namespaces (root or unprivileged user namespaces are needed)";
}
