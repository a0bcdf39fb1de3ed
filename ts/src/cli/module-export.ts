// MODULE:EXPORT: the service that a module of the user's exports.
//
// Owns: finding and loading the module, TypeScript included, and what to say when that cannot be. TypeScript
// needs a Node that strips types, or `tsx` in the user's project, whose hooks load modules as they are, so that
// the service is one of this very package and not of a second copy.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { Service } from "../schema/service.js";
import { serviceFrom } from "../service/binding.js";
import { CommandError, UsageError } from "./command.js";

/** Loads a service. @throws {CommandError} saying what is missing; {UsageError} for a text of another form */
export async function serviceOfModule(text: string): Promise<Service> {
  const colon = text.lastIndexOf(":");
  const [name, member] = [text.slice(0, colon), text.slice(colon + 1)];
  if (colon < 1 || member === "" || /[\\/]/.test(member)) {
    throw new UsageError(`${text}: a service is named MODULE:EXPORT, as in src/billing.ts:Billing`);
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
      `${name}: ${member} is no service of this copy of aster-rpc; it is what service() returns, or a class with ` +
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

/** A file, from the working directory, or a module of a package that is installed there. */
function locate(name: string): string {
  const file = path.resolve(name);
  if (existsSync(file)) return file;
  try {
    return createRequire(path.resolve("package.json")).resolve(name);
  } catch {
    throw new CommandError(`${name}: no such file, and no such module from ${process.cwd()}`);
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

/** The entry of `tsx` for ES modules. `require.resolve` would give the one for CommonJS, which cannot register. */
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
