// The one port of this JavaScript environment (main thread or worker).
//
// Owns: opening it at first use, and closing it when the process exits. Does not own: the port (port.ts).

import { AsyncResource } from "node:async_hooks";
import { native } from "../native/index.js";
import { Port } from "./port.js";

// A doorbell keeps the asynchronous context that its port was opened in. It must not be the one of whoever came
// first, or every handler would find that AsyncLocalStorage: ports are opened in the context of this module.
const atLoad = new AsyncResource("AsterPort");

let port: Port | null = null;

/** The port of this environment, opened at first use. */
export function environmentPort(): Port {
  if (port === null) {
    const addon = native();
    const opened = atLoad.runInAsyncScope(() => new Port(addon));
    process.once("exit", () => opened.abandon());
    port = opened;
  }
  return port;
}
