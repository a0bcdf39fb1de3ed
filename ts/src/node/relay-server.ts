// A relay in this process.
//
// Owns: starting and closing it. Does not own: who may use it (Rust), the command (cli/network/relay.ts).

import type { RelaySettings, StartedRelay } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import { environmentPort } from "../port/environment.js";
import type { Port } from "../port/port.js";

/** A running relay. */
export class RelayServer {
  /** The URL for clients. */
  readonly url: string;
  /** `ip:port` where clients connect. */
  readonly address: string;
  /** The UDP port on which clients learn their public address; null without TLS. */
  readonly quicPort: number | null;
  readonly #port: Port;
  readonly #number: number;
  #closing: Promise<void> | null = null;

  private constructor(port: Port, started: StartedRelay) {
    this.#port = port;
    this.#number = started.relay;
    this.url = started.url;
    this.address = started.address;
    this.quicPort = started.quicPort;
  }

  static async start(settings: RelaySettings): Promise<RelayServer> {
    const port = environmentPort();
    const started = await port.request("takeStartedRelay", (native, request) =>
      native.relayStart(port.number, request, settings),
    );
    return new RelayServer(port, started);
  }

  /** Ends the relay. Can be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#port.request("takeDone", (native, request) =>
      native.relayClose(this.#port.number, request, this.#number),
    );
    return this.#closing;
  }
}

/** A certificate for host names and IP addresses that is signed by its own key, in PEM. */
export function selfSigned(hosts: readonly string[]): { readonly certificate: string; readonly key: string } {
  return controlCall((native) => native.relayCertificate([...hosts]));
}
