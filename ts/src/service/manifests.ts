// Manifests at hand: the project's own, and contracts of other services that were imported.
//
// Owns: where they lie, the check of a server's code against the project's manifest, and what a mismatch says
// about itself. Does not own: the comparison (Rust), writing manifests (cli/). Files are read when a server
// starts or a contract does not match, never on the way of a call.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { AsterError, Code } from "../errors.js";
import { type ContractDiff, contractDiff } from "../native/contracts.js";
import type { BoundService } from "./binding.js";

/** What is read of a manifest here; the rest is the comparison's. */
interface Manifest {
  readonly service: string;
  readonly version: number;
  readonly contract_id: string;
}

/** More than any manifest has. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The manifest that the project keeps beside its code. */
function projectManifestFile(): string {
  return path.resolve(".aster", "manifest.json");
}

/** Where `aster contract import` keeps a contract. @throws {TypeError} for a name that is no file name */
export function importedContractFile(service: string, contractId: string): string {
  if (!isFileName(service) || !/^[0-9a-f]{64}$/.test(contractId)) {
    throw new TypeError(`${JSON.stringify(service)}: such a contract cannot be kept as a file`);
  }
  return path.join(homedir(), ".aster", "contracts", service, `${contractId.slice(0, 16)}.aster.json`);
}

/** True for a name that stays in its folder. */
export function isFileName(name: string): boolean {
  return /^[\p{L}\p{N}_-][\p{L}\p{N}._ -]{0,199}$/u.test(name);
}

/**
 * Refuses to serve code that is not what the project's manifest says. A service that the manifest does not name is
 * not checked, as in Python.
 * @throws {AsterError} FAILED_PRECONDITION: `MANIFEST_MISMATCH` with the comparison, `MANIFEST_UNREADABLE`.
 */
export function checkManifest(services: readonly BoundService[]): void {
  const file = projectManifestFile();
  const manifests = readProject(file);
  for (const service of services) {
    const { name, version } = service.definition;
    const known = manifests.find((entry) => entry.service === name && entry.version === version);
    if (known === undefined || isContract(service, known.contract_id)) continue;
    const text = differences(known, service.document)?.text ?? "";
    throw new AsterError(
      Code.FAILED_PRECONDITION,
      `${name} v${version} is not what ${file} says; the server does not start.\n${text}` +
        "If the change is meant, run `aster contract gen` again and commit the manifest.",
      {
        isLocal: true,
        reason: "MANIFEST_MISMATCH",
        details: { service: name, version: String(version), manifest: file, diff: text },
      },
    );
  }
}

/** What differs between the contract that a server announced and ours, where a manifest of it is at hand. */
export function announcedDifferences(
  service: BoundService,
  contractId: string,
  given: unknown,
): ContractDiff | null {
  const manifest = atHand(service.definition.name, contractId, given);
  return manifest === null ? null : differences(manifest, service.document);
}

function isContract(service: BoundService, id: string): boolean {
  const { contractId, openContractIds } = service.contract;
  return contractId === null || id === contractId || openContractIds.includes(id);
}

function differences(old: unknown, document: object): ContractDiff | null {
  try {
    return contractDiff(old, document);
  } catch {
    // The mismatch itself is what must be reported; a manifest that cannot be compared only shortens the report.
    return null;
  }
}

function readProject(file: string): readonly Manifest[] {
  const text = readIfThere(file);
  if (text === null) return [];
  const problem = (what: string): AsterError =>
    new AsterError(Code.FAILED_PRECONDITION, `${file} ${what}; write it anew with \`aster contract gen\``, {
      isLocal: true,
      reason: "MANIFEST_UNREADABLE",
    });
  const manifests = parsed(text);
  if (manifests === null) throw problem("is no JSON");
  if (!manifests.every(isManifest)) throw problem("is no manifest");
  return manifests;
}

function atHand(service: string, contractId: string, given: unknown): Manifest | null {
  const asked = (Array.isArray(given) ? given : [given]).filter(isManifest);
  const sources = [() => asked, () => fromFile(projectManifestFile())];
  if (isFileName(service)) sources.push(() => fromFile(importedContractFile(service, contractId)));
  for (const source of sources) {
    const found = source().find(
      (entry) => entry.service === service && entry.contract_id.replace(/^blake3:/, "") === contractId,
    );
    if (found !== undefined) return found;
  }
  return null;
}

function fromFile(file: string): readonly Manifest[] {
  try {
    return (parsed(readIfThere(file) ?? "[]") ?? []).filter(isManifest);
  } catch {
    return []; // an unreadable file is not at hand
  }
}

function parsed(text: string): readonly unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch {
    return null;
  }
}

function isManifest(value: unknown): value is Manifest {
  const { service, version, contract_id: id } = (value ?? {}) as Partial<Manifest>;
  return typeof service === "string" && typeof version === "number" && typeof id === "string";
}

function readIfThere(file: string): string | null {
  try {
    const content = readFileSync(file);
    if (content.length > MAX_BYTES) throw new Error(`${file} is too long for a manifest`);
    return content.toString("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
