// The executor that runs plans in this process: generated code or the interpreter.
//
// Owns: that choice. Generated code needs `new Function`. The interpreter is used where the process forbids it (the
// option `--disallow-code-generation-from-strings` of Node) and where the environment variable `ASTER_CODEC` is
// `interpreted`. Both executors give the same bytes and values.

import { generate } from "./generate.js";
import { bodyReader } from "./interpret-read.js";
import { bodyWriter } from "./interpret-write.js";
import type { Scope } from "./shape.js";

/** The two executors. */
export type ExecutorName = "generated" | "interpreted";

function chosen(): ExecutorName {
  if (process.env.ASTER_CODEC === "interpreted") return "interpreted";
  try {
    return new Function("return true")() === true ? "generated" : "interpreted";
  } catch {
    return "interpreted"; // the process forbids `new Function`
  }
}

let executor: ExecutorName | null = null;

/** True when the given executor, or else the one of this process, generates code. */
export function generatesCode(name?: ExecutorName): boolean {
  executor ??= chosen();
  return (name ?? executor) === "generated";
}

/** Sets the write and read functions of every message in a scope. */
export function installExecutor(scope: Scope, name?: ExecutorName): void {
  if (generatesCode(name)) {
    generate(scope);
    return;
  }
  for (const type of scope.types) {
    if (type.kind !== "message") continue;
    type.write = bodyWriter(scope, type);
    type.read = bodyReader({ scope, presenceFlagged: false }, type);
    type.readPresenceFlagged = bodyReader({ scope, presenceFlagged: true }, type);
  }
}
