// Contract files: reading and writing manifests and exported contracts.
//
// Owns: the text of a manifest, and atomic writing. Does not own: the content of a manifest (Rust), its members
// (service/manifest-types.ts), and the comparison of two manifests.

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Manifest, ManifestField } from "../service/manifest-types.js";
import { CommandError } from "./command.js";

const MAX_BYTES = 16 * 1024 * 1024;

/** Reads the contracts of a file. @throws {CommandError} with the file and the reason */
export function readContracts(file: string): readonly Manifest[] {
  let value: unknown;
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) throw new Error(`the file has ${size} bytes, but at most ${MAX_BYTES} are allowed`);
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file}: ${code === "ENOENT" ? "no such file" : message}`);
  }
  const documents = Array.isArray(value) ? value : [value];
  if (documents.length === 0) throw new CommandError(`${file}: the file contains no contract`);
  return documents.map((document, index) => checkContract(document, `${file}[${index}]`));
}

/** Checks the members that every command needs. @throws {CommandError} with the place and the reason */
export function checkContract(document: unknown, where: string): Manifest {
  const fail = (problem: string): never => {
    throw new CommandError(`${where}: ${problem}`);
  };
  if (typeof document !== "object" || document === null) return fail("a contract must be a JSON object");
  const manifest = document as Manifest;
  const { service, version, contract_id: id, methods } = manifest;
  if (typeof service !== "string" || service === "") fail("service must be a name");
  if (!Number.isSafeInteger(version) || version < 1) fail("version must be a positive integer");
  if (typeof id !== "string" || !/^(blake3:)?[0-9a-f]{64}$/.test(id))
    fail("contract_id must be 64 hexadecimal digits");
  if (!Array.isArray(methods)) fail("methods must be an array");
  for (const [at, method] of methods.entries()) {
    if (typeof method?.name !== "string" || typeof method.pattern !== "string")
      fail(`methods[${at}] has no name or pattern`);
  }
  return { ...manifest, contract_id: id.replace(/^blake3:/, "") };
}

/** Finds the contract with a name and version. @throws {CommandError} with the names that the file contains */
export function pick(contracts: readonly Manifest[], wanted: Manifest, file: string): Manifest {
  const named = contracts.filter(({ service }) => service === wanted.service);
  const found = named.find(({ version }) => version === wanted.version) ?? named[0];
  if (found !== undefined) return found;
  const there = contracts.map(({ service, version }) => `${service} v${version}`).join(", ");
  throw new CommandError(`${file}: there is no ${wanted.service}; the file contains ${there}`);
}

/** The text of a manifest as Python writes it: indented by 2, ASCII only, floats always with a decimal point. */
export function manifestText(manifests: unknown): string {
  const mark = "\u0001float:";
  const text = JSON.stringify(
    manifests,
    (_, value: unknown) => {
      const { kind, default_value: number } = (value ?? {}) as ManifestField;
      if (kind !== "float" || !Number.isInteger(number) || Math.abs(number as number) >= 1e16) return value;
      const sign = Object.is(number, -0) ? "-" : "";
      return { ...(value as ManifestField), default_value: `${mark}${sign}${number}.0` };
    },
    2,
  );
  return text
    .replace(/"\\u0001float:(-?\d+\.0)"/g, "$1")
    .replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Writes a file completely or not at all, and makes the folders above it. */
export function writeWhole(file: string, text: string): void {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  const draft = `${file}.${process.pid}.draft`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new CommandError(`${file}: ${(error as Error).message}`);
  }
}
