// The port of this JavaScript thread (main thread or worker). There is one for each thread.
//
// Owns: opening it at first use, closing it when the process exits, and the default of the byte budget of the process.
// Does not own: the port (port.ts).

import { AsyncResource } from "node:async_hooks";
import { totalmem } from "node:os";
import { native } from "../native/index.js";
import { Port } from "./port.js";

// The doorbell runs in the asynchronous context in which the port was opened. Ports are therefore opened in the context
// of this module. In the context of the first user, every handler would see the AsyncLocalStorage of that user.
const atLoad = new AsyncResource("AsterPort");

/** The part of the memory that messages may use while they wait. */
const MEMORY_SHARE = 4;

let port: Port | null = null;

/** The port of this thread. It is opened at first use. */
export function environmentPort(): Port {
  if (port === null) {
    const addon = native();
    addon.setDefaultProcessBytes(Math.floor(memory() / MEMORY_SHARE));
    const opened = atLoad.runInAsyncScope(() => new Port(addon));
    process.once("exit", () => opened.abandon());
    port = opened;
  }
  return port;
}

/** The memory of the machine, or of the container. */
function memory(): number {
  const total = totalmem();
  // Absent in Node before 20.12, and 0 or a huge number without a limit.
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 && limit < total ? limit : total;
}
