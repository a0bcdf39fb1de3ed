// One session of a peer: its handlers, its signal, and its end.
//
// Owns: making the handlers, one handler at a time, and that everything which waits for the end of the session runs exactly
// once. Does not own: the order of calls on the wire and the limits of sessions (Rust), single calls (call.ts).

import { AsyncResource } from "node:async_hooks";
import type { CalledPeers } from "../client/called-peers.js";
import { AsterError, Code } from "../errors.js";
import { type Logger, loggedError, logSafely } from "../logging.js";
import { SessionEnder } from "../native/constants.js";
import type { EndedSession, IncomingSession, SessionSink } from "../port/events.js";
import type { Port } from "../port/port.js";
import { statusFacts } from "../status-facts.js";
import type { CallContext } from "./context.js";
import { statusOf } from "./failure.js";
import { guardListeners } from "./guarded-signal.js";
import { type ConnectedPeer, peerOf } from "./peer.js";
import type { Session, SessionCause } from "./session.js";

const CAUSES: ReadonlyMap<number, SessionCause> = new Map([
  [SessionEnder.CLIENT, "closed"],
  [SessionEnder.SERVER, "shutdown"],
  [SessionEnder.LOST, "lost"],
  [SessionEnder.PROTOCOL, "protocol"],
]);

const TEXTS: Readonly<Record<SessionCause, string>> = {
  closed: "the client closed the session",
  lost: "the client left the session, or its connection is lost",
  protocol: "the client broke the protocol of sessions",
  shutdown: "the server ended the session",
};

/** The longest time for which a call waits for the handler of an earlier call, which was aborted. */
const GRACE_MS = 500;
const { setTimeout: later, clearTimeout: notLater } = globalThis;

/** A handler of any method. */
export type AnyHandler = (input: unknown, context: CallContext) => unknown;

/** The handlers of one session, and what to call after it. */
export interface SessionHandlers {
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  dispose(): unknown;
}

/** The parts of a served session service. */
export interface ServedSessions {
  readonly service: string;
  readonly logger: Logger;
  /** The peers of the node, which can be called back. */
  readonly called: CalledPeers;
  /** Makes the handlers of a session. May throw, and may return a promise. */
  make(session: Session): SessionHandlers | Promise<SessionHandlers>;
  /** The sessions that are open, or whose clean-up runs. */
  readonly open: Set<ServedSession>;
}

/** A call as its session knows it. */
interface RunningCall {
  readonly aborted: boolean;
}

/** A session that this thread serves. */
export class ServedSession implements Session, SessionSink {
  readonly id: string;
  readonly metadata: ReadonlyMap<string, string>;
  #connection: number;
  #peer: ConnectedPeer;
  readonly #served: ServedSessions;
  readonly #port: Port;
  readonly #number: number;
  readonly #listeners: ((cause: SessionCause) => unknown)[] = [];
  /** The calls whose handlers run. All but the last one were aborted. */
  readonly #running = new Set<RunningCall>();
  #idle: (() => void) | null = null;
  /** The handlers, or the promise of them. */
  #handlers: SessionHandlers | Promise<SessionHandlers>;
  #abort: AbortController | null = null;
  #cause: SessionCause | null = null;
  readonly #waiting: (() => void)[] = [];

  constructor(port: Port, incoming: IncomingSession, served: ServedSessions) {
    this.#port = port;
    this.#served = served;
    this.#number = incoming.number;
    this.id = incoming.id;
    this.#connection = incoming.connection;
    this.#peer = peerOf(port.peer(incoming.connection), served.called);
    this.metadata = incoming.metadata;
    served.open.add(this);
    this.#handlers = new AsyncResource("AsterSession").runInAsyncScope(() => this.#open());
  }

  get peer(): ConnectedPeer {
    return this.#peer;
  }

  /** The number of the connection. */
  get connection(): number {
    return this.#connection;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      guardListeners(this.#abort.signal, (error) => this.#failed(error));
      if (this.#cause !== null) this.#abort.abort(ended(this.#cause));
    }
    return this.#abort.signal;
  }

  onClose(listener: (cause: SessionCause) => unknown): void {
    if (typeof listener !== "function") throw new TypeError("onClose() takes a function");
    if (this.#cause === null) this.#listeners.push(listener);
    else void this.#tell(listener, this.#cause);
  }

  close(error?: AsterError): void {
    const given = error === undefined ? null : statusFacts(error);
    const text = "the server ended the session";
    this.#port.closeSession(
      this.#number,
      0,
      given ?? { code: Code.UNAVAILABLE, message: text, details: new Map() },
    );
  }

  /** Settles when the session is over and everything that waits for its end has run. */
  cleaned(): Promise<void> {
    if (!this.#served.open.has(this)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Runs the handler of a method, after the handlers of earlier calls. */
  invoke(method: string, input: unknown, context: CallContext): unknown {
    const waits = this.#running.size > 1 && [...this.#running].some(({ aborted }) => aborted);
    if (!waits && !(this.#handlers instanceof Promise)) return run(this.#handlers, method, input, context);
    return this.#invokeLater(waits, method, input, context);
  }

  /** The handler of a call begins. */
  entered(call: RunningCall): void {
    this.#running.add(call);
  }

  /** The handler of a call has ended. */
  settled(call: RunningCall): void {
    this.#running.delete(call);
    if (this.#running.size <= 1) this.#idle?.();
  }

  onSessionOpened(): void {}

  onSessionPeer(connection: number): void {
    this.#connection = connection;
    this.#peer = peerOf(this.#port.peer(connection), this.#served.called);
  }

  onSessionEnded(end: EndedSession): void {
    // A local end is that of this thread.
    const cause = end.isLocal ? "shutdown" : (CAUSES.get(end.by) ?? "lost");
    this.#cause = cause;
    this.#abort?.abort(ended(cause));
    void this.#end(cause).then(() => {
      this.#served.open.delete(this);
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  async #invokeLater(waits: boolean, method: string, input: unknown, context: CallContext): Promise<unknown> {
    if (waits) await this.#othersEnd();
    const handlers = await this.#handlers;
    // A call that was aborted while it waited never reaches its handler.
    if (context.signal.aborted) throw context.signal.reason;
    return run(handlers, method, input, context);
  }

  /** Waits for the handlers of earlier calls. They were aborted, so one that ignores its signal delays only for a while. */
  #othersEnd(): Promise<void> {
    return new Promise((resolve) => {
      const timer = later(done, GRACE_MS);
      this.#idle = done;
      function done(): void {
        notLater(timer);
        resolve();
      }
    });
  }

  #open(): SessionHandlers | Promise<SessionHandlers> {
    try {
      const opened = this.#served.make(this);
      if (!(opened instanceof Promise)) return opened;
      opened.then(
        (handlers) => {
          this.#handlers = handlers;
        },
        (error: unknown) => this.#refuse(error),
      );
      return opened;
    } catch (error) {
      this.#refuse(error);
      const failed = Promise.reject(error);
      failed.catch(() => {});
      return failed;
    }
  }

  /** The handlers could not be made: the client gets the reason, and the session ends. */
  #refuse(error: unknown): void {
    const { service, logger } = this.#served;
    this.#port.closeSession(this.#number, 0, statusOf(error, `a session of ${service}`, logger));
  }

  async #end(cause: SessionCause): Promise<void> {
    for (const listener of this.#listeners.splice(0)) await this.#tell(listener, cause);
    let handlers: SessionHandlers;
    try {
      handlers = await this.#handlers;
    } catch {
      return; // there are no handlers: the client was told why
    }
    // Listeners that were registered while the handlers were made have run, because the session was over then.
    await this.#tell(() => handlers.dispose(), cause);
  }

  async #tell(listener: (cause: SessionCause) => unknown, cause: SessionCause): Promise<void> {
    try {
      await listener(cause);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const { service, logger } = this.#served;
    logSafely(() =>
      logger.error("a listener or the clean-up of a session failed", { service, error: loggedError(error) }),
    );
  }
}

function run({ handlers }: SessionHandlers, method: string, input: unknown, context: CallContext): unknown {
  return handlers.get(method)?.(input, context);
}

function ended(cause: SessionCause): AsterError {
  const code = cause === "shutdown" ? Code.UNAVAILABLE : Code.CANCELLED;
  return new AsterError(code, TEXTS[cause], { reason: "SESSION_OVER" });
}
