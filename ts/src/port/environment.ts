// The port of this JavaScript thread (main thread or worker). There is one for each thread.
//
// Owns: opening it at first use, and closing it when the process exits. Does not own: the port (port.ts).

import { AsyncResource } from "node:async_hooks";
import { native } from "../native/index.js";
import { Port } from "./port.js";

// The doorbell runs in the asynchronous context in which the port was opened. Ports are therefore opened in the context
// of this module. In the context of the first user, every handler would see the AsyncLocalStorage of that user.
const atLoad = new AsyncResource("AsterPort");

let port: Port | null = null;

/** The port of this thread. It is opened at first use. */
export function environmentPort(): Port {
  if (port === null) {
    const addon = native();
    const opened = atLoad.runInAsyncScope(() => new Port(addon));
    process.once("exit", () => opened.abandon());
    port = opened;
  }
  return port;
}
