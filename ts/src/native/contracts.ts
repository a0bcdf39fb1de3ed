// The contract functions of the addon: ids, manifests and comparison.
//
// Owns: the document of the comparison as TypeScript types. Does not own: the rules of contracts and their changes
// (Rust, `docs/contracts.md`), or when an id is needed (schema/service.ts).

import type { ContractFacts } from "./documents.js";
import { controlCall } from "./index.js";

/** Whether a call between peers with two contracts works. */
export type Verdict = "works" | "depends" | "fails";

/** The result for clients of one contract with servers of the other, in both directions. */
export interface Verdicts {
  readonly oldClients: Verdict;
  readonly newClients: Verdict;
}

/** One change between two contracts. */
export interface ContractChange {
  /** The type of the change, such as `field_added`. Stable. */
  readonly kind: string;
  readonly path: string;
  /** The change as a text. */
  readonly what: string;
  readonly inContract: boolean;
  readonly breaking: boolean;
  /** The methods that use the changed type. */
  readonly methods: readonly string[];
  readonly effects: { readonly stubs: Verdicts; readonly xlang: Verdicts; readonly json: Verdicts };
  /** What to do about the change. */
  readonly advice: string;
}

/** The contract of one side. */
export interface ContractSide {
  readonly version: number;
  readonly contractId: string;
}

/** The differences between two versions of a service. */
export interface ServiceDiff {
  readonly service: string;
  readonly old: ContractSide | null;
  readonly new: ContractSide | null;
  readonly breaking: boolean;
  readonly changes: readonly ContractChange[];
}

/** The differences between two sets of services. */
export interface ContractDiff {
  readonly breaking: boolean;
  readonly services: readonly ServiceDiff[];
  /** All differences as a text for people. */
  readonly text: string;
}

/** Computes the contract ids and type hashes of a service document. */
export function describeContract(service: object): ContractFacts {
  const document = JSON.stringify(service);
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
 * @throws {TypeError} with the side that is none of these
 */
export function contractDiff(old: unknown, fresh: unknown): ContractDiff {
  const [before, after] = [JSON.stringify(old), JSON.stringify(fresh)];
  return JSON.parse(controlCall((native) => native.contractDiff(before, after))) as ContractDiff;
}
