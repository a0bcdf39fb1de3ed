// A session of this client: opening it, its end, and the path of its calls.
//
// Owns: the state of the session as JavaScript sees it, the promise of its end, and the user's signal. Does not own: the
// order of its calls and its stream (Rust), the object that users get (session.ts).

import { AsterError, type AsterErrorInit, Code, codeName } from "../errors.js";
import { REASON_DETAIL } from "../metadata.js";
import { CloseFlag, SessionEnder } from "../native/constants.js";
import type { EndedSession, SessionSink } from "../port/events.js";
import type { Port } from "../port/port.js";
import { type Abortable, listen, reasonOf, unlisten } from "./abort.js";
import type { Connection } from "./connection.js";
import type { CallPath } from "./method.js";

/**
 * How a session ended.
 *
 * @example
 * const session = await client.session(Lobby);
 * await session.close();
 * const end: SessionEnd = await session.closed;
 * console.log(end.by, end.error, end.lastFinishedCall); // client null 0
 */
export interface SessionEnd {
  /**
   * `"client"`: it was closed here. `"server"`: the server ended it. `"connection"`: the stream or the connection was lost.
   * `"protocol"`: this side gave it up, because the server broke the protocol or did not end a cancelled call in time.
   */
  readonly by: "client" | "server" | "connection" | "protocol";
  /** Why it ended; null when it was closed in order. */
  readonly error: AsterError | null;
  /**
   * The last call that the server is known to have finished, counted from 1 in the order of the session; 0 for none. A later
   * call may have run or not.
   */
  readonly lastFinishedCall: number;
}

/** What a session says when it opens. */
export interface Opening {
  readonly handle: number;
  readonly service: string;
  readonly timeoutMs: number;
  readonly metadata: ReadonlyMap<string, string> | null;
  readonly signal: AbortSignal | null;
}

const BY: ReadonlyMap<number, SessionEnd["by"]> = new Map([
  [SessionEnder.CLIENT, "client"],
  [SessionEnder.SERVER, "server"],
  [SessionEnder.LOST, "connection"],
  [SessionEnder.PROTOCOL, "protocol"],
]);

/** A session of this client. */
export class SessionPath implements CallPath, SessionSink, Abortable {
  readonly id: string = crypto.randomUUID();
  readonly session: number;
  readonly #connection: Connection;
  readonly #service: string;
  readonly #signal: AbortSignal | null;
  #opened: { resolve(): void; reject(error: unknown): void } | null = null;
  #closing = false;
  #end: SessionEnd | null = null;
  #waiting: ((end: SessionEnd) => void)[] = [];
  #aborted: unknown = null;

  private constructor(connection: Connection, opening: Opening) {
    this.#connection = connection;
    this.#service = opening.service;
    this.#signal = opening.signal;
    this.session = connection.port.nextNumber();
  }

  /** Opens a session. Settles when its stream is open; a refusal of the server ends it later. */
  static open(connection: Connection, opening: Opening): Promise<SessionPath> {
    if (connection.closed) return Promise.reject(connection.closedError({ service: opening.service }));
    const path = new SessionPath(connection, opening);
    return new Promise((resolve, reject) => {
      const { port } = connection;
      if (opening.signal?.aborted) throw aborted(opening.signal);
      if (opening.signal !== null) listen(opening.signal, path);
      path.#opened = { resolve: () => resolve(path), reject };
      try {
        port.ops.openSession(path.session, opening.handle, path.id, opening.timeoutMs, opening.metadata);
      } catch (error) {
        if (opening.signal !== null) unlisten(opening.signal, path);
        throw error;
      }
      port.sessions.enter(path.session, path);
      port.keepAlive.hold();
      port.scheduled();
    });
  }

  get port(): Port {
    return this.#connection.port;
  }

  get endpointId(): string {
    return this.#connection.endpointId;
  }

  get closed(): boolean {
    return this.#closing || this.#end !== null;
  }

  /** Settles when the session is over. It never rejects. */
  get ended(): Promise<SessionEnd> {
    if (this.#end !== null) return Promise.resolve(this.#end);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  closedError(place: AsterErrorInit): AsterError {
    const error = this.#end?.error ?? null;
    const facts = { ...place, notSent: true, reason: "SESSION_OVER", details: this.#details() };
    if (error === null) return new AsterError(Code.FAILED_PRECONDITION, "the session is closed", facts);
    return new AsterError(error.code, `the session is over: ${error.rawMessage}`, { ...facts, cause: error });
  }

  /** Ends the session after the calls that were made before. */
  async close(): Promise<void> {
    if (this.#end !== null) return;
    const { port } = this;
    port.keepAlive.hold();
    try {
      if (!this.#closing) {
        this.#closing = true;
        port.closeSession(this.session, 0, null);
      }
      await this.ended;
    } finally {
      port.keepAlive.release();
    }
  }

  /** Called when the user's signal aborts. */
  abort(signal: AbortSignal): void {
    if (this.#end !== null) return;
    this.#closing = true;
    this.#aborted = aborted(signal);
    this.port.closeSession(this.session, CloseFlag.NOW, null);
  }

  onSessionOpened(): void {
    this.port.keepAlive.release();
    this.#opened?.resolve();
    this.#opened = null;
  }

  onSessionPeer(): void {}

  onSessionEnded(ended: EndedSession): void {
    if (this.#signal !== null) unlisten(this.#signal, this);
    const error = ended.code === Code.OK ? null : this.#error(ended);
    const by = BY.get(ended.by) ?? "connection";
    this.#end = Object.freeze({ by, error, lastFinishedCall: ended.lastFinished });
    for (const resolve of this.#waiting.splice(0)) resolve(this.#end);
    if (this.#opened === null) return;
    this.port.keepAlive.release();
    this.#opened.reject(this.#aborted ?? error ?? this.closedError({}));
    this.#opened = null;
  }

  #error({ code, message, details, lastFinished, isLocal, notSent }: EndedSession): AsterError {
    const known = codeName(code) !== null;
    const all = new Map(details).set("lastFinishedCall", String(lastFinished));
    const reason = all.get(REASON_DETAIL) ?? (known ? null : `CODE_${code}`);
    all.delete(REASON_DETAIL);
    const facts = { peer: this.endpointId, service: this.#service, reason, details: all, isLocal, notSent };
    return new AsterError(known ? (code as Code) : Code.UNKNOWN, message, facts);
  }

  #details(): Record<string, string> {
    return this.#end === null ? {} : { lastFinishedCall: String(this.#end.lastFinishedCall) };
  }
}

function aborted(signal: AbortSignal): AsterError {
  return new AsterError(Code.CANCELLED, "the session was aborted", {
    cause: reasonOf(signal),
    notSent: true,
  });
}
