// Keeps the process alive while something is under way, and only then.
//
// Owns: one timer per environment that is referenced while the count is above zero. The doorbell is weak and
// cannot do this. Does not own: what counts (calls in flight, requests, served nodes).

const LONGEST_MS = 0x7fff_ffff;

// Taken once, so that fake timers of a test cannot stop the process from living.
const { setInterval: every, clearInterval: stopEvery } = globalThis;

/** A count that holds the event loop open while it is above zero. */
export class KeepAlive {
  #count = 0;
  #timer: NodeJS.Timeout | null = null;

  hold(): void {
    if (this.#count++ > 0) return;
    if (this.#timer === null) this.#timer = every(() => {}, LONGEST_MS);
    else this.#timer.ref();
  }

  release(): void {
    if (--this.#count === 0) this.#timer?.unref();
  }

  /** Lets go for good. */
  stop(): void {
    if (this.#timer !== null) stopEvery(this.#timer);
    this.#timer = null;
  }
}
