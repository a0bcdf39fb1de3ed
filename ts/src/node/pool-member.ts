// One endpoint of a pool: its connection, what runs on it, and whether it gets calls now.
//
// Owns: counting what runs, leaving out an endpoint that fails, its slow start, and closing it after its last call. Does not own:
// which endpoint is next (endpoint-pool.ts).

import { AsterError, Code } from "../errors.js";
import type { FoundEndpoint } from "../native/documents.js";
import type { AsterClient } from "./aster-client.js";

/** Failures in a row after which an endpoint gets no calls for a while. */
const FAILURES = 3;
/** How long an endpoint gets no calls, first and at most. It doubles each time. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** For so long a new endpoint gets fewer calls than the others, beside others that are not new. */
export const SLOW_START_MS = 5000;
/** The share of the calls that it gets at first. */
const FIRST_SHARE = 0.1;

/** What a pool needs of the client of an endpoint. */
export type PoolClient = Pick<AsterClient, "info" | "close" | "stub" | "session">;

/** One endpoint of the pool. */
export class Member {
  found: FoundEndpoint;
  readonly client: PoolClient;
  readonly since: number;
  readonly rttMs: number;
  readonly #now: () => number;
  #running = 0;
  #failures = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #retired: (() => void) | null = null;

  constructor(
    found: FoundEndpoint,
    client: PoolClient,
    facts: { readonly since: number; readonly rttMs: number },
    now: () => number,
  ) {
    this.found = found;
    this.client = client;
    this.since = facts.since;
    this.rttMs = facts.rttMs;
    this.#now = now;
  }

  /** Calls, streams and sessions that have not ended. */
  get running(): number {
    return this.#running;
  }

  /** Whether it gets no calls now, because it failed. */
  get isPaused(): boolean {
    return this.#now() < this.#pausedUntil;
  }

  /** Its share of the calls: it grows during the slow start. */
  get share(): number {
    return Math.min(1, FIRST_SHARE + ((1 - FIRST_SHARE) * (this.#now() - this.since)) / SLOW_START_MS);
  }

  /** Says that something runs. The function that is returned says how it ended; only its first call counts. */
  begin(): (error: unknown) => void {
    this.#running += 1;
    let ended = false;
    return (error) => {
      if (ended) return;
      ended = true;
      this.#running -= 1;
      this.#judge(error);
      if (this.#running === 0) this.#retired?.();
    };
  }

  /** Only an endpoint that cannot be reached is left out: any other end of a call shows that it is there. */
  #judge(error: unknown): void {
    if (!isUnreachable(error)) {
      this.#failures = 0;
      if (error === null) this.#pauseMs = FIRST_PAUSE_MS;
      return;
    }
    this.#failures += 1;
    if (this.#failures < FAILURES) return;
    this.#failures = 0;
    this.#pausedUntil = this.#now() + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** Closes the connection when nothing runs on it any more, and settles then. It gets no new calls. */
  retire(): Promise<void> {
    if (this.#running === 0) return this.client.close();
    return new Promise<void>((resolve) => {
      this.#retired = resolve;
    }).then(() => this.client.close());
  }
}

/** No connection, or none before the deadline. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof AsterError) || !error.isLocal) return false;
  return error.code === Code.UNAVAILABLE || (error.code === Code.DEADLINE_EXCEEDED && error.notSent);
}
