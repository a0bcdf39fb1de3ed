// The port of this JavaScript thread: operations out, events in (docs/boundary.md).
//
// Owns: one submit for each event-loop turn, the drain loop that the doorbell starts, the receive slab, finding the call
// of an event by its number, requests of the control plane, the table of peers, and keeping the process alive. Does not
// own: the records (operations.ts, events.ts), and what a call does with an event.

import { AsterError, Code } from "../errors.js";
import { logSafely, stderrLogger } from "../logging.js";
import { UNREAD_BY_PEER, WINDOW_REFUSED } from "../native/constants.js";
import type { NativeBinding, Take } from "../native/documents.js";
import { errorOf } from "../native/failure.js";
import type { StatusFacts } from "../status-facts.js";
import { CallTable } from "./call-table.js";
import { Congestion } from "./congestion.js";
import { tellCoreLine } from "./core-log.js";
import {
  type CallSink,
  dispatchEvents,
  type EndedSession,
  type EventTarget,
  type IncomingCall,
  type IncomingSession,
  type PeerInfo,
} from "./events.js";
import { KeepAlive } from "./keep-alive.js";
import { Operations } from "./operations.js";
import { PeerPlace } from "./peer-place.js";
import { Sessions } from "./sessions.js";

const SLAB_BYTES = 1024 * 1024;
// The number of drains in a row before other work of the event loop gets a turn.
const ROUNDS_PER_RING = 4;
// The number of doorbell rings that are answered in one event-loop turn. Node delivers up to a thousand calls of a
// thread-safe function in a row. A stream that causes the next ring with each answer would delay timers for seconds.
const RINGS_PER_TURN = 8;
// Operations of this size are submitted at once instead of at the end of the turn, so that Rust can send meanwhile.
const EARLY_SUBMIT_BYTES = 256 * 1024;
const LAST_CALL_NUMBER = 0x7fff_ffff;

// Taken when the module loads, so that fake timers of a test do not stop the transport.
const { nextTick } = process;
const { setImmediate: afterIo, queueMicrotask: afterThis } = globalThis;

/** The status of a call that failed before there was an object for it. */
const FAULT: StatusFacts = { code: Code.INTERNAL, message: "internal error", details: new Map() };

interface Request {
  readonly take: Take;
  readonly keepsAlive: boolean;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The receiver of new calls of a served method. */
export interface CallAcceptor {
  accept(call: IncomingCall): void;
}

/** Decides whether a peer may be admitted. */
export type AdmitPeer = (peer: PeerInfo) => Promise<boolean>;

/** The connection of one JavaScript thread to the addon. */
export class Port implements EventTarget {
  readonly number: number;
  readonly keepAlive: KeepAlive = new KeepAlive();
  readonly congestion: Congestion = new Congestion();
  /** The open sessions: those that this thread opened, and those that it serves. */
  readonly sessions: Sessions = new Sessions();
  readonly #native: NativeBinding;
  readonly #ops = new Operations();
  readonly #calls = new CallTable<CallSink>();
  readonly #requests = new Map<number, Request>();
  readonly #peers = new Map<number, PeerInfo>();
  readonly #acceptors = new Map<number, CallAcceptor>();
  readonly #admits = new Map<number, AdmitPeer>();
  readonly #flushNow = (): void => this.flush();
  readonly #tickLater = (): void => nextTick(this.#flushNow);
  readonly #drainAgain = (): void => this.drain();
  readonly #nextTurn = (): void => {
    this.#rings = 0;
    this.drain();
  };
  #slab = new Uint8Array(SLAB_BYTES);
  #rings = 0;
  #lastCall = -1;
  #lastRequest = 0;
  #scheduled = false;
  #dispatching = false;
  #closed = false;

  constructor(native: NativeBinding) {
    this.#native = native;
    this.number = native.openPort(() => this.#ring());
  }

  /** The operations of this turn. Code that appends one must call {@link Port.scheduled} afterwards. */
  get ops(): Operations {
    return this.#ops;
  }

  /**
   * Asks for a larger window for the output of a call. The addon answers at once.
   * @param large for one message that is larger than the first window; it may wait for the output of other calls
   * @returns the window, or {@link WINDOW_LATER}; then CREDIT tells when the window is there
   * @throws {AsterError} RESOURCE_EXHAUSTED when too much output waits for the peer
   */
  widen(call: number, wanted: number, large: boolean): number {
    if (this.#closed) return wanted;
    const window = this.#native.widen(this.number, call, wanted, large);
    if (window !== WINDOW_REFUSED) return window;
    throw new AsterError(Code.RESOURCE_EXHAUSTED, UNREAD_BY_PEER, { notSent: true });
  }

  /**
   * Withdraws a client call, unless it may have been sent. CANCEL must follow.
   * @param position how many calls of this thread were opened before
   * @returns whether the call was not sent and never will be
   */
  withdraw(call: number, position: number): boolean {
    return !this.#closed && this.#native.withdraw(this.number, call, position);
  }

  /** Adds a client call to the table. Returns its number, which is odd. */
  enterCall(call: CallSink): number {
    const number = this.nextNumber();
    this.#calls.set(number, call);
    this.keepAlive.hold();
    return number;
  }

  /** A free number for a call or a session of this side. */
  nextNumber(): number {
    if (this.#closed)
      throw new AsterError(Code.UNAVAILABLE, "this thread is shutting down", { notSent: true });
    do {
      this.#lastCall = this.#lastCall >= LAST_CALL_NUMBER - 1 ? 1 : this.#lastCall + 2;
    } while (this.#calls.has(this.#lastCall) || this.sessions.has(this.#lastCall));
    return this.#lastCall;
  }

  /** Adds a server call, whose number Rust chose, to the table. */
  enterServerCall(number: number, call: CallSink): void {
    this.#calls.set(number, call);
    this.keepAlive.hold();
  }

  /** Removes a call from the table, so that it gets no more events. Calling it twice is safe. */
  leaveCall(number: number): void {
    if (this.#calls.delete(number)) this.keepAlive.release();
  }

  /** Starts to accept calls of a served method. */
  acceptCalls(handle: number, acceptor: CallAcceptor): void {
    this.#acceptors.set(handle, acceptor);
  }

  /** Stops to accept calls of a served method. */
  refuseCalls(handle: number): void {
    this.#acceptors.delete(handle);
  }

  /** Answers the questions of the addon about the peers of a node. Returns a function that stops it. */
  answerQuestions(node: number, admit: AdmitPeer): () => void {
    this.#admits.set(node, admit);
    return () => void this.#admits.delete(node);
  }

  /** The other side of a connection, if known. */
  peer(connection: number): PeerInfo | null {
    return this.#peers.get(connection) ?? null;
  }

  /**
   * Starts a request of the control plane. The promise settles with the SETTLED event of the request.
   * @param take the addon function that then returns the result
   * @param holds false for a request that does not keep the process alive while it waits
   */
  request<K extends Take>(
    take: K,
    start: (native: NativeBinding, request: number) => void,
    keepsAlive = true,
  ): Promise<ReturnType<NativeBinding[K]>> {
    return new Promise((resolve, reject) => {
      this.#lastRequest = (this.#lastRequest + 1) >>> 0;
      const number = this.#lastRequest;
      // Operations of this turn are submitted first. Otherwise a close could overtake a reply that was written before it.
      this.flush();
      this.#requests.set(number, { take, keepsAlive, resolve: resolve as (result: unknown) => void, reject });
      if (keepsAlive) this.keepAlive.hold();
      try {
        start(this.#native, number);
      } catch (error) {
        this.#settle(number)?.reject(errorOf(error));
      }
    });
  }

  /** Must be called after an operation was appended. Submits at the end of this turn, or now when there is much data. */
  scheduled(): void {
    if (this.#ops.length >= EARLY_SUBMIT_BYTES) this.flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    // During the dispatch of events the promise callbacks of this turn have not run yet. They may append operations too.
    if (this.#dispatching) afterThis(this.#tickLater);
    else nextTick(this.#flushNow);
  }

  /** Appends CANCEL. A getter may call this while a message is being encoded; then CANCEL is appended after it. */
  cancelCall(number: number, code: Code, text: string): void {
    if (this.#ops.writing) {
      afterThis(() => this.cancelCall(number, code, text));
      return;
    }
    this.#ops.cancel(number, code, text);
    this.scheduled();
  }

  /** Appends FINISH. During the encoding of a message it is appended after it, as in {@link Port.cancelCall}. */
  finishCall(number: number, status: StatusFacts): void {
    if (this.#ops.writing) {
      afterThis(() => this.finishCall(number, status));
      return;
    }
    this.#ops.finish(number, status.code, status.message, status.details);
    this.scheduled();
  }

  /** Appends CLOSE_SESSION. During the encoding of a message it is appended after it, as in {@link Port.cancelCall}. */
  closeSession(number: number, flags: number, status: StatusFacts | null): void {
    if (this.#ops.writing) {
      afterThis(() => this.closeSession(number, flags, status));
      return;
    }
    this.#ops.closeSession(number, flags, status);
    this.scheduled();
  }

  /** Submits the operations that were appended. */
  flush(): void {
    this.#scheduled = false;
    const { length } = this.#ops;
    if (length === 0 || this.#closed) return;
    try {
      this.#native.submit(this.number, this.#ops.bytes, length);
      this.#ops.clear();
    } catch (error) {
      // The addon rejected the records, so calls may never end. The port therefore ends all of them now.
      this.#ops.clear();
      this.faulty(error);
      this.close();
    }
  }

  /** The function that the addon calls when events wait. */
  #ring(): void {
    if (this.#rings >= RINGS_PER_TURN) return; // the next turn drains
    this.#rings += 1;
    if (this.#rings === RINGS_PER_TURN) afterIo(this.#nextTurn);
    this.drain();
  }

  /** Takes the events that wait in the addon. */
  drain(): void {
    for (let round = 0; round < ROUNDS_PER_RING; round++) {
      if (this.#closed) return;
      const written = this.#native.drain(this.number, this.#slab);
      if (written === 0) {
        if (this.#slab.length > SLAB_BYTES * 4) this.#slab = new Uint8Array(SLAB_BYTES);
        return;
      }
      if (written < 0) this.#slab = new Uint8Array(roundUp(-written));
      else this.#dispatch(written);
    }
    afterIo(this.#drainAgain);
  }

  /** Closes the port. Running calls end with UNAVAILABLE. Calling it twice is safe. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#native.closePort(this.number);
    for (const call of this.#calls.values()) call.onPortClosed();
    this.sessions.closed();
    for (const number of [...this.#requests.keys()]) {
      this.#settle(number)?.reject(new AsterError(Code.UNAVAILABLE, "this thread is shutting down"));
    }
    this.keepAlive.stop();
  }

  /** Closes the port when the process exits, so that peers learn of it at once. Callers here get no error. */
  abandon(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#native.closePort(this.number);
  }

  // The methods of EventTarget, which only dispatchEvents calls.

  call(number: number): CallSink | undefined {
    return this.#calls.get(number);
  }

  incoming(call: IncomingCall): void {
    const acceptor = this.#acceptors.get(call.method);
    if (acceptor !== undefined) {
      acceptor.accept(call);
      return;
    }
    this.#ops.finish(call.number, Code.UNAVAILABLE, "the server is closing", null);
    this.scheduled();
  }

  sessionBegins(session: IncomingSession): void {
    if (this.sessions.begins(session)) return;
    const status = { code: Code.UNAVAILABLE, message: "the server is closing", details: new Map() };
    this.closeSession(session.number, 0, status);
  }

  sessionOpened(number: number): void {
    this.sessions.find(number)?.onSessionOpened();
  }

  sessionPeer(number: number, connection: number): void {
    this.sessions.find(number)?.onSessionPeer(connection);
  }

  sessionEnded(number: number, ended: EndedSession): void {
    try {
      this.sessions.leave(number)?.onSessionEnded(ended);
    } finally {
      // Until then the native side keeps the reason of the end for calls that cross with it, and counts a session of a peer.
      this.closeSession(number, 0, null);
    }
  }

  settled(number: number): void {
    const request = this.#settle(number);
    if (request === undefined) return;
    try {
      request.resolve(this.#native[request.take](this.number, number));
    } catch (error) {
      request.reject(errorOf(error));
    }
  }

  logged(line: string): void {
    tellCoreLine(line);
  }

  peerKnown(connection: number, peer: PeerInfo): void {
    const at = new PeerPlace(this, { connection, node: null, endpointId: null });
    this.#peers.set(connection, { ...peer, at });
  }

  peerGone(connection: number): void {
    this.#peers.delete(connection);
  }

  asked(question: number, node: number, peer: PeerInfo): void {
    const decide = (agrees: boolean): void => {
      if (!this.#closed) this.#native.admissionDecide(this.number, question, agrees);
    };
    const admit = this.#admits.get(node);
    if (admit === undefined) decide(false);
    else
      admit(peer).then(decide, (error: unknown) => {
        this.faulty(error);
        decide(false);
      });
  }

  faulty(error: unknown): void {
    logSafely(() => stderrLogger.error("an event of the addon could not be handled", { error }));
  }

  faultyCall(number: number, error: unknown): void {
    this.faulty(error);
    const call = this.#calls.get(number);
    if (call !== undefined) call.onFault(error);
    else if (isServerCall(number)) this.finishCall(number, FAULT);
  }

  #dispatch(length: number): void {
    this.#dispatching = true;
    try {
      dispatchEvents(this.#slab, length, this);
    } finally {
      this.#dispatching = false;
    }
  }

  #settle(number: number): Request | undefined {
    const request = this.#requests.get(number);
    if (request !== undefined) {
      this.#requests.delete(number);
      if (request.keepsAlive) this.keepAlive.release();
    }
    return request;
  }
}

/** Rust chooses the numbers of server calls, which are even. */
function isServerCall(number: number): boolean {
  return number % 2 === 0;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / SLAB_BYTES) * SLAB_BYTES;
}
