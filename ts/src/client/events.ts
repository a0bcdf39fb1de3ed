// What happens to the connection of a client: loss, return, changes of the network path, and its admission.
//
// Owns: the events, and the queue of each reader. Does not own: noticing a change (Rust), the admission (node/admission.ts). One request for all readers waits
// for the next change; states that follow each other quickly are seen as one.

import { withoutControls } from "../logging.js";
import type { ConnectionState } from "../native/documents.js";
import { native } from "../native/index.js";
import type { Port } from "../port/port.js";

/**
 * An event of {@link AsterClient.events}.
 *
 * - `lost`: the connection is gone, or the server does not answer. The next call connects again.
 * - `returned`: there is a connection again.
 * - `path`: packets take another way: `relayed` tells whether through a relay, and `remoteAddress` is the address of the server
 *   or the URL of the relay.
 * - `admitted`: the server has accepted a newer credential of this client, which counts until `expiresAt`.
 * - `expires`: a fifth of the lifetime of the credential is left. Install a new one.
 *
 * @example
 * const describe = (event: ConnectionEvent): string =>
 *   event.type === "lost" ? `lost: ${event.reason}` : event.type;
 */
export type ConnectionEvent =
  | { readonly type: "lost"; readonly reason: string }
  | { readonly type: "returned" }
  | { readonly type: "path"; readonly relayed: boolean; readonly remoteAddress: string }
  | { readonly type: "admitted"; readonly expiresAt: Date }
  | { readonly type: "expires"; readonly expiresAt: Date };

/** A reader that does not read keeps this many events. Of more, the oldest are dropped. */
const MOST_EVENTS = 64;

type Result = IteratorResult<ConnectionEvent, undefined>;
const DONE: Result = Object.freeze({ done: true, value: undefined });

/** The connection that is watched. */
interface Watched {
  readonly port: Port;
  readonly number: number;
  readonly closed: boolean;
}

/** Watches one connection for all its readers. */
export class ConnectionWatch {
  readonly #connection: Watched;
  readonly #readers = new Set<Reader>();
  #state: ConnectionState | null = null;
  #watching = false;

  constructor(connection: Watched) {
    this.#connection = connection;
  }

  /** A new reader, which sees what happens from now on. */
  read(): AsyncIterableIterator<ConnectionEvent, undefined> {
    const reader: Reader = new Reader(() => this.#readers.delete(reader));
    if (this.#connection.closed) {
      reader.end();
      return reader;
    }
    this.#readers.add(reader);
    if (!this.#watching) {
      this.#state = native().connectionState(this.#connection.number);
      void this.#watch();
    }
    return reader;
  }

  /** Something happened that this watch does not see by itself. */
  tell(event: ConnectionEvent): void {
    for (const reader of this.#readers) reader.push(event);
  }

  /** The client was closed. */
  close(): void {
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    try {
      while (this.#readers.size > 0 && !this.#connection.closed) {
        const next = await this.#change();
        const events = eventsOf(this.#state as ConnectionState, next);
        this.#state = next;
        for (const event of events) this.tell(event);
      }
    } catch {
      // The connection or the thread was closed.
    }
    this.#watching = false;
    // The readers stay when there are new ones for the next watch; a closed connection has ended them.
    if (this.#connection.closed) this.close();
  }

  #change(): Promise<ConnectionState> {
    const { port, number } = this.#connection;
    const known = this.#state as ConnectionState;
    return port.request(
      "takeConnectionState",
      (addon, request) => addon.connectionChanged(port.number, request, number, known),
      false,
    );
  }
}

function eventsOf(before: ConnectionState, now: ConnectionState): ConnectionEvent[] {
  const events: ConnectionEvent[] = [];
  const replaced = before.id !== now.id;
  if (before.up && (!now.up || replaced)) {
    const reason = now.up ? "the connection was replaced" : now.reason;
    // The peer chooses a part of the text.
    events.push({ type: "lost", reason: withoutControls(reason.toWellFormed()) });
  }
  if (now.up && (!before.up || replaced)) events.push({ type: "returned" });
  const moved = before.remoteAddress !== now.remoteAddress || before.relayed !== now.relayed || replaced;
  if (now.up && moved && now.remoteAddress !== "")
    events.push({ type: "path", relayed: now.relayed, remoteAddress: now.remoteAddress });
  return events;
}

/** One reader of the events. */
export class Reader implements AsyncIterableIterator<ConnectionEvent, undefined> {
  readonly #leave: () => void;
  readonly #events: ConnectionEvent[] = [];
  readonly #waiting: ((result: Result) => void)[] = [];
  #ended = false;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  push(event: ConnectionEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting({ done: false, value: event });
      return;
    }
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#events.shift();
  }

  end(): void {
    this.#ended = true;
    for (const resolve of this.#waiting.splice(0)) resolve(DONE);
  }

  next(): Promise<Result> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<Result> {
    this.#events.length = 0;
    this.#leave();
    this.end();
    return Promise.resolve(DONE);
  }

  async throw(error: unknown): Promise<Result> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
