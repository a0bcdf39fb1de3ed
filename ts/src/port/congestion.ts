// Connections whose peer does not read: their new calls start later.
//
// Owns: which connections these are, and the calls that wait. Does not own: what makes output wait (Rust). Without this, a
// handler would make a response for each request of a peer that reads none of them.

interface Jam {
  /** Calls whose output waits. */
  waiting: number;
  /** Functions that start the calls which arrived since. */
  readonly later: (() => void)[];
}

/** The connections of one port on which output waits. */
export class Congestion {
  readonly #jams = new Map<number, Jam>();

  /** True while output of this connection waits. */
  has(connection: number): boolean {
    return this.#jams.has(connection);
  }

  /** Starts a call when no output of its connection waits any more. */
  defer(connection: number, start: () => void): void {
    this.#jams.get(connection)?.later.push(start);
  }

  /** Output of one call begins to wait. */
  begin(connection: number): void {
    const jam = this.#jams.get(connection);
    if (jam === undefined) this.#jams.set(connection, { waiting: 1, later: [] });
    else jam.waiting++;
  }

  /** Output of one call does not wait any more. */
  end(connection: number): void {
    const jam = this.#jams.get(connection);
    if (jam === undefined || --jam.waiting > 0) return;
    // A call that starts here may begin to wait at once. The others then stay in the queue.
    while (jam.waiting === 0) {
      const start = jam.later.shift();
      if (start === undefined) {
        if (this.#jams.get(connection) === jam) this.#jams.delete(connection);
        return;
      }
      start();
    }
  }
}
