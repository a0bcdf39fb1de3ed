// A connection to one server, after admission.
//
// Owns: the services that the server announced, the registration of methods, and closing. Does not own: calls (call.ts)
// and connecting (node/endpoint.ts).

import { AsterError, Code } from "../errors.js";
import type { CalledMethod, ConnectionFacts, OpenedConnection, ServiceSummary } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import type { Port } from "../port/port.js";
import type { CallPath } from "./method.js";

/** An admitted connection. */
export class Connection implements CallPath {
  readonly port: Port;
  /** The number of the connection in the addon. */
  readonly number: number;
  readonly endpointId: string;
  readonly services: readonly ServiceSummary[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly #handles = new Map<string, number>();
  #closed = false;

  constructor(port: Port, opened: OpenedConnection) {
    this.port = port;
    this.number = opened.connection;
    this.endpointId = opened.endpointId;
    this.services = Object.freeze(opened.services.map((service) => Object.freeze(service)));
    this.attributes = Object.freeze({ ...opened.attributes });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Registers a method at its first use. Returns its handle for calls. */
  register(method: CalledMethod): number {
    if (this.#closed) {
      throw new AsterError(Code.FAILED_PRECONDITION, "the client is closed", {
        notSent: true,
        reason: "CLOSED",
      });
    }
    const key = JSON.stringify(method);
    const known = this.#handles.get(key);
    if (known !== undefined) return known;
    const handle = controlCall((native) => native.methodRegister(this.port.number, this.number, method));
    this.#handles.set(key, handle);
    return handle;
  }

  /** The network path that packets take now. */
  info(): Promise<ConnectionFacts> {
    return this.port.request("takeConnectionFacts", (native, request) =>
      native.connectionInfo(this.port.number, request, this.number),
    );
  }

  /** Closes the connection. Operations of this turn of the event loop are sent first. Calling it twice is safe. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.port.flush();
    controlCall((native) => native.connectionClose(this.number));
  }
}
