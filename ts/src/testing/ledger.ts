// The call ledger: both sides of each call write down what they did, and a check of the entries proves that nothing was lost.
//
// Owns: the interceptors that write entries, their file. Does not own: the rules (ledger-rules.ts).

import { randomUUID } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import type { ClientInterceptor, OutgoingCall } from "../client/interceptors.js";
import { AsterError, Code } from "../errors.js";
import { CALL_CODECS, type MessageCodec } from "../message.js";
import { checkOptions, duration, functionOf, optional, text } from "../options.js";
import type { ArrivedCall, ServerInterceptor } from "../server/interceptors.js";
import type { Session } from "../server/session.js";
import { fingerprint } from "./fingerprint.js";
import type { LedgerEntry } from "./ledger-entry.js";
import { checkLedger, type Violation } from "./ledger-rules.js";
import { observed, type StreamWatcher } from "./observe.js";

/**
 * The options of {@link ledger}.
 *
 * @example
 * const options: LedgerOptions = { identify: (message) => String((message as { id: number }).id) };
 * const own = ledger(options);
 */
export interface LedgerOptions {
  /** A file to which each entry is appended at once, as a line of JSON. It survives the end of the process. */
  readonly file?: string | undefined;
  /**
   * Identifies a message, the same on both sides. Default: a digest of its encoded bytes. Messages with a validator of `t.js`
   * are only counted, because the receiver may get another value than the sender has.
   */
  readonly identify?: ((message: unknown) => string) | undefined;
}

/**
 * The options of {@link Ledger.settled}.
 *
 * @example
 * const options: SettleOptions = { timeoutMs: 1000 };
 * await books.settled(options);
 */
export interface SettleOptions {
  /** In milliseconds; default 10,000. */
  readonly timeoutMs?: number | undefined;
}

/** The metadata with which the client tells the server the id of a call. */
const CALL_KEY = "ledger-call";
const DEFAULT_SETTLE_MS = 10_000;

/**
 * Makes a ledger. Its two interceptors write down what the client and the server did; {@link Ledger.check} proves that
 * nothing was lost, repeated or reordered.
 *
 * *Shape*: one ledger for all clients and servers of a process. In two processes, give each a `file` and check both
 * with {@link readLedger} and {@link checkLedger}. Put the interceptor of the client first, so that it sees what the caller sees.
 *
 * @example
 * const books = ledger();
 * const server = await AsterServer.start({
 *   services: [implement(Billing, handlers)],
 *   access: "open",
 *   interceptors: [books.server],
 *   bind: "127.0.0.1:0",
 *   relay: "disabled",
 *   identity: "ephemeral",
 * });
 * const client = await AsterClient.connect(server.ticket, { relay: "disabled", interceptors: [books.client] });
 * await client.stub(Billing).getInvoice({ customerId: "acme", status: "open" });
 * await books.settled();
 * console.log(books.check()); // []
 * await client.close();
 * await server.close();
 * @throws {TypeError} with the path of the wrong option
 */
export function ledger(options: LedgerOptions = {}): Ledger {
  return new Ledger(
    checkOptions(
      { file: optional(text), identify: optional(functionOf<(message: unknown) => string>()) },
      options,
    ),
  );
}

/**
 * Reads the file of a ledger. An incomplete last line is left out: the process ended while it wrote the line.
 *
 * @example
 * const joined = (file: string): readonly LedgerEntry[] => [...books.entries, ...readLedger(file)];
 */
export function readLedger(file: string): readonly LedgerEntry[] {
  const content = readFileSync(file, "utf8");
  const lines = content.slice(0, content.lastIndexOf("\n") + 1).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LedgerEntry);
}

/**
 * The entries of the calls of this process. Made by {@link ledger}.
 *
 * @example
 * const books: Ledger = ledger();
 * const watched = client.stub(Billing, { interceptors: [books.client] });
 * await watched.getInvoice({ customerId: "acme", status: "open" });
 * console.log(books.entries.length);
 */
export class Ledger {
  /** Goes into `interceptors` of a client or a stub. */
  readonly client: ClientInterceptor;
  /** Goes into `interceptors` of a server. */
  readonly server: ServerInterceptor;
  readonly #entries: LedgerEntry[] = [];
  readonly #file: string | undefined;
  readonly #identify: ((message: unknown) => string) | undefined;
  readonly #settled = new Set<() => void>();
  readonly #sessions = new WeakMap<Session, string>();
  #open = 0;
  #runs = 0;

  /** @internal */
  constructor(options: LedgerOptions) {
    this.#file = options.file;
    this.#identify = options.identify;
    this.client = (next) => (call) => this.#call(call, next);
    this.server = (next) => (call) => this.#handle(call, next);
  }

  /** All entries of this process, in their order. */
  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** The calls and handlers that began and have not ended. */
  get open(): number {
    return this.#open;
  }

  /** Settles when no call and no handler of this process is open, or after the timeout. Then {@link open} tells how many are. */
  async settled(options: SettleOptions = {}): Promise<void> {
    const { timeoutMs } = checkOptions({ timeoutMs: optional(duration) }, options);
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#settled.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs ?? DEFAULT_SETTLE_MS);
      this.#settled.add(done);
    });
  }

  /** The broken rules, for the entries of this process together with `others`. Wait for {@link settled} before. */
  check(others: readonly LedgerEntry[] = []): readonly Violation[] {
    return checkLedger([...this.#entries, ...others]);
  }

  /** Forgets the entries, but not the open calls. The file stays as it is. */
  clear(): void {
    this.#entries.length = 0;
  }

  /** The member `session` of an entry. The end of the session is noted when it comes. */
  #session(session: Session | null, call: string): Pick<LedgerEntry, "session"> {
    if (session === null) return {};
    let name = this.#sessions.get(session);
    if (name === undefined) {
      this.#runs += 1;
      name = `${process.pid}.${this.#runs}`;
      this.#sessions.set(session, name);
      const ended: LedgerEntry = { side: "server", event: "sessionEnded", call, session: name };
      session.onClose(() => this.#write(ended));
    }
    return { session: name };
  }

  #write(entry: LedgerEntry): void {
    this.#entries.push(entry);
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
    if (entry.event === "began") this.#open += 1;
    if (entry.event !== "ended") return;
    this.#open -= 1;
    if (this.#open === 0) for (const done of [...this.#settled]) done();
  }

  #item(codec: MessageCodec | null | undefined, message: unknown): string {
    return this.#identify === undefined ? fingerprint(codec, message) : this.#identify(message);
  }

  /** Notes the messages and the end of one side of a call. */
  #notes(head: Pick<LedgerEntry, "side" | "call" | "run">) {
    let over = false;
    return {
      message: (event: "sent" | "received", codec: MessageCodec | null | undefined, message: unknown) =>
        this.#write({ ...head, event, item: this.#item(codec, message) }),
      inputEnded: () => this.#write({ ...head, event: "inputEnded" }),
      ended: (outcome: Outcome) => {
        if (over) return;
        over = true;
        this.#write({ ...head, event: "ended", ...outcome });
      },
    };
  }

  async #call(call: OutgoingCall, next: (call: OutgoingCall) => Promise<unknown>): Promise<unknown> {
    const id = randomUUID();
    const codecs = call[CALL_CODECS];
    const notes = this.#notes({ side: "client", call: id });
    const method = `${call.service}.${call.method}`;
    this.#write({ side: "client", call: id, event: "began", method, idempotent: call.idempotent });
    call.metadata.set(CALL_KEY, id);
    const sent = (message: unknown) => notes.message("sent", codecs?.request, message);
    const received = (message: unknown) => notes.message("received", codecs?.response, message);
    if (call.requestStream) call.input = observed(call.input, onlyItems(sent));
    else sent(call.input);
    try {
      const output = await next(call);
      if (call.responseStream) return observed(output, streamOf(received, notes.ended));
      received(output);
      notes.ended({ code: 0 });
      return output;
    } catch (error) {
      notes.ended(outcomeOf(error));
      throw error;
    }
  }

  async #handle(call: ArrivedCall, next: (call: ArrivedCall) => Promise<unknown>): Promise<unknown> {
    const id = call.context.metadata.get(CALL_KEY);
    // The call of a client without a ledger.
    if (id === undefined) return next(call);
    this.#runs += 1;
    const run = `${process.pid}.${this.#runs}`;
    const codecs = call[CALL_CODECS];
    const notes = this.#notes({ side: "server", call: id, run });
    const method = `${call.service}.${call.method}`;
    const session = this.#session(call.context.session, id);
    this.#write({ side: "server", call: id, run, event: "began", method, ...session });
    const received = (message: unknown) => notes.message("received", codecs?.request, message);
    const sent = (message: unknown) => notes.message("sent", codecs?.response, message);
    if (call.requestStream)
      call.input = observed(call.input, { ...onlyItems(received), end: notes.inputEnded });
    else received(call.input);
    try {
      const output = await next(call);
      if (call.responseStream) return observed(output, streamOf(sent, notes.ended));
      sent(output);
      notes.ended({ code: 0 });
      return output;
    } catch (error) {
      notes.ended(outcomeOf(error));
      throw error;
    }
  }
}

type Outcome = Pick<LedgerEntry, "code" | "notSent" | "itemsReceived">;

function outcomeOf(thrown: unknown): Outcome {
  const error = AsterError.from(thrown);
  const { code, notSent } = error;
  return { code, ...(notSent ? { notSent } : {}), itemsReceived: error.itemsReceived };
}

const nothing = (): void => {};

function onlyItems(item: (message: unknown) => void): StreamWatcher {
  return { item, end: nothing, left: nothing, failed: nothing };
}

function streamOf(item: (message: unknown) => void, ended: (outcome: Outcome) => void): StreamWatcher {
  return {
    item,
    end: () => ended({ code: 0 }),
    left: () => ended({ code: Code.CANCELLED }),
    failed: (error) => ended(outcomeOf(error)),
  };
}
