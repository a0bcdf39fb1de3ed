// The door to the addon, and the only importer of the generated loader.
//
// Owns: loading, the check that addon and library are of one build, and the one port of this JavaScript
// environment. Does not own: what the
// functions do (Rust), how events are dispatched (data-plane.ts). Internal: nothing here is re-exported.

import { Port } from "./data-plane.js";
import type { NativeBinding } from "./documents.js";
import { errorFromDocument } from "./failure.js";

/** The version of the boundary that this library was written for (docs/boundary.md). */
export const BRIDGE_VERSION = "0.1.0";

// Caught here and reported at first use: schemas, codecs and types of this package work without the addon.
let binding: NativeBinding | null = null;
let loadFailure: unknown = null;
try {
  binding = checked(await import("./binding.js"));
} catch (error) {
  loadFailure = error;
}
let port: Port | null = null;

/**
 * The addon.
 * @throws {Error} with the command that helps, when it could not be loaded.
 */
export function native(): NativeBinding {
  if (binding !== null) return binding;
  const triple = `${process.platform}-${process.arch}`;
  throw new Error(
    `the native part of aster-rpc for ${triple} could not be loaded; in an application run "npm install aster-rpc", ` +
      `in a clone of the project "npm run build:addon"`,
    { cause: loadFailure },
  );
}

/** The port of this environment (main thread or worker), opened at first use. */
export function environmentPort(): Port {
  port ??= new Port(native());
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
    throw error instanceof Error ? errorFromDocument(error.message) : error;
  }
}

function checked(candidate: NativeBinding): NativeBinding {
  const version = candidate.bridgeVersion();
  if (version !== BRIDGE_VERSION) {
    throw new Error(`the addon is of build ${version}, this library needs ${BRIDGE_VERSION}`);
  }
  return candidate;
}
