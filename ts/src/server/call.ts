// One call that this server answers, of any of the four patterns.
//
// Owns: decoding the request, running the handler, writing what it gives, and that exactly one end is sent.
// The patterns are two booleans of the method: a request stream gives the call an inbox, a response stream an
// outlet. Does not own: deadlines and the detection of callers that left (Rust), error mapping (failure.ts).

import { AsterError, Code } from "../errors.js";
import type { CallSink, IncomingCall, ItemBatch } from "../port/events.js";
import { giveRoom, Inbox, type InboxOwner } from "../port/inbox.js";
import { Burst, ITEM_COST, Outlet } from "../port/outlet.js";
import type { Port } from "../port/port.js";
import { HandlerContext } from "./context.js";
import { type FinalStatus, internal, statusOf } from "./failure.js";
import { RequestStream } from "./request-stream.js";
import type { ServedMethod } from "./served-method.js";

/** Why a call is aborted, as the handler's signal tells it. */
const abortTexts: ReadonlyMap<number, string> = new Map([
  [Code.CANCELLED, "the caller left"],
  [Code.DEADLINE_EXCEEDED, "the deadline passed"],
  [Code.UNAVAILABLE, "the server is shutting down"],
  [Code.INVALID_ARGUMENT, "the input could not be read"],
  [Code.CONTRACT_VIOLATION, "the input breaks the contract"],
  [Code.RESOURCE_EXHAUSTED, "the input is larger than allowed"],
]);

type Answers = Iterator<unknown> | AsyncIterator<unknown>;

/** A call under way. */
export class ServerCall implements CallSink, InboxOwner {
  readonly #port: Port;
  readonly #method: ServedMethod;
  readonly #number: number;
  readonly #context: HandlerContext;
  readonly #inbox: Inbox | null;
  readonly #outlet: Outlet | null;
  #answers: Answers | null = null;
  #over = false;

  constructor(port: Port, method: ServedMethod, call: IncomingCall) {
    this.#port = port;
    this.#method = method;
    this.#number = call.number;
    this.#context = new HandlerContext(method.label, port.peer(call.connection), call, method.logger);
    this.#inbox = method.requestStream ? new Inbox(method.request, this) : null;
    this.#outlet = method.responseStream ? new Outlet(port, call.number, method.response) : null;
    port.enterServerCall(call.number, this);
  }

  /** Runs the handler. Never throws. */
  start(call: IncomingCall): void {
    let input: unknown;
    try {
      input = this.#input(call);
    } catch (error) {
      this.#finish(this.#undecodable(error));
      return;
    }
    let output: unknown;
    try {
      output = this.#method.run(input, this.#context);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!isThenable(output)) this.#answer(output);
    else
      output.then(
        (value) => this.#answer(value),
        (error: unknown) => this.#fail(error),
      );
  }

  onItems(batch: ItemBatch): void {
    this.#inbox?.push(batch);
  }

  onInputEnd(): void {
    this.#inbox?.end(null);
  }

  onCredit(bytes: number): void {
    this.#outlet?.credit(bytes);
  }

  onAborted(code: number): void {
    this.#abort(
      new AsterError(
        (abortTexts.has(code) ? code : Code.CANCELLED) as Code,
        abortTexts.get(code) ?? "the call was ended",
      ),
    );
  }

  onPortClosed(): void {
    this.#abort(new AsterError(Code.UNAVAILABLE, "the server is shutting down"));
  }

  // Client events: the port never delivers them to the even numbers of server calls.
  onMessage(): void {}
  onEnded(): void {}

  giveBack(bytes: number): void {
    if (this.#over) return;
    giveRoom(this.#port, this.#number, bytes);
  }

  broken(error: unknown): unknown {
    const status = this.#undecodable(error);
    this.#finish(status);
    const failure = new AsterError(status.code, status.message, { details: status.details });
    this.#context.abort(failure);
    return failure;
  }

  #input(call: IncomingCall): unknown {
    if (this.#inbox === null) {
      return this.#method.request.read(call.bytes, call.start, call.end, call.marked);
    }
    if (call.hasMessage) this.#inbox.push(singleItem(call));
    if (call.inputEnded) this.#inbox.end(null);
    return new RequestStream(this.#inbox);
  }

  #answer(output: unknown): void {
    if (this.#method.responseStream) {
      void this.#stream(output);
      return;
    }
    this.#method.grace.settled(this);
    if (this.#over) return;
    try {
      this.#port.ops.reply(this.#number, this.#method.response, output);
    } catch (error) {
      this.#finish(this.#misfit(error));
      return;
    }
    this.#end();
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
        const result = isThenable(step) ? await step : step;
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
      this.#method.grace.settled(this);
      if (this.#answers !== null) void endIterator(this.#answers);
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
    this.#method.grace.settled(this);
    if (!this.#over) this.#finish(statusOf(error, this.#method.label, this.#method.logger));
  }

  /** The handler's own answer does not fit: nothing that the caller could change. */
  #misfit(error: unknown): FinalStatus {
    return internal(error, `the answer of ${this.#method.label} cannot be sent`, this.#method.logger);
  }

  #undecodable(error: unknown): FinalStatus {
    if (error instanceof AsterError) return statusOf(error, this.#method.label, this.#method.logger);
    return internal(error, `a request of ${this.#method.label} could not be read`, this.#method.logger);
  }

  #finish(status: FinalStatus): void {
    if (this.#over) return;
    this.#port.ops.finish(this.#number, status.code, status.message, status.details);
    this.#end();
  }

  /** The end was appended: nothing is read or written any more. */
  #end(): void {
    this.#over = true;
    this.#port.leaveCall(this.#number);
    this.#port.scheduled();
    this.#inbox?.abandon(null);
    this.#outlet?.close(
      new AsterError(Code.FAILED_PRECONDITION, "the call is over", { reason: "CALL_OVER" }),
    );
  }

  #abort(error: AsterError): void {
    if (this.#over) return;
    this.#over = true;
    this.#port.leaveCall(this.#number);
    this.#method.grace.aborted(this, this.#method.label);
    this.#context.abort(error);
    this.#inbox?.abandon({ error });
    this.#outlet?.close(error);
    const answers = this.#answers;
    this.#answers = null;
    if (answers !== null) void endIterator(answers);
  }
}

/** The request that came with CALL, as a batch of one with its own length in front. */
function singleItem(call: IncomingCall): ItemBatch {
  const length = call.end - call.start;
  const bytes = new Uint8Array(ITEM_COST + length);
  new DataView(bytes.buffer).setUint32(0, length, true);
  bytes.set(call.bytes.subarray(call.start, call.end), ITEM_COST);
  return { bytes, start: 0, end: bytes.length, count: 1, creditBytes: bytes.length, marked: call.marked };
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}

function iteratorOf(output: unknown): Answers {
  const iterable = output as Partial<AsyncIterable<unknown> & Iterable<unknown>> | null | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] === "function") {
    return (iterable as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  }
  if (typeof output !== "string" && typeof iterable?.[Symbol.iterator] === "function") {
    return (iterable as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new TypeError("the handler of a response stream must return an iterable or be a generator");
}

async function endIterator(iterator: Answers): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The call is over and has its status; a failing clean-up of the handler cannot change it.
  }
}
