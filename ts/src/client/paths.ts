// The network path of a connection as it changes.
//
// Owns: the iteration. Does not own: noticing a change (Rust). A reader gets the newest path and none before it, so nothing is
// kept for a reader that does not read.

import type { ConnectionPath } from "../native/documents.js";

/** Where the path is read, and what tells that it may have changed. */
export interface PathSource {
  /** The path now; null when nothing can follow. */
  now(): ConnectionPath | null;
  /** Settles with true when the path may have changed since `known`, with false when nothing can follow. */
  changed(known: ConnectionPath): Promise<boolean>;
  /** The reader has left. */
  left(): void;
}

type Result = IteratorResult<ConnectionPath, undefined>;
const DONE: Result = Object.freeze({ done: true, value: undefined });

/** Gives the path now, and then each time when packets take another one. */
export class Paths implements AsyncIterableIterator<ConnectionPath, undefined> {
  readonly #source: PathSource;
  #last: ConnectionPath | null = null;
  #turn: Promise<Result> = Promise.resolve(DONE);
  #ended = false;
  readonly #leaving: Promise<false>;
  #leave: () => void = () => {};

  constructor(source: PathSource) {
    this.#source = source;
    this.#leaving = new Promise((resolve) => {
      this.#leave = () => resolve(false);
    });
  }

  next(): Promise<Result> {
    // One after the other, also when a reader does not wait.
    const turn = this.#turn.then(() => this.#next());
    this.#turn = turn.catch(() => DONE);
    return turn;
  }

  async #next(): Promise<Result> {
    while (!this.#ended) {
      const now = this.#source.now();
      if (now === null) break;
      const last = this.#last;
      if (last === null || last.kind !== now.kind || last.address !== now.address) {
        this.#last = now;
        return { done: false, value: now };
      }
      const changed = await Promise.race([this.#source.changed(now), this.#leaving]);
      if (!changed) break;
    }
    this.#end();
    return DONE;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#leave();
    this.#source.left();
  }

  return(): Promise<Result> {
    this.#end();
    return Promise.resolve(DONE);
  }

  async throw(error: unknown): Promise<Result> {
    this.#end();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
