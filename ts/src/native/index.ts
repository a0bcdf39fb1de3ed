// The door to the addon, and the only importer of the generated loader.
//
// Owns: loading at first use (schemas, codecs and types of this package work without the addon), the check that
// addon and library are of one build. Does not own: what the functions do (Rust), the data plane (port/). Internal:
// nothing here is re-exported.

import { createRequire } from "node:module";
import type { NativeBinding } from "./documents.js";
import { errorOf } from "./failure.js";

/** The version of the boundary that this library was written for (docs/boundary.md). */
const BRIDGE_VERSION = "0.1.0";

let binding: NativeBinding | null = null;

/**
 * The addon.
 * @throws {Error} with the command that helps, when it could not be loaded.
 */
export function native(): NativeBinding {
  binding ??= load();
  return binding;
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
    const failure = errorOf(error);
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
