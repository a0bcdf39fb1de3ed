// Stored manifests: the manifest of the project, and imported contracts of other services.
//
// Owns: their files, the check of a server's code against the project's manifest, and the description of a contract
// mismatch. Does not own: the comparison (Rust), writing manifests (cli/). Files are read when a server starts or when a
// contract does not match, never during a call.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { AsterError, Code } from "../errors.js";
import { contractDiff } from "../native/contracts.js";
import type { ContractDiff } from "../native/documents.js";
import type { BoundService } from "./binding.js";

/** The parts of a manifest that this module reads. */
interface Manifest {
  readonly service: string;
  readonly version: number;
  readonly contract_id: string;
}

/** The largest size of a manifest file in bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The file of the project's manifest. */
function projectManifestFile(): string {
  return path.resolve(".aster", "manifest.json");
}

/** The file for an imported contract. @throws {TypeError} when the name of the service is not a file name */
export function importedContractFile(service: string, contractId: string): string {
  if (!isFileName(service) || !isContractId(contractId)) {
    throw new TypeError(`${JSON.stringify(service)} cannot be a file name, so its contract has no file`);
  }
  return path.join(homedir(), ".aster", "contracts", service, `${contractId.slice(0, 16)}.aster.json`);
}

function isContractId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** True for a name without a path, which stays in its folder. */
export function isFileName(name: string): boolean {
  return /^[\p{L}\p{N}_-][\p{L}\p{N}._ -]{0,199}$/u.test(name);
}

/**
 * Checks that the code of a server matches the project's manifest: the contract id, and the exact schemas if the manifest has
 * them. A service that is not in the manifest is not checked, as in Python.
 * @throws {AsterError} FAILED_PRECONDITION with reason `MANIFEST_MISMATCH`, with the differences, or
 * `MANIFEST_UNREADABLE`
 */
export function checkManifest(services: readonly BoundService[]): void {
  const file = projectManifestFile();
  const manifests = readProject(file);
  for (const service of services) {
    const { name, version } = service.definition;
    const known = manifests.find((entry) => entry.service === name && entry.version === version);
    if (known === undefined) continue;
    const diff = differences(known, service.document);
    if (isContract(service, known.contract_id) && !changesSchemas(service, known, diff)) continue;
    const text = diff?.text ?? "";
    throw new AsterError(
      Code.FAILED_PRECONDITION,
      `${name} v${version} differs from ${file}, so the server does not start:\n${text}` +
        "If the change is intended, run `aster contract gen` again and commit the manifest.",
      {
        isLocal: true,
        reason: "MANIFEST_MISMATCH",
        details: { service: name, version: String(version), manifest: file, diff: text },
      },
    );
  }
}

/**
 * True when the ids are equal, but the exact schemas of a manifest differ from those of the code. A manifest without exact
 * schemas has no such change, and neither has one whose id leaves response types open.
 */
function changesSchemas(service: BoundService, known: Manifest, diff: ContractDiff | null): boolean {
  return known.contract_id === service.contract.contractId && diff !== null && diff.breaking;
}

/**
 * The differences between the contract of a server and ours. Null without a manifest of that contract, and when it does not
 * show any: it has the same id as ours, but the server has other exact schemas.
 */
export function announcedDifferences(
  service: BoundService,
  contractId: string,
  given: unknown,
): ContractDiff | null {
  const manifest = storedManifest(service.definition.name, contractId, given);
  const diff = manifest === null ? null : differences(manifest, service.document);
  return diff?.services.some(({ changes }) => changes.length > 0) ? diff : null;
}

function isContract(service: BoundService, id: string): boolean {
  const { contractId, openContractIds } = service.contract;
  return contractId === null || id === contractId || openContractIds.includes(id);
}

function differences(old: unknown, document: object): ContractDiff | null {
  try {
    return contractDiff(old, document);
  } catch {
    // The caller reports the mismatch in any case. Without a comparison its text is shorter.
    return null;
  }
}

function readProject(file: string): readonly Manifest[] {
  const text = readIfThere(file);
  if (text === null) return [];
  const problem = (what: string): AsterError =>
    new AsterError(Code.FAILED_PRECONDITION, `${file} ${what}; write it again with \`aster contract gen\``, {
      isLocal: true,
      reason: "MANIFEST_UNREADABLE",
    });
  const manifests = parsed(text);
  if (manifests === null) throw problem("is not valid JSON");
  if (!manifests.every(isManifest)) throw problem("is not a manifest");
  return manifests;
}

function storedManifest(service: string, contractId: string, given: unknown): Manifest | null {
  const asked = (Array.isArray(given) ? given : [given]).filter(isManifest);
  const sources = [() => asked, () => fromFile(projectManifestFile())];
  // A server may announce any text as its id.
  if (isFileName(service) && isContractId(contractId))
    sources.push(() => fromFile(importedContractFile(service, contractId)));
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
    return []; // a file that cannot be read does not help to explain a mismatch
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
    if (content.length > MAX_BYTES) {
      throw new Error(`${file} has ${content.length} bytes, but a manifest has at most ${MAX_BYTES}`);
    }
    return content.toString("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
