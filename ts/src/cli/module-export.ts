// MODULE:EXPORT: a service that a module of the user exports.
//
// Owns: finding and loading the module, also in TypeScript, and the error texts. TypeScript needs a Node version that
// removes types, or `tsx` in the user's project. Its hooks load modules without bundling, so the service belongs to this
// copy of the package.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Service } from "../schema/service.js";
import { serviceFrom } from "../service/binding.js";
import { CommandError, UsageError } from "./command.js";

/** Loads a service. @throws {CommandError} with the reason; {UsageError} when the text is not MODULE:EXPORT */
export async function serviceOfModule(text: string): Promise<Service> {
  const colon = text.lastIndexOf(":");
  const [name, member] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon < 1 || member === "" || /[\\/]/.test(member)) {
    throw new UsageError(
      `${text}: write MODULE:EXPORT to name a service, for example src/billing.ts:Billing`,
    );
  }
  const module = await load(name);
  if (!Object.hasOwn(module, member)) {
    const there = Object.keys(module).join(", ") || "nothing";
    throw new CommandError(`${name} has no export ${member}; it exports ${there}`);
  }
  try {
    return serviceFrom(module[member]);
  } catch {
    throw new CommandError(
      `${name}: ${member} is not a service of this copy of aster-rpc; it must be the result of service(), or a class with ` +
        "@service, from the package that this command belongs to",
    );
  }
}

async function load(name: string): Promise<Record<string, unknown>> {
  const file = locate(name);
  if (/\.[cm]?tsx?$/.test(file)) await prepareTypeScript(file);
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      `${name} cannot be loaded: ${code === undefined ? message : `${code} ${message}`}`,
    );
  }
}

/** Finds a file, relative to the working directory, or a module of a package that is installed there. */
function locate(name: string): string {
  const file = path.resolve(name);
  if (existsSync(file)) return file;
  try {
    return createRequire(path.resolve("package.json")).resolve(name);
  } catch {
    throw new CommandError(`${name}: there is no such file, and no such module in ${process.cwd()}`);
  }
}

async function prepareTypeScript(file: string): Promise<void> {
  const features = process.features as { readonly typescript?: unknown };
  if (features.typescript) return;
  const tsx = tsxBeside(file);
  if (tsx === null) {
    throw new CommandError(
      `${path.relative("", file)}: Node ${process.versions.node} does not load TypeScript. Install tsx beside the ` +
        "module (npm install --save-dev tsx), or use Node 22.18 or newer, or name the compiled module",
    );
  }
  const { register } = (await import(pathToFileURL(tsx).href)) as { register: () => unknown };
  register();
}

/** The ES module entry of `tsx`. `require.resolve` would return its CommonJS entry, which cannot register hooks. */
function tsxBeside(file: string): string | null {
  try {
    const manifest = createRequire(file).resolve("tsx/package.json");
    const { exports } = JSON.parse(readFileSync(manifest, "utf8")) as {
      readonly exports: { readonly "./esm/api": { readonly import: { readonly default: string } } };
    };
    return path.join(path.dirname(manifest), exports["./esm/api"].import.default);
  } catch {
    return null;
  }
}
