// Keeps the process alive while something runs, and only then.
//
// Owns: one timer for each thread, which holds the event loop open while a count is above zero. The doorbell cannot do
// this, because it does not hold the event loop. Does not own: what is counted (calls, requests, served nodes).

const LONGEST_MS = 0x7fff_ffff;

// Taken when the module loads, so that fake timers of a test do not end the process early.
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

  /** Stops holding the event loop, for ever. */
  stop(): void {
    if (this.#timer !== null) stopEvery(this.#timer);
    this.#timer = null;
  }
}
