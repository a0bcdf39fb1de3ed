// The door to the addon, and the only importer of the generated loader.
//
// Owns: loading at first use (schemas, codecs and types of this package work without the addon), the check that
// addon and library are of one build, and the one port of this JavaScript environment. Does not own: what the
// functions do (Rust), how events are dispatched (data-plane.ts). Internal: nothing here is re-exported.

import { AsyncResource } from "node:async_hooks";
import { createRequire } from "node:module";
import { Port } from "./data-plane.js";
import type { NativeBinding } from "./documents.js";
import { errorFromDocument } from "./failure.js";

/** The version of the boundary that this library was written for (docs/boundary.md). */
export const BRIDGE_VERSION = "0.1.0";

// A doorbell keeps the asynchronous context that its port was opened in. It must not be the one of whoever came
// first, or every handler would find that AsyncLocalStorage: ports are opened in the context of this module.
const atLoad = new AsyncResource("AsterPort");

let binding: NativeBinding | null = null;
let port: Port | null = null;
let exitWatched = false;

/**
 * The addon.
 * @throws {Error} with the command that helps, when it could not be loaded.
 */
export function native(): NativeBinding {
  binding ??= load();
  return binding;
}

/** The port of this environment (main thread or worker), opened at first use. */
export function environmentPort(): Port {
  if (port === null) {
    const addon = native();
    port = atLoad.runInAsyncScope(() => new Port(addon));
    if (!exitWatched) process.once("exit", () => port?.abandon());
    exitWatched = true;
  }
  return port;
}

/** Puts another binding in place of the addon: for tests of what stands above it. */
export function replaceNative(other: NativeBinding): void {
  port?.close();
  port = null;
  binding = other;
}

/**
 * Runs a control function and turns what it throws into the error that users see.
 * @throws {TypeError} for an option that does not fit, with `path`.
 * @throws {AsterError} for everything else that the addon reports.
 */
export function controlCall<T>(run: (native: NativeBinding) => T): T {
  const addon = native();
  try {
    return run(addon);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const failure = errorFromDocument(error.message);
    Error.captureStackTrace(failure, controlCall);
    throw failure;
  }
}

// Required, not imported: an import would either need the addon to be there or pause the module, and a module
// that pauses cannot be required from CommonJS.
function load(): NativeBinding {
  try {
    return checked(createRequire(import.meta.url)("./binding.cjs") as NativeBinding);
  } catch (cause) {
    const triple = `${process.platform}-${process.arch}`;
    throw new Error(
      `the native part of aster-rpc for ${triple} could not be loaded; in an application run "npm install aster-rpc", ` +
        `in a clone of the project "npm run build:addon"`,
      { cause },
    );
  }
}

function checked(candidate: NativeBinding): NativeBinding {
  const version = candidate.bridgeVersion();
  if (version !== BRIDGE_VERSION) {
    throw new Error(`the addon is of build ${version}, this library needs ${BRIDGE_VERSION}`);
  }
  return candidate;
}
