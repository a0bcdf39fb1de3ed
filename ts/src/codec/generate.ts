import { bodyReader } from "./interpret-read.js";
import { bodyWriter } from "./interpret-write.js";
import type { Scope } from "./shape.js";
export function generate(scope: Scope): void {
  for (const type of scope.types) {
    if (type.kind !== "message") continue;
    type.write = bodyWriter(scope, type);
    type.read = bodyReader({ scope, marked: false }, type);
    type.readMarked = bodyReader({ scope, marked: true }, type);
  }
}
