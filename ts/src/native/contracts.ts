// The contract functions of the addon: ids, manifests and comparison.
//
// Owns: passing service documents and manifests as JSON text. Does not own: the rules of contracts and their changes (Rust,
// `docs/contracts.md`), or when an id is needed (schema/service.ts).

import type { ContractDiff, ContractFacts } from "./documents.js";
import { controlCall } from "./index.js";

/** Computes the contract ids and type hashes of a service document, which is given as text. */
export function describeContract(document: string): ContractFacts {
  return controlCall((native) => native.contractDescribe(document));
}

/** Makes the manifest of a service document. */
export function contractManifest(service: object): unknown {
  const document = JSON.stringify(service);
  return JSON.parse(controlCall((native) => native.contractManifest(document))) as unknown;
}

/**
 * Compares old and new contracts. Each side is a manifest, an array of manifests, an exported contract or a service
 * document.
 * @throws {TypeError} when a side is none of these
 */
export function contractDiff(old: unknown, fresh: unknown): ContractDiff {
  const [before, after] = [JSON.stringify(old), JSON.stringify(fresh)];
  return controlCall((native) => native.contractDiff(before, after));
}
