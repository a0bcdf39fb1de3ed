// The port of this JavaScript environment: operations out, events in (docs/boundary.md).
//
// Owns: one submit per event-loop turn, the drain loop behind the doorbell, the receive slab, the dispatch of
// events to calls by number, requests of the control plane, the table of peers, and what keeps the process
// alive. Does not own: the records (operations.ts, events.ts) and what a call does with an event.

import { AsterError, Code } from "../errors.js";
import { logSafely, stderrLogger } from "../logging.js";
import type { NativeBinding, Take } from "../native/documents.js";
import { errorOf } from "../native/failure.js";
import { tellCoreLine } from "./core-log.js";
import {
  type CallSink,
  dispatchEvents,
  type EventTarget,
  type IncomingCall,
  type PeerInfo,
} from "./events.js";
import { KeepAlive } from "./keep-alive.js";
import { Operations } from "./operations.js";

const SLAB_BYTES = 1024 * 1024;
// Drains in one go before other work of the loop gets its turn.
const ROUNDS_PER_RING = 4;
// Rings that are answered at once in one turn of the event loop. Node hands a thread-safe function up to a
// thousand rings in a row; a stream that answers each with the next one would keep timers waiting for seconds.
const RINGS_PER_TURN = 8;
// So much is handed over at once instead of at the end of the turn: Rust sends while JavaScript goes on.
const EARLY_SUBMIT_BYTES = 256 * 1024;
const LAST_CALL_NUMBER = 0x7fff_ffff;

// Taken once, so that fake timers of a test cannot stop the transport.
const { nextTick } = process;
const { setImmediate: afterIo, queueMicrotask: afterThis } = globalThis;

interface Request {
  readonly take: Take;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** Receives the calls of a served method. */
export interface CallAcceptor {
  accept(call: IncomingCall): void;
}

/** One environment's connection to the native side. */
export class Port implements EventTarget {
  readonly number: number;
  readonly keepAlive: KeepAlive = new KeepAlive();
  readonly #native: NativeBinding;
  readonly #ops = new Operations();
  readonly #calls = new Map<number, CallSink>();
  readonly #requests = new Map<number, Request>();
  readonly #peers = new Map<number, PeerInfo>();
  readonly #acceptors = new Map<number, CallAcceptor>();
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

  /** The operations of this turn. Whoever appends calls {@link Port.scheduled} afterwards. */
  get ops(): Operations {
    return this.#ops;
  }

  /** Enters a client call and returns its number, which is odd. */
  enterCall(call: CallSink): number {
    if (this.#closed)
      throw new AsterError(Code.UNAVAILABLE, "the environment is shutting down", { notSent: true });
    do {
      this.#lastCall = this.#lastCall >= LAST_CALL_NUMBER - 1 ? 1 : this.#lastCall + 2;
    } while (this.#calls.has(this.#lastCall));
    this.#calls.set(this.#lastCall, call);
    this.keepAlive.hold();
    return this.#lastCall;
  }

  /** Enters a call that Rust numbered. */
  enterServerCall(number: number, call: CallSink): void {
    this.#calls.set(number, call);
    this.keepAlive.hold();
  }

  /** Forgets a call: nothing is delivered to it any more. Safe twice. */
  leaveCall(number: number): void {
    if (this.#calls.delete(number)) this.keepAlive.release();
  }

  /** Takes new calls of a served method. */
  acceptCalls(handle: number, acceptor: CallAcceptor): void {
    this.#acceptors.set(handle, acceptor);
  }

  /** Takes no new calls of a served method. */
  refuseCalls(handle: number): void {
    this.#acceptors.delete(handle);
  }

  /** What is known of the other end of a connection. */
  peer(connection: number): PeerInfo | null {
    return this.#peers.get(connection) ?? null;
  }

  /**
   * Starts a request of the control plane; the promise settles with its SETTLED event.
   * @param take the function that takes its outcome then.
   */
  request<K extends Take>(
    take: K,
    start: (native: NativeBinding, request: number) => void,
  ): Promise<ReturnType<NativeBinding[K]>> {
    return new Promise((resolve, reject) => {
      this.#lastRequest = (this.#lastRequest + 1) >>> 0;
      const number = this.#lastRequest;
      // Operations of this turn come first: a close must not overtake the reply before it.
      this.flush();
      this.#requests.set(number, { take, resolve: resolve as (result: unknown) => void, reject });
      this.keepAlive.hold();
      try {
        start(this.#native, number);
      } catch (error) {
        this.#settle(number)?.reject(errorOf(error));
      }
    });
  }

  /** Tells that an operation was appended: it is submitted at the end of this turn, or now when much has gathered. */
  scheduled(): void {
    if (this.#ops.length >= EARLY_SUBMIT_BYTES) this.flush();
    if (this.#scheduled) return;
    this.#scheduled = true;
    // While events are dispatched the promises of this turn have not run yet: go behind them.
    if (this.#dispatching) afterThis(this.#tickLater);
    else nextTick(this.#flushNow);
  }

  /** Appends CANCEL. A getter of a message that is being encoded may cause it, so it may have to wait. */
  cancelCall(number: number, code: Code, text: string): void {
    if (this.#ops.writing) {
      afterThis(() => this.cancelCall(number, code, text));
      return;
    }
    this.#ops.cancel(number, code, text);
    this.scheduled();
  }

  /** Submits what has gathered. */
  flush(): void {
    this.#scheduled = false;
    const { length } = this.#ops;
    if (length === 0 || this.#closed) return;
    try {
      this.#native.submit(this.number, this.#ops.bytes, length);
      this.#ops.clear();
    } catch (error) {
      // The two sides disagree about the records: no call can be trusted to end, so all of them end now.
      this.#ops.clear();
      this.faulty(error);
      this.close();
    }
  }

  /** The doorbell's function. */
  #ring(): void {
    if (this.#rings >= RINGS_PER_TURN) return; // the next turn drains
    this.#rings += 1;
    if (this.#rings === RINGS_PER_TURN) afterIo(this.#nextTurn);
    this.drain();
  }

  /** Takes what waits on the native side. */
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

  /** Closes the port: calls in flight end with UNAVAILABLE. Safe twice. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#native.closePort(this.number);
    for (const call of [...this.#calls.values()]) call.onPortClosed();
    for (const number of [...this.#requests.keys()]) {
      this.#settle(number)?.reject(new AsterError(Code.UNAVAILABLE, "the environment is shutting down"));
    }
    this.keepAlive.stop();
  }

  /** The process is ending: peers are told, nobody here is. Without it they would wait for their timeouts. */
  abandon(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#native.closePort(this.number);
  }

  // EventTarget, for dispatchEvents alone.

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
    this.#peers.set(connection, peer);
  }

  peerGone(connection: number): void {
    this.#peers.delete(connection);
  }

  faulty(error: unknown): void {
    logSafely(() => stderrLogger.error("an event could not be handled", { error }));
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
      this.keepAlive.release();
    }
    return request;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / SLAB_BYTES) * SLAB_BYTES;
}
