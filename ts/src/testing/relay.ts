// A relay for tests, in this process.
//
// Owns: its options. Does not own: the relay (node/relay-server.ts).

import { RelayServer } from "../node/relay-server.js";
import { checkOptions, listOf, optional, text } from "../options.js";

/**
 * The options of {@link relay}.
 *
 * @example
 * const options: TestRelayOptions = { token: "word" };
 */
export interface TestRelayOptions {
  /** The address to listen on. Default: a free port of 127.0.0.1. */
  readonly bind?: string | undefined;
  /** The word that clients have to send. Default: none. */
  readonly token?: string | undefined;
  /** The endpoint ids that may use it. Default: all. */
  readonly allow?: readonly string[] | undefined;
}

const checks = { bind: optional(text), token: optional(text), allow: optional(listOf(text)) };

/**
 * A relay in this process, with plain HTTP.
 *
 * @example
 * const between = await relay();
 * const options: ConnectOptions = { relay: { urls: [between.url] } };
 * await between.close();
 */
export interface TestRelay extends AsyncDisposable {
  /** The URL for the option `relay: { urls }` of servers and clients. */
  readonly url: string;
  /** Ends the relay. It may be called twice. */
  close(): Promise<void>;
}

/**
 * Starts a relay on loopback.
 * @example
 * const between = await relay({ token: "word" });
 * console.log(between.url);
 * await between.close();
 * @throws {TypeError} with the path of the wrong option
 * @throws {AsterError} FAILED_PRECONDITION with reason `BIND` when it cannot listen on the address
 */
export async function relay(options: TestRelayOptions = {}): Promise<TestRelay> {
  const { bind, token, allow } = checkOptions(checks, options);
  const server = await RelayServer.start({
    bind: bind ?? "127.0.0.1:0",
    host: null,
    certificate: null,
    key: null,
    quicPort: 0,
    allow: allow ?? null,
    token: token ?? null,
    maxClients: null,
  });
  const close = (): Promise<void> => server.close();
  return { url: server.url, close, [Symbol.asyncDispose]: close };
}
