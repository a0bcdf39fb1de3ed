// Sends the items of a user's iterable as the request stream of a call.
//
// Owns: reading the iterable only as fast as the stream accepts items, and ending it when the call ends first.
// Does not own: the byte budget (port/outlet.ts).

import { describeValue } from "../options.js";
import { Burst } from "../port/outlet.js";
import { checkedResult, isThenable } from "../port/step.js";
import type { ClientCall } from "./call.js";
import { itemError } from "./status.js";

/** A sync or async iterator. */
export type Source = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * The iterator of the user's input.
 * @throws {TypeError} when the input is not an iterable
 */
export function sourceOf(items: unknown): Source {
  const iterable = items as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] === "function") {
    return (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }
  // A string is an iterable of its characters, but as input it is a mistake.
  if (typeof items !== "string" && typeof iterable?.[Symbol.iterator] === "function") {
    return (iterable as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError(`the input must be an iterable, not ${describeValue(items)}`);
}

/** Sends the items of the source. It never rejects: an error becomes the failure of the call. */
export async function pump(call: ClientCall, source: Source): Promise<void> {
  // An iterator that has ended or thrown must not be ended again with return().
  let exhausted = false;
  call.onOver = () => {
    if (!exhausted) void endEarly(source);
  };
  const burst = new Burst();
  try {
    while (!call.over) {
      let result: IteratorResult<unknown>;
      try {
        const step = source.next();
        // Results of a synchronous iterator are not awaited, which would cost a turn of the promise queue for each item.
        result = checkedResult(isThenable(step) ? await step : step);
      } catch (error) {
        exhausted = true;
        throw error;
      }
      if (call.over) return;
      if (result.done === true) {
        exhausted = true;
        await call.outlet?.end();
        return;
      }
      const room = sent(call, result.value) ?? burst.next();
      if (room !== null) await room;
    }
  } catch (error) {
    if (!call.over) call.leave({ error });
  }
}

/** Sends an item. The error of one that does not fit names the method; errors of the source are not changed. */
function sent(call: ClientCall, item: unknown): Promise<void> | null {
  try {
    return call.outlet?.send(item) ?? null;
  } catch (error) {
    throw itemError(error, call.method);
  }
}

async function endEarly(source: Source): Promise<void> {
  try {
    await source.return?.();
  } catch {
    // The call has ended and has its result. An error of the iterator's clean-up cannot change it.
  }
}
