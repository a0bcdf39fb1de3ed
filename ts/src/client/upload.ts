// Feeds an iterable of the user into the request stream of a call.
//
// Owns: reading the iterable no faster than the stream takes it, and ending it when the call is over first.
// Does not own: the byte budget (port/outlet.ts).

import { describeValue } from "../options.js";
import { Burst } from "../port/outlet.js";
import type { ClientCall } from "./call.js";

/** An iterator of either kind. */
export type Source = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * The iterator of what a user gave as input.
 * @throws {TypeError} when it is no iterable.
 */
export function sourceOf(items: unknown): Source {
  const iterable = items as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] === "function") {
    return (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }
  // A text is iterable too, by its letters, which nobody means here.
  if (typeof items !== "string" && typeof iterable?.[Symbol.iterator] === "function") {
    return (iterable as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError(`the input must be an iterable, not ${describeValue(items)}`);
}

/** Sends what the source yields. Never rejects: what goes wrong becomes the failure of the call. */
export async function pump(call: ClientCall, source: Source): Promise<void> {
  // True while the source itself decides what comes: an iterator that threw or ended is not return()ed.
  let exhausted = false;
  call.whenOver = () => {
    if (!exhausted) void endEarly(source);
  };
  const burst = new Burst();
  try {
    while (!call.over) {
      const step = source.next();
      // Plain results of a synchronous iterator are not awaited: a turn of the promise queue for each item.
      const result = isThenable(step) ? await step.then(undefined, (error) => thrown(error)) : step;
      if (call.over) return;
      if (result.done === true) {
        exhausted = true;
        await call.outlet?.end();
        return;
      }
      const room = call.outlet?.send(result.value) ?? burst.next();
      if (room !== null) await room;
    }
  } catch (error) {
    if (!call.over) call.leave(error);
  }

  function thrown(error: unknown): never {
    exhausted = true;
    throw error;
  }
}

function isThenable(step: unknown): step is PromiseLike<IteratorResult<unknown>> {
  return typeof (step as { readonly then?: unknown }).then === "function";
}

async function endEarly(source: Source): Promise<void> {
  try {
    await source.return?.();
  } catch {
    // The call is over and has its outcome; a failing clean-up of the input cannot change it.
  }
}
