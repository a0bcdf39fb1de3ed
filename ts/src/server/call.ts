// One call that this server answers, for all four call patterns.
//
// Owns: decoding the request, running the handler, sending its responses, and that exactly one status is sent. Two
// booleans of the method describe the pattern: with a request stream the call has an inbox, with a response stream it has
// an outlet. Does not own: deadlines and detecting cancelled calls (Rust), converting errors (failure.ts).

import { AsterError, Code } from "../errors.js";
import { FIRST_WINDOW_BYTES, MESSAGE_OVERHEAD, WINDOW_LATER } from "../native/constants.js";
import type { CallSink, IncomingCall, ItemBatch } from "../port/events.js";
import { Inbox, type InboxOwner, sendCredit } from "../port/inbox.js";
import type { Gate } from "../port/operations.js";
import { Burst, LargeMessage, Outlet } from "../port/outlet.js";
import type { Port } from "../port/port.js";
import { checkedResult, isThenable } from "../port/step.js";
import { HandlerContext } from "./context.js";
import { type FinalStatus, internal, statusOf } from "./failure.js";
import { RequestStream } from "./request-stream.js";
import type { ServedMethod } from "./served-method.js";
import type { ServedSession } from "./served-session.js";

/** The reason of an aborted call, as the handler's signal reports it. */
const abortTexts: ReadonlyMap<number, string> = new Map([
  [Code.CANCELLED, "the caller cancelled the call"],
  [Code.DEADLINE_EXCEEDED, "the deadline passed"],
  [Code.UNAVAILABLE, "the server is shutting down"],
  [Code.UNAUTHENTICATED, "the admission of the caller has ended"],
  [Code.INVALID_ARGUMENT, "the request stream could not be decoded"],
  [Code.CONTRACT_VIOLATION, "the request stream violates the contract"],
  [Code.RESOURCE_EXHAUSTED, "the request stream exceeds a limit"],
]);

type Answers = Iterator<unknown> | AsyncIterator<unknown>;

/** A running call. */
export class ServerCall implements CallSink, InboxOwner, Gate {
  readonly #port: Port;
  readonly #method: ServedMethod;
  readonly #number: number;
  readonly #connection: number;
  readonly #context: HandlerContext;
  readonly #inbox: Inbox | null;
  readonly #outlet: Outlet | null;
  /** The only response, when it waits for room, and what it waits with. */
  #reply: Uint8Array | null = null;
  #large: LargeMessage | null = null;
  readonly #session: ServedSession | null;
  #answers: Answers | null = null;
  #answered = false;
  #over = false;

  constructor(port: Port, method: ServedMethod, call: IncomingCall, session: ServedSession | null) {
    this.#port = port;
    this.#session = session;
    this.#method = method;
    this.#number = call.number;
    this.#connection = session === null ? call.connection : session.connection;
    const peer = port.peer(this.#connection);
    this.#context = new HandlerContext(method.label, peer, call, method.logger, session, method.called);
    this.#inbox = method.requestStream ? new Inbox(method.request, this) : null;
    this.#outlet = method.responseStream
      ? new Outlet(port, call.number, method.response, (waits) => this.#congest(waits))
      : null;
    session?.entered(this.#context);
    port.enterServerCall(call.number, this);
  }

  /** Runs the handler, unless the call has ended. It never throws. */
  start(call: IncomingCall): void {
    if (this.#over) {
      this.#session?.settled(this.#context);
      return;
    }
    let input: unknown;
    try {
      input = this.#input(call);
    } catch (error) {
      this.#session?.settled(this.#context);
      this.#finish(this.#undecodable(error));
      return;
    }
    try {
      const output = this.#method.run(input, this.#context);
      // A promise of this class settles once. Any other thenable may throw, or call back often or never twice.
      if (output instanceof Promise) this.#await(Promise.resolve(output));
      else if (isThenable(output)) this.#await(new Promise((resolve) => resolve(output)));
      else this.#answer(output);
    } catch (error) {
      this.#fail(error); // of the handler, or of an output that cannot be looked at, such as a revoked proxy
    }
  }

  onItems(batch: ItemBatch): void {
    this.#inbox?.push(batch);
  }

  onInputEnd(): void {
    this.#inbox?.end(null);
  }

  onCredit(bytes: number, window: number): void {
    this.#outlet?.credit(bytes, window);
    const reply = this.#reply;
    if (reply === null || reply.length + MESSAGE_OVERHEAD > window) return;
    this.#port.ops.encodedReply(this.#number, reply);
    this.#end();
  }

  /** The gate for the only response, which only the port calls. */
  admits(bytes: number): boolean {
    const cost = bytes + MESSAGE_OVERHEAD;
    if (cost <= FIRST_WINDOW_BYTES) return true;
    this.#large = new LargeMessage(this.#port, this.#number, (waits) => this.#congest(waits));
    return this.#large.ask(cost) !== WINDOW_LATER;
  }

  #congest(waits: boolean): void {
    if (waits) this.#port.congestion.begin(this.#connection);
    else this.#port.congestion.end(this.#connection);
  }

  onAborted(code: number): void {
    this.#abort(
      new AsterError(
        (abortTexts.has(code) ? code : Code.CANCELLED) as Code,
        abortTexts.get(code) ?? "the call was aborted",
      ),
    );
  }

  onFault(error: unknown): void {
    const status = internal(error, `a call of ${this.#method.label} failed`, this.#method.logger);
    this.#finish(status);
    this.#context.abort(new AsterError(status.code, status.message));
    this.#endAnswers();
  }

  onPortClosed(): void {
    this.#abort(new AsterError(Code.UNAVAILABLE, "the server is shutting down"));
  }

  // Events of client calls. The port never delivers them to server calls, whose numbers are even.
  onMessage(): void {}
  onEnded(): void {}

  returnCredit(bytes: number): void {
    if (this.#over) return;
    sendCredit(this.#port, this.#number, bytes);
  }

  onUndecodable(error: unknown): unknown {
    const status = this.#undecodable(error);
    this.#finish(status);
    const failure = new AsterError(status.code, status.message, { details: status.details });
    this.#context.abort(failure);
    return failure;
  }

  #input(call: IncomingCall): unknown {
    if (this.#inbox === null) {
      return this.#method.request.read(call.bytes, call.start, call.end, call.presenceFlagged);
    }
    if (call.hasMessage) this.#inbox.push(singleItem(call));
    if (call.inputEnded) this.#inbox.end(null);
    return new RequestStream(this.#inbox);
  }

  #await(output: Promise<unknown>): void {
    output.then(
      (value) => this.#answer(value),
      (error: unknown) => this.#fail(error),
    );
  }

  #answer(output: unknown): void {
    if (this.#answered) return;
    this.#answered = true;
    if (this.#method.responseStream) {
      void this.#stream(output);
      return;
    }
    this.#settled();
    if (this.#over) return;
    try {
      this.#reply = this.#port.ops.reply(this.#number, this.#method.response, output, this);
    } catch (error) {
      this.#finish(this.#misfit(error));
      return;
    }
    if (this.#reply === null) this.#end();
  }

  async #stream(output: unknown): Promise<void> {
    const outlet = this.#outlet as Outlet;
    try {
      const answers = iteratorOf(output);
      const burst = new Burst();
      this.#answers = answers;
      if (this.#over) return;
      for (;;) {
        const step = answers.next();
        const result = checkedResult(isThenable(step) ? await step : step);
        if (this.#over) return;
        if (result.done === true) break;
        const room = this.#send(outlet, result.value) ?? burst.next();
        if (room !== null) await room;
        if (this.#over) return;
      }
      this.#answers = null;
      this.#finish({ code: Code.OK, message: "", details: new Map() });
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#settled();
      this.#endAnswers();
    }
  }

  #send(outlet: Outlet, value: unknown): Promise<void> | null {
    try {
      return outlet.send(value);
    } catch (error) {
      this.#finish(this.#misfit(error));
      return null;
    }
  }

  #fail(error: unknown): void {
    this.#settled();
    if (!this.#over) this.#finish(statusOf(error, this.#method.label, this.#method.logger));
  }

  /** The response cannot be sent. When it does not fit its schema, the caller cannot do anything about it. */
  #misfit(error: unknown): FinalStatus {
    if (error instanceof AsterError && error.code === Code.RESOURCE_EXHAUSTED)
      return statusOf(error, this.#method.label, this.#method.logger);
    return internal(
      error,
      `the response of ${this.#method.label} does not fit its schema`,
      this.#method.logger,
    );
  }

  #undecodable(error: unknown): FinalStatus {
    if (error instanceof AsterError) return statusOf(error, this.#method.label, this.#method.logger);
    return internal(error, `a request of ${this.#method.label} could not be decoded`, this.#method.logger);
  }

  #finish(status: FinalStatus): void {
    if (this.#over) return;
    this.#port.finishCall(this.#number, status);
    this.#end();
  }

  /** The handler has ended. */
  #settled(): void {
    this.#method.grace.settled(this);
    this.#session?.settled(this.#context);
  }

  /** Called after the status was appended. Nothing is read or written after that. */
  #end(): void {
    this.#over = true;
    this.#port.leaveCall(this.#number);
    this.#port.scheduled();
    this.#dropReply();
    this.#inbox?.abandon(null);
    this.#outlet?.close(
      new AsterError(Code.FAILED_PRECONDITION, "the call has ended", { reason: "CALL_OVER" }),
    );
  }

  #abort(error: AsterError): void {
    if (this.#over) return;
    this.#over = true;
    this.#port.leaveCall(this.#number);
    this.#method.grace.aborted(this, this.#method.label);
    this.#context.abort(error);
    this.#dropReply();
    this.#inbox?.abandon({ error });
    this.#outlet?.close(error);
    this.#endAnswers();
  }

  #dropReply(): void {
    this.#reply = null;
    this.#large?.settle();
  }

  #endAnswers(): void {
    const answers = this.#answers;
    this.#answers = null;
    if (answers !== null) void endIterator(answers);
  }
}

/** The request that arrived with CALL as a batch of one item, which begins with its length. */
function singleItem(call: IncomingCall): ItemBatch {
  const length = call.end - call.start;
  const bytes = new Uint8Array(MESSAGE_OVERHEAD + length);
  new DataView(bytes.buffer).setUint32(0, length, true);
  bytes.set(call.bytes.subarray(call.start, call.end), MESSAGE_OVERHEAD);
  return {
    bytes,
    start: 0,
    end: bytes.length,
    count: 1,
    creditBytes: bytes.length,
    presenceFlagged: call.presenceFlagged,
  };
}

function iteratorOf(output: unknown): Answers {
  const iterable = output as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] === "function") {
    return (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }
  if (typeof output !== "string" && typeof iterable?.[Symbol.iterator] === "function") {
    return (iterable as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError("the handler of a response stream must return an iterable, or be a generator function");
}

async function endIterator(iterator: Answers): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The call has ended and has its status. An error of the handler's clean-up cannot change it.
  }
}
