/** Calls of one pattern, one after another in a few lanes, until a cell has seen enough. */
import { type AsterClient, AsterError, type Code } from "aster-rpc";
import type { Call, Pattern, Size } from "./patterns.ts";

const LANES = 4;
/** After a failure a lane waits a moment. Otherwise it would make thousands of calls that fail at once. */
const PAUSE_MS = 20;
/** A call may end so much later than its deadline: promise 1, and the load of the machine. */
const LATE_MS = 250 + 1750;

/** Checks until `holds` returns true, and fails after `ms`. Tests that run at the same time cannot use `expect.poll`. */
export async function eventually(holds: () => boolean, ms: number, what: string): Promise<void> {
  const until = performance.now() + ms;
  while (!holds()) {
    if (performance.now() > until) throw new Error(`${what}: not within ${ms} ms`);
    await time(10);
  }
}

export const time = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Lanes {
  readonly failures: { readonly code: Code; readonly message: string }[] = [];
  /** Calls that ended long after their deadline, in milliseconds. */
  readonly late: number[] = [];
  ok = 0;
  #responses = 0;
  #stopping = false;
  #waiting: { readonly at: number; readonly ok: number; resolve(): void } | null = null;
  readonly #ended: Promise<unknown>;

  constructor(pattern: Pattern, client: AsterClient, size: Size) {
    const told = () => {
      this.#responses += 1;
      this.#look();
    };
    const call = pattern.of(client);
    this.#ended = Promise.all(
      Array.from({ length: LANES }, () => this.#lane(call, size, told, pattern.deadlines ?? 1)),
    );
  }

  async #lane(call: Call, size: Size, told: () => void, deadlines: number): Promise<void> {
    while (!this.#stopping) {
      const began = performance.now();
      try {
        await call(size, told);
        this.ok += 1;
        this.#look();
      } catch (thrown) {
        const error = AsterError.from(thrown);
        this.failures.push({ code: error.code, message: error.message });
        await time(PAUSE_MS);
      }
      const took = performance.now() - began;
      if (took > deadlines * size.timeoutMs + PAUSE_MS + LATE_MS) this.late.push(took);
    }
  }

  /** Settles after so many more responses and at least one more call that ended with OK. */
  async more(responses = 20): Promise<void> {
    const at = this.#responses + responses;
    await new Promise<void>((resolve) => {
      this.#waiting = { at, ok: this.ok + 1, resolve };
    });
  }

  /** Starts no new calls, and settles when the last one has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#ended;
  }

  #look(): void {
    if (this.#waiting === null || this.#responses < this.#waiting.at || this.ok < this.#waiting.ok) return;
    this.#waiting.resolve();
    this.#waiting = null;
  }
}
