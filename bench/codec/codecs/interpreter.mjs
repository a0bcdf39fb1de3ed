// aster-rpc without code generation: the interpreter of the same plans.
import { open as openOurs } from "./ours.mjs";

export function open(type) {
  process.env.ASTER_CODEC = "interpreted"; // read when the first schema is compiled
  return openOurs(type);
}
