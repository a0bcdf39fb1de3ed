// Loads the addon. No other module imports the generated loader.
//
// Owns: loading at first use, because schemas and types of this package work without the addon; and the check that addon
// and library are of the same build. Does not own: what the functions do (Rust), the data plane (port/). Internal: the
// package does not export anything of this module.

import { createRequire } from "node:module";
import { BRIDGE_VERSION } from "./constants.js";
import type { NativeBinding } from "./documents.js";
import { errorOf } from "./failure.js";

let binding: NativeBinding | null = null;

/**
 * The functions of the addon.
 * @throws {Error} when the addon cannot be loaded, with the command that fixes it
 */
export function native(): NativeBinding {
  binding ??= load();
  return binding;
}

/**
 * Calls a function of the control plane, and converts what it throws to the error that users see.
 * @throws {TypeError} for a wrong option, with `path`
 * @throws {AsterError} for every other failure that the addon reports
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

// Loaded with require. A static import would need the addon at once. A dynamic import with top-level await could not be
// loaded from CommonJS.
function load(): NativeBinding {
  try {
    return checked(createRequire(import.meta.url)("./binding.cjs") as NativeBinding);
  } catch (cause) {
    const triple = `${process.platform}-${process.arch}`;
    throw new Error(
      `the addon of aster-rpc for ${triple} could not be loaded; in an application run "npm install aster-rpc", ` +
        `in a bundle keep aster-rpc external, in a clone of the project run "npm run build:addon"`,
      { cause },
    );
  }
}

function checked(candidate: NativeBinding): NativeBinding {
  const version = candidate.bridgeVersion();
  if (version !== BRIDGE_VERSION) {
    throw new Error(`the addon has build ${version}, but this library needs ${BRIDGE_VERSION}`);
  }
  return candidate;
}
