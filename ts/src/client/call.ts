// One call of this client, for all four call patterns.
//
// Owns: opening the call, the reaction to each event, cancelling (signal, break, undecodable response), and that the
// caller gets exactly one result. Two booleans of the method describe the pattern: with a request stream the call has an
// outlet, with a response stream it has an inbox. Does not own: deadlines and status bytes (Rust).

import { AsterError, Code } from "../errors.js";
import { OpenFlag } from "../native/constants.js";
import type { CallSink, Ended, ItemBatch } from "../port/events.js";
import { type Failure, Inbox, type InboxOwner, sendCredit } from "../port/inbox.js";
import { Outlet } from "../port/outlet.js";
import { statusFacts } from "../status-facts.js";
import { type Abortable, listen, unlisten } from "./abort.js";
import { abortError, type CallSettings, type ClientMethod, checkReady, placeOf } from "./method.js";
import { brokenCall, callOver, markNotSent, protocolError, statusError, undecodableError } from "./status.js";

/** A running call. */
export class ClientCall implements CallSink, InboxOwner, Abortable {
  readonly method: ClientMethod;
  readonly settings: CallSettings;
  /** The messages from the server, for response streams. */
  readonly inbox: Inbox | null;
  /** The messages to the server, for request streams. Null until the call is open. */
  outlet: Outlet | null = null;
  #resolve: ((value: unknown) => void) | null;
  #reject: ((error: unknown) => void) | null;
  #number = 0;
  /** The number of calls of this thread that were opened before this one. */
  #position = 0;
  #over = false;
  #failure: Failure | null = null;
  /** Called once when the call ends. The code that feeds the request stream sets it. */
  onOver: (() => void) | null = null;

  /** @param resolve and `reject` settle a single response. A response stream ends through its inbox instead. */
  constructor(
    method: ClientMethod,
    settings: CallSettings,
    resolve: ((value: unknown) => void) | null,
    reject: ((error: unknown) => void) | null,
  ) {
    this.method = method;
    this.settings = settings;
    this.#resolve = resolve;
    this.#reject = reject;
    this.inbox = method.responseStream ? new Inbox(method.response, this) : null;
  }

  /** True when the call has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** The failure of the call. Null while it runs, and after it ended with OK. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /**
   * Sends OPEN. When it throws, nothing was sent and no state is left.
   * @param single the request of a method without a request stream
   */
  open(single: unknown): void {
    const { method, settings } = this;
    const { port } = method.path;
    checkReady(method, settings);
    const number = port.enterCall(this);
    const flags =
      (settings.timeoutTravels ? OpenFlag.TIMEOUT_TRAVELS : 0) |
      (method.requestStream ? 0 : OpenFlag.MESSAGE | OpenFlag.INPUT_ENDS);
    try {
      // Before OPEN, because a signal that is no real AbortSignal may throw.
      if (settings.signal !== null) listen(settings.signal, this);
      const codec = method.requestStream ? null : method.request;
      port.ops.open(
        number,
        method.handle,
        flags,
        settings.timeoutMs,
        settings.metadata,
        method.path.session,
        codec,
        single,
      );
    } catch (error) {
      if (settings.signal !== null) unlisten(settings.signal, this);
      port.leaveCall(number);
      throw markNotSent(error, method);
    }
    this.#number = number;
    this.#position = port.ops.opened - 1;
    if (method.requestStream) this.outlet = new Outlet(port, number, method.request);
    if (this.#over) this.#leftWhileOpening();
    port.scheduled();
  }

  /**
   * Cancels the call. The caller gets the error unchanged; with null its stream ends without an error. The peer gets a
   * code, and the text of an AsterError. Texts of other errors are not sent. After the end of the call, responses that
   * were not read are dropped.
   */
  leave(failure: Failure | null): void {
    const running = !this.#over;
    this.#finish(failure);
    this.inbox?.abandon(failure);
    if (!running || this.#number === 0) return;
    const facts = failure === null ? null : statusFacts(failure.error);
    this.method.path.port.cancelCall(this.#number, facts?.code ?? Code.CANCELLED, facts?.message ?? "");
  }

  /** Called when the user's signal aborts. */
  abort(signal: AbortSignal): void {
    const notSent = !this.#over && this.#withdraw();
    this.leave({ error: abortError(signal, this.method, notSent, this.inbox?.taken ?? 0) });
  }

  /** The next response of a stream. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    const { signal } = this.settings;
    const inbox = this.inbox as Inbox;
    // The listener was removed at the end of the call, but responses that were not read may still wait here.
    if (this.#over && signal?.aborted && inbox.unread) this.abort(signal);
    return inbox.next();
  }

  onMessage(bytes: Uint8Array, start: number, end: number, presenceFlagged: boolean): void {
    const resolve = this.#resolve;
    if (resolve === null) {
      this.leave({ error: protocolError("the peer answered a stream with a single message", this.method) });
      return;
    }
    let value: unknown;
    try {
      value = this.method.response.read(bytes, start, end, presenceFlagged);
    } catch (error) {
      this.#finish({ error: undecodableError(error, this.method, 0) });
      return;
    }
    this.#finish(null);
    resolve(value);
  }

  onItems(batch: ItemBatch): void {
    if (this.inbox === null)
      this.leave({ error: protocolError("the peer sent stream items for a single response", this.method) });
    else this.inbox.push(batch);
  }

  onEnded(ended: Ended): void {
    let failure = ended.code === Code.OK ? null : { error: statusError(ended, this.method) };
    if (failure === null && this.inbox === null) {
      const error = brokenCall(Code.DATA_LOSS, "the call ended without a response", this.method);
      failure = { error };
    }
    this.#finish(failure);
    this.inbox?.end(failure);
  }

  onCredit(bytes: number, window: number): void {
    this.outlet?.credit(bytes, window);
  }

  // Events of server calls. The port never delivers them to client calls, whose numbers are odd.
  onInputEnd(): void {}
  onAborted(): void {}

  onFault(cause: unknown): void {
    const error = new AsterError(Code.INTERNAL, "the call failed in this process", {
      cause,
      peer: this.#peer,
    });
    this.leave({ error });
  }

  onPortClosed(): void {
    const error = brokenCall(Code.UNAVAILABLE, "this thread is shutting down", this.method);
    this.#finish({ error });
    this.inbox?.end({ error });
  }

  returnCredit(bytes: number): void {
    if (this.#over) return;
    sendCredit(this.method.path.port, this.#number, bytes);
  }

  onUndecodable(error: unknown): unknown {
    const failure = undecodableError(error, this.method, this.inbox?.taken ?? 0);
    this.leave({ error: failure });
    return failure;
  }

  get #peer(): string {
    return this.method.path.endpointId;
  }

  /** True when the call was not sent and never will be. */
  #withdraw(): boolean {
    // The number is 0 while the first message is being written: `open` withdraws the call afterwards.
    return this.#number === 0 || this.method.path.port.withdraw(this.#number, this.#position);
  }

  /** The user's code ended the call while its first message was being written. OPEN was not submitted yet. */
  #leftWhileOpening(): void {
    const { port } = this.method.path;
    this.#withdraw();
    port.leaveCall(this.#number);
    this.outlet?.close(this.#failure === null ? callOver(placeOf(this.method)) : this.#failure.error);
    port.cancelCall(this.#number, Code.CANCELLED, "");
  }

  /** Ends the call. No other function does so. A single response is rejected when there is a failure. */
  #finish(failure: Failure | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    this.method.path.port.leaveCall(this.#number);
    if (this.settings.signal !== null) unlisten(this.settings.signal, this);
    const reject = this.#reject;
    this.#resolve = null;
    this.#reject = null;
    this.outlet?.close(failure === null ? callOver(placeOf(this.method)) : failure.error);
    if (failure !== null) reject?.(failure.error);
    this.onOver?.();
    this.onOver = null;
  }
}
