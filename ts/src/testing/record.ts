// Recording calls to a file, and reading them.
//
// Owns: the lines of the file. Does not own: values in it (recorded-values.ts), what is done with the calls (replay.ts).

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { ClientInterceptor, OutgoingCall } from "../client/interceptors.js";
import { AsterError, Code } from "../errors.js";
import { checkOptions, listOf, optional, text } from "../options.js";
import type { ArrivedCall, ServerInterceptor } from "../server/interceptors.js";
import { observed } from "./observe.js";
import { toRecorded } from "./recorded-values.js";

/**
 * The options of {@link record}.
 *
 * @example
 * const options: RecordOptions = { file: "calls.jsonl", mask: ["password", "authorization"] };
 * console.log(options.mask);
 */
export interface RecordOptions {
  /** The file. It is replaced. */
  readonly file: string;
  /**
   * Names of members of messages and details, and keys of metadata, with their TypeScript names. Their values, at any
   * depth, are replaced: texts by `***`, numbers by 0, bytes by none. Default: nothing is masked.
   */
  readonly mask?: readonly string[] | undefined;
}

/**
 * The interceptors that record calls. Made by {@link record}.
 *
 * @example
 * const watched = (tape: Recording) => client.stub(Billing, { interceptors: [tape.client] });
 */
export interface Recording {
  /** Goes into `interceptors` of a client or a stub. */
  readonly client: ClientInterceptor;
  /** Goes into `interceptors` of a server. */
  readonly server: ServerInterceptor;
}

/**
 * A call in a file.
 *
 * @example
 * const title = ({ service, method, code }: RecordedCall): string => `${service}.${method} ${code}`;
 * console.log(typeof title);
 */
export interface RecordedCall {
  readonly side: "client" | "server";
  readonly service: string;
  readonly version: number;
  /** The wire name. */
  readonly method: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** The names that were masked. */
  readonly masked: readonly string[];
  /** The messages as they are in the file. */
  readonly requests: readonly unknown[];
  readonly responses: readonly unknown[];
  /** The status code; 0 for OK. Null: the recording ended before the call. */
  readonly code: number | null;
  readonly message: string;
  readonly details: Readonly<Record<string, string>>;
}

type Head = Omit<RecordedCall, "masked" | "requests" | "responses" | "code" | "message" | "details">;

/** A line of the file. */
type Line = { readonly call: number } & (
  | { readonly began: Head & Pick<RecordedCall, "masked"> }
  | { readonly request: unknown }
  | { readonly response: unknown }
  | { readonly ended: Pick<RecordedCall, "code" | "message" | "details"> }
);

/**
 * Records the calls of clients or servers to a file: a line of JSON for each message. {@link replay} reads it.
 *
 * *Shape*: values are recorded as they are in JavaScript, without their schema. Shared references are written twice, and a value
 * with a cycle cannot be replayed.
 *
 * @example
 * const file = `${process.env.TMPDIR ?? "/tmp"}/aster-calls-${process.pid}.jsonl`;
 * const tape = record({ file, mask: ["customerId"] });
 * const taped = client.stub(Billing, { interceptors: [tape.client] });
 * await taped.getInvoice({ customerId: "acme", status: "open" });
 * const { calls } = replay(file);
 * console.log(calls[0]?.method, calls[0]?.requests); // get_invoice [{ customerId: "***", status: "open" }]
 * @throws {TypeError} with the path of the wrong option
 */
export function record(options: RecordOptions): Recording {
  const { file, mask } = checkOptions({ file: text, mask: optional(listOf(text)) }, options);
  const masked = new Set(mask);
  writeFileSync(file, "");
  const write = (line: Line) => appendFileSync(file, `${JSON.stringify(line)}\n`);
  let last = 0;
  const begin = (head: Head): Tape => {
    last += 1;
    write({
      call: last,
      began: { ...head, metadata: maskedPairs(head.metadata, masked), masked: [...masked] },
    });
    return new Tape(last, masked, write);
  };
  return {
    client: (next) => (call) => taped(call, next, begin(headOf("client", call, call.metadata))),
    server: (next) => (call) => taped(call, next, begin(headOf("server", call, call.context.metadata))),
  };
}

/** Reads the calls of a file, in the order in which they began. */
export function readRecording(file: string): readonly RecordedCall[] {
  const calls = new Map<number, RecordedCall & { requests: unknown[]; responses: unknown[] }>();
  const content = readFileSync(file, "utf8");
  for (const text of content.slice(0, content.lastIndexOf("\n") + 1).split("\n")) {
    if (text === "") continue;
    const line = JSON.parse(text) as Line;
    const known = calls.get(line.call);
    if ("began" in line) {
      const open = { requests: [], responses: [], code: null, message: "", details: {} };
      calls.set(line.call, { ...line.began, ...open });
    } else if (known === undefined) throw new TypeError(`${file}: call ${line.call} did not begin`);
    else if ("request" in line) known.requests.push(line.request);
    else if ("response" in line) known.responses.push(line.response);
    else calls.set(line.call, { ...known, ...line.ended });
  }
  return [...calls.values()];
}

function headOf(
  side: "client" | "server",
  { service, version, method }: OutgoingCall | ArrivedCall,
  metadata: ReadonlyMap<string, string>,
): Head {
  return { side, service, version, method, metadata: Object.fromEntries(metadata) };
}

function maskedPairs(
  pairs: Readonly<Record<string, string>>,
  masked: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(pairs).map(([key, value]) => [key, masked.has(key) ? "***" : value]),
  );
}

/** The lines of one call. */
class Tape {
  readonly #call: number;
  readonly #masked: ReadonlySet<string>;
  readonly #write: (line: Line) => void;

  constructor(call: number, masked: ReadonlySet<string>, write: (line: Line) => void) {
    this.#call = call;
    this.#masked = masked;
    this.#write = write;
  }

  request(message: unknown): void {
    this.#write({ call: this.#call, request: toRecorded(message, this.#masked) });
  }

  response(message: unknown): void {
    this.#write({ call: this.#call, response: toRecorded(message, this.#masked) });
  }

  ended(code: number, error?: AsterError): void {
    const details = maskedPairs(Object.fromEntries(error?.details ?? []), this.#masked);
    this.#write({ call: this.#call, ended: { code, message: error?.rawMessage ?? "", details } });
  }

  failed(thrown: unknown): void {
    const error = AsterError.from(thrown);
    this.ended(error.code, error);
  }
}

async function taped<C extends OutgoingCall | ArrivedCall>(
  call: C,
  next: (call: C) => Promise<unknown>,
  tape: Tape,
): Promise<unknown> {
  const nothing = () => {};
  if (call.requestStream) {
    const item = (message: unknown) => tape.request(message);
    call.input = observed(call.input, { item, end: nothing, left: nothing, failed: nothing });
  } else tape.request(call.input);
  try {
    const output = await next(call);
    if (!call.responseStream) {
      tape.response(output);
      tape.ended(0);
      return output;
    }
    return observed(output, {
      item: (message) => tape.response(message),
      end: () => tape.ended(0),
      left: () => tape.ended(Code.CANCELLED),
      failed: (error) => tape.failed(error),
    });
  } catch (error) {
    tape.failed(error);
    throw error;
  }
}
