// What schemas and services can do with bytes, which lower parts of the package install when they load.
//
// Owns: two slots and the error for an empty one. Schemas build descriptors and do nothing else; this seam keeps
// the codec and the addon out of their imports, so that the arrow points from codec to schema only.

import type { SchemaObject } from "./schema.js";

/** The byte and text forms of messages; `codec/` installs them. */
export interface ByteForms {
  encode(schema: SchemaObject, value: unknown): Uint8Array;
  decode(schema: SchemaObject, bytes: Uint8Array): unknown;
  encodeJson(schema: SchemaObject, value: unknown): string;
  decodeJson(schema: SchemaObject, text: string): unknown;
}

/** What the contract code says of a service document. */
export interface ContractFacts {
  readonly contractId: string | null;
  /** Other ids that Python modules may give the same service; each leaves response types open. */
  readonly openContractIds: readonly string[];
  readonly canonicalHex: string | null;
  /** The type hashes by tag, as the manifest lists them. */
  readonly typeHashes: unknown;
  /** Why there is no contract id, in words, or null. */
  readonly problem: string | null;
}

/** The contract functions; the importer of the addon installs them. */
export interface ContractForms {
  describe(serviceDocument: string): ContractFacts;
  manifest(serviceDocument: string): unknown;
}

let bytes: ByteForms | null = null;
let contracts: ContractForms | null = null;

export function installByteForms(forms: ByteForms): void {
  bytes = forms;
}

export function installContractForms(forms: ContractForms): void {
  contracts = forms;
}

export function byteForms(): ByteForms {
  if (bytes === null) throw new Error("the codec is not loaded: import the package by its name");
  return bytes;
}

export function contractForms(): ContractForms {
  if (contracts === null) throw new Error("the addon is not loaded: import the package by its name");
  return contracts;
}
