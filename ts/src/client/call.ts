// One call of this client, of any of the four patterns.
//
// Owns: opening, the reaction to each event, leaving (signal, break, undecodable answer), and that exactly one
// outcome reaches the caller. The patterns are two booleans of the method: a request stream gives the call an
// outlet, a response stream gives it an inbox. Does not own: deadlines and status bytes (Rust).

import { AsterError, Code } from "../errors.js";
import type { CallSink, Ended, ItemBatch } from "../port/events.js";
import { giveRoom, Inbox, type InboxOwner } from "../port/inbox.js";
import { OpenFlag } from "../port/operations.js";
import { Outlet } from "../port/outlet.js";
import { type Abortable, listen, unlisten } from "./abort.js";
import { abortError, type CallSettings, type ClientMethod, checkReady } from "./method.js";
import { callOver, outOfOrder, statusError, undecodable, unsent } from "./status.js";

/** A call under way. */
export class ClientCall implements CallSink, InboxOwner, Abortable {
  readonly method: ClientMethod;
  readonly settings: CallSettings;
  /** Messages from the server, for response streams. */
  readonly inbox: Inbox | null;
  /** Messages to the server, for request streams; null until the call is open. */
  outlet: Outlet | null = null;
  #resolve: ((value: unknown) => void) | null;
  #reject: ((error: unknown) => void) | null;
  #number = 0;
  #over = false;
  #failure: unknown = null;
  /** Told once, when nothing is expected any more: for who feeds the request stream. */
  whenOver: (() => void) | null = null;

  /** @param resolve and `reject` settle the single response; a response stream ends through its inbox instead. */
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

  /** True when nothing is expected any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Why the call is over, or null when it ended OK or is under way. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Sends OPEN. Throws what makes the call impossible; nothing is left behind then.
   * @param single the request of a method without a request stream.
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
      const codec = method.requestStream ? null : method.request;
      port.ops.open(number, method.handle, flags, settings.timeoutMs, settings.metadata, codec, single);
    } catch (error) {
      port.leaveCall(number);
      throw unsent(error, this.#peer);
    }
    this.#number = number;
    if (method.requestStream) this.outlet = new Outlet(port, number, method.request);
    if (settings.signal !== null) listen(settings.signal, this);
    port.scheduled();
  }

  /**
   * Leaves the call. The caller gets `error` as it is, or a stream that is simply done when it is null. The
   * peer learns a code, and the text of an AsterError only: other texts are not meant for it.
   */
  leave(error: unknown): void {
    if (this.#over) return;
    const { port } = this.method.path;
    const number = this.#number;
    this.#finish(error);
    this.inbox?.abandon(error === null ? null : { error });
    if (number === 0) return;
    if (error instanceof AsterError) port.cancelCall(number, error.code, error.rawMessage);
    else port.cancelCall(number, Code.CANCELLED, "");
  }

  /** The user's signal aborted. */
  abort(signal: AbortSignal): void {
    this.leave(abortError(signal, this.#peer, false));
  }

  onMessage(bytes: Uint8Array, start: number, end: number, marked: boolean): void {
    const resolve = this.#resolve;
    if (resolve === null) {
      this.leave(outOfOrder("a stream ended with a single message", this.#peer));
      return;
    }
    let value: unknown;
    try {
      value = this.method.response.read(bytes, start, end, marked);
    } catch (error) {
      this.#finish(undecodable(error, this.#peer));
      return;
    }
    this.#finish(null);
    resolve(value);
  }

  onItems(batch: ItemBatch): void {
    if (this.inbox === null) this.leave(outOfOrder("stream items came for a single response", this.#peer));
    else this.inbox.push(batch);
  }

  onEnded(ended: Ended): void {
    const error = ended.code === Code.OK ? null : statusError(ended, this.#peer);
    if (error === null && this.inbox === null) {
      this.#finish(new AsterError(Code.DATA_LOSS, "the call ended without an answer", { peer: this.#peer }));
      return;
    }
    this.#finish(error);
    this.inbox?.end(error === null ? null : { error });
  }

  onCredit(bytes: number): void {
    this.outlet?.credit(bytes);
  }

  // Server events: the port never delivers them to the odd numbers of clients.
  onInputEnd(): void {}
  onAborted(): void {}

  onPortClosed(): void {
    const error = new AsterError(Code.UNAVAILABLE, "the environment is shutting down", { peer: this.#peer });
    this.#finish(error);
    this.inbox?.end({ error });
  }

  giveBack(bytes: number): void {
    if (this.#over) return;
    giveRoom(this.method.path.port, this.#number, bytes);
  }

  broken(error: unknown): unknown {
    const failure = undecodable(error, this.#peer);
    this.leave(failure);
    return failure;
  }

  get #peer(): string {
    return this.method.path.endpointId;
  }

  /** The one place where a call becomes over. Rejects a single response when there is an error. */
  #finish(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = error;
    this.method.path.port.leaveCall(this.#number);
    if (this.settings.signal !== null) unlisten(this.settings.signal, this);
    const reject = this.#reject;
    this.#resolve = null;
    this.#reject = null;
    this.outlet?.close(error ?? callOver(this.#peer));
    if (error !== null) reject?.(error);
    this.whenOver?.();
    this.whenOver = null;
  }
}
