// Which executor runs the plans of a process: generated code or the interpreter.
//
// Owns: that choice. Generated code needs `new Function`; where the process forbids it (Node's
// `--disallow-code-generation-from-strings`) or the environment says `ASTER_CODEC=interpreted`, the interpreter
// takes over. Both give the same bytes and values.

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
    return "interpreted"; // the process forbids making code from text: that is what the interpreter is for
  }
}

let executor: ExecutorName | null = null;

/** Gives every message of a scope its functions. */
export function installExecutor(scope: Scope, name?: ExecutorName): void {
  executor ??= chosen();
  if ((name ?? executor) === "generated") {
    generate(scope);
    return;
  }
  for (const type of scope.types) {
    if (type.kind !== "message") continue;
    type.write = bodyWriter(scope, type);
    type.read = bodyReader({ scope, marked: false }, type);
    type.readMarked = bodyReader({ scope, marked: true }, type);
  }
}
