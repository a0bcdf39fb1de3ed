// A connection to one server, after admission.
//
// Owns: the services that the server announced last, the registration of methods, and closing. Does not own: calls (call.ts)
// and connecting (node/endpoint.ts).

import { isDeepStrictEqual } from "node:util";
import { AsterError, type AsterErrorInit, Code } from "../errors.js";
import type {
  CalledMethod,
  ConnectionFacts,
  ConnectionPath,
  OpenedConnection,
  Readmitted,
  ServiceSummary,
} from "../native/documents.js";
import { controlCall } from "../native/index.js";
import type { Port } from "../port/port.js";
import { type ConnectionEvent, ConnectionWatch } from "./events.js";
import type { CallPath } from "./method.js";
import { Paths } from "./paths.js";

/** The longest time for which an error about a contract waits for the server's description. */
const DIFFERENCES_MS = 500;

function frozen(services: readonly ServiceSummary[]): readonly ServiceSummary[] {
  for (const { modes, extensions } of services) Object.freeze(Object.freeze(modes) && extensions);
  return Object.freeze(services.map((service) => Object.freeze(service)));
}

/** The error of a call after the client was closed. */
export function clientClosed(place: AsterErrorInit): AsterError {
  const facts = { ...place, notSent: true, reason: "CLOSED" };
  return new AsterError(Code.FAILED_PRECONDITION, "the client is closed", facts);
}

const CLOSED_PATH: ConnectionPath = Object.freeze({
  kind: "none",
  address: null,
  rttMs: null,
  bytesDirect: 0,
  bytesRelayed: 0,
});

/** A method to register. The connection adds its limit. */
export type RegisteredMethod = Omit<CalledMethod, "maxDecodedBytes">;

/** An admitted connection. */
export class Connection implements CallPath {
  readonly port: Port;
  /** The number of the connection in the addon. */
  readonly number: number;
  readonly endpointId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly session = 0;
  /** The largest estimated size of a decoded response, in bytes. */
  readonly maxDecodedBytes: number;
  readonly #handles = new Map<string, number>();
  #services: readonly ServiceSummary[];
  readonly #events: ConnectionWatch = new ConnectionWatch(this);
  #closed = false;

  constructor(port: Port, opened: OpenedConnection, maxDecodedBytes: number) {
    this.port = port;
    this.maxDecodedBytes = maxDecodedBytes;
    this.number = opened.connection;
    this.endpointId = opened.endpointId;
    this.#services = frozen(opened.services);
    this.attributes = Object.freeze({ ...opened.attributes });
  }

  get closed(): boolean {
    return this.#closed;
  }

  closedError(place: AsterErrorInit): AsterError {
    return clientClosed(place);
  }

  /** The services that the server announced at the last admission: a connection that replaces another one may reach a new server. */
  get services(): readonly ServiceSummary[] {
    if (this.#closed) return this.#services;
    const announced = controlCall((native) => native.connectionServices(this.number));
    if (!isDeepStrictEqual(announced, this.#services)) this.#services = frozen(announced);
    return this.#services;
  }

  /**
   * The differences between an announced service and ours as text. Asks the server and waits for it, at most 500 ms, because
   * `client.stub()` throws synchronously. Null when the server does not tell them.
   */
  differences(agreement: number): string | null {
    return controlCall((native) => native.connectionDifferences(this.number, agreement, DIFFERENCES_MS));
  }

  /** The document of an announced service as JSON text. Null when the server announces no exact schemas. */
  description(service: string, version: number): Promise<string | null> {
    return this.port.request("takeServiceDocument", (native, request) =>
      native.connectionDescribe(this.port.number, request, this.number, service, version),
    );
  }

  /** Registers a method at its first use. Returns its handle for calls. */
  register(called: RegisteredMethod): number {
    const method: CalledMethod = { ...called, maxDecodedBytes: this.maxDecodedBytes };
    if (this.#closed) throw this.closedError({});
    const key = JSON.stringify(method);
    const known = this.#handles.get(key);
    if (known !== undefined) return known;
    const handle = controlCall((native) => native.methodRegister(this.port.number, this.number, method));
    this.#handles.set(key, handle);
    return handle;
  }

  /** Asks for admission with another credential. */
  readmit(credential: string): Promise<Readmitted> {
    return this.port.request("takeReadmitted", (native, request) =>
      native.connectionReadmit(this.port.number, request, this.number, credential),
    );
  }

  /** The network path that packets take now. */
  info(): Promise<ConnectionFacts> {
    return this.port.request("takeConnectionFacts", (native, request) =>
      native.connectionInfo(this.port.number, request, this.number),
    );
  }

  /** The network path now. */
  get path(): ConnectionPath {
    if (this.#closed) return CLOSED_PATH;
    return controlCall((native) => native.connectionPath(this.number));
  }

  /** The network path now, and then each time when packets take another one. */
  paths(): AsyncIterableIterator<ConnectionPath, undefined> {
    const events = this.#events.read();
    return new Paths({
      now: () => (this.#closed ? null : this.path),
      changed: async () => (await events.next()).done !== true,
      left: () => void events.return?.(),
    });
  }

  /** Measures a round trip in milliseconds. */
  ping(timeoutMs: number): Promise<number> {
    return this.port.request("takePing", (native, request) =>
      native.connectionPing(this.port.number, request, this.number, timeoutMs),
    );
  }

  /** What happens to the connection from now on. */
  events(): AsyncIterableIterator<ConnectionEvent, undefined> {
    return this.#events.read();
  }

  /** Tells the readers of {@link Connection.events} what happened to the admission. */
  tell(event: ConnectionEvent): void {
    this.#events.tell(event);
  }

  /** Closes the connection. Operations of this turn of the event loop are sent first. Calling it twice is safe. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.close();
    this.port.flush();
    controlCall((native) => native.connectionClose(this.number));
  }
}
