/** A client method connected to a handler through the fake addon, without schemas: messages are JSON text. */
import { clientClosed } from "../../../ts/src/client/connection.js";
import { directMethod } from "../../../ts/src/client/invoke.js";
import { type CallPath, type ClientMethod, defaultSettings } from "../../../ts/src/client/method.js";
import { AsterError, Code } from "../../../ts/src/errors.js";
import type { Logger } from "../../../ts/src/logging.js";
import type { MessageCodec } from "../../../ts/src/message.js";
import { Port } from "../../../ts/src/port/port.js";
import { MethodAcceptor } from "../../../ts/src/server/acceptor.js";
import type { CallContext } from "../../../ts/src/server/context.js";
import { GraceWatch } from "../../../ts/src/server/failure.js";
import { FakeNative } from "./fake-native.js";

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** A JSON codec with two faults for tests: `undefined` cannot be encoded, the text `"damaged"` cannot be decoded. */
export const jsonCodec: MessageCodec = {
  write(writer, value) {
    if (value === undefined) throw new AsterError(Code.INVALID_ARGUMENT, "message: is undefined");
    const bytes = utf8.encode(JSON.stringify(value));
    writer.ensure(bytes.length);
    writer.buf.set(bytes, writer.pos);
    writer.pos += bytes.length;
  },
  read(bytes, start, end) {
    const value: unknown = JSON.parse(text.decode(bytes.subarray(start, end)));
    if (value === "damaged") throw new AsterError(Code.INVALID_ARGUMENT, "message: is damaged");
    return value;
  },
};

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function collectingLogger(): Logger & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields = {}) =>
      void lines.push({ level, message, fields });
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export type Pattern = "unary" | "serverStream" | "clientStream" | "bidiStream";
type Handler = (input: never, context: CallContext) => unknown;

export class Harness {
  readonly native: FakeNative;
  readonly port: Port;
  readonly log = collectingLogger();
  readonly path: { -readonly [K in keyof CallPath]: CallPath[K] };
  #handle = 1;

  constructor(options: { readonly silent?: boolean } = {}) {
    this.native = new FakeNative(options);
    this.port = new Port(this.native.binding);
    const closedError = clientClosed;
    this.path = { port: this.port, endpointId: "server", closed: false, session: 0, closedError };
  }

  /** The function of this method on a stub. */
  // biome-ignore lint/suspicious/noExplicitAny: tests call functions of all four patterns
  method(pattern: Pattern, handler: Handler, timeoutMs?: number | null): any {
    return directMethod(this.target(pattern, handler, timeoutMs));
  }

  target(pattern: Pattern, handler: Handler, timeoutMs?: number | null): ClientMethod {
    const requestStream = pattern === "clientStream" || pattern === "bidiStream";
    const responseStream = pattern === "serverStream" || pattern === "bidiStream";
    const served = this.#handle++;
    const shared = { requestStream, responseStream, request: jsonCodec, response: jsonCodec, native: null };
    const grace = new GraceWatch(this.log);
    const run = handler as (input: unknown, context: CallContext) => unknown;
    const label = `Test.${pattern}`;
    this.port.acceptCalls(
      served,
      new MethodAcceptor(this.port, { ...shared, label, run, logger: this.log, grace, called: null }),
    );
    const handle = this.native.route({ port: this.port.number, handle: served, responseStream });
    const names = { service: "Test", version: 1, name: pattern, idempotent: false };
    const defaults = defaultSettings(timeoutMs, null, responseStream);
    const tools = { request: jsonCodec, response: jsonCodec };
    return { ...shared, ...names, path: this.path, handle, tools, defaults };
  }

  close(): void {
    this.port.close();
  }
}

/** A promise with the functions that settle it. */
export function deferred<T = void>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Waits until everything that can run has run: a few turns of the event loop. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Collects the rejections of this process that nobody handles, between `start()` and `stop()`. */
export function watchRejections() {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  return {
    start: () => void process.on("unhandledRejection", note),
    stop: (): unknown[] => {
      process.off("unhandledRejection", note);
      return unhandled.splice(0);
    },
  };
}

/** The AsterError that a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<AsterError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AsterError) return error;
    throw error;
  }
  throw new Error("expected a failure");
}
