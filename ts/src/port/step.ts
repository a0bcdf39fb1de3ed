// One step of an iterator that a program gave: its result, or a promise of it.
//
// Owns: telling them apart, and refusing what is no result. Does not own: reading the iterator (client/upload.ts,
// server/call.ts).

import { describeValue } from "../options.js";

/** Whether a value has to be awaited. Errors of its getters are thrown. */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof (value as Partial<PromiseLike<T>>).then === "function"
  );
}

/**
 * Checks the result of a step.
 * @throws {TypeError} when it is no object, as `for await` does
 */
export function checkedResult(result: IteratorResult<unknown>): IteratorResult<unknown> {
  if (typeof result === "object" && result !== null) return result;
  throw new TypeError(`next() of an iterator must give an object, not ${describeValue(result)}`);
}
