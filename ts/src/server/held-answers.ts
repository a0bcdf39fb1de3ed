// The responses of a stream handler inside interceptors: each step runs in the asynchronous context of the handler.
//
// Owns: that context. A generator function returns before its body has started. Without this module its steps would run
// where the responses are sent, outside of an `AsyncLocalStorage` that an interceptor has entered. Does not own: sending.

import { AsyncResource } from "node:async_hooks";

type Step = "next" | "return" | "throw";

/** The output of a stream handler, whose steps run in the context of now. An output that runs no code is not changed. */
export function heldAnswers(output: unknown): unknown {
  if (typeof output !== "object" || output === null || Array.isArray(output)) return output;
  const iterable = output as Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  const isAsync = typeof iterable[Symbol.asyncIterator] === "function";
  if (!isAsync && typeof iterable[Symbol.iterator] !== "function") return output;
  return new HeldAnswers(iterable, isAsync);
}

class HeldAnswers implements AsyncIterableIterator<unknown> {
  readonly #iterable: Partial<AsyncIterable<unknown> & Iterable<unknown>>;
  readonly #isAsync: boolean;
  #context = new AsyncResource("AsterHandler");
  #iterator: Iterator<unknown> | AsyncIterator<unknown> | null = null;

  constructor(iterable: Partial<AsyncIterable<unknown> & Iterable<unknown>>, isAsync: boolean) {
    this.#iterable = iterable;
    this.#isAsync = isAsync;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(...given: [] | [unknown]): Promise<IteratorResult<unknown>> {
    return this.#step("next", given);
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    return this.#step("return", [value]);
  }

  throw(error?: unknown): Promise<IteratorResult<unknown>> {
    return this.#step("throw", [error]);
  }

  async #step(step: Step, given: readonly unknown[]): Promise<IteratorResult<unknown>> {
    return this.#context.runInAsyncScope(() => {
      const iterator = this.#open();
      const run = iterator[step] as ((...given: readonly unknown[]) => IteratorResult<unknown>) | undefined;
      try {
        if (run !== undefined) return Reflect.apply(run, iterator, given);
        if (step === "throw") throw given[0];
        return { done: true, value: given[0] };
      } finally {
        // A store that the handler entered in this step is valid in the next one.
        this.#context = new AsyncResource("AsterHandler");
      }
    });
  }

  #open(): Iterator<unknown> | AsyncIterator<unknown> {
    this.#iterator ??= this.#isAsync
      ? (this.#iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]()
      : (this.#iterable as Iterable<unknown>)[Symbol.iterator]();
    return this.#iterator;
  }
}
