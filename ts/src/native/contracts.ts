// The contract functions of the addon: ids, manifests and comparison.
//
// Owns: the comparison's document as TypeScript sees it. Does not own: the rules of contracts and of
// their evolution (Rust, `docs/contracts.md`), nor when an id is needed (schema/service.ts).

import type { ContractFacts } from "./documents.js";
import { controlCall } from "./index.js";

/** Whether a call between peers of two contracts works. */
export type Verdict = "works" | "depends" | "fails";

/** The verdict for clients of either contract with servers of the other. */
export interface Verdicts {
  readonly oldClients: Verdict;
  readonly newClients: Verdict;
}

/** One change. */
export interface ContractChange {
  /** A stable word such as `field_added`. */
  readonly kind: string;
  readonly path: string;
  /** What changed, in words. */
  readonly what: string;
  readonly inContract: boolean;
  readonly breaking: boolean;
  /** The methods that carry it. */
  readonly methods: readonly string[];
  readonly effects: { readonly stubs: Verdicts; readonly xlang: Verdicts; readonly json: Verdicts };
  /** What to do. */
  readonly advice: string;
}

/** Which contract a side is. */
export interface ContractSide {
  readonly version: number;
  readonly contractId: string;
}

/** What differs between two versions of a service. */
export interface ServiceDiff {
  readonly service: string;
  readonly old: ContractSide | null;
  readonly new: ContractSide | null;
  readonly breaking: boolean;
  readonly changes: readonly ContractChange[];
}

/** What differs between two sets of services. */
export interface ContractDiff {
  readonly breaking: boolean;
  readonly services: readonly ServiceDiff[];
  /** All of it for people. */
  readonly text: string;
}

/** The contract ids and type hashes of a service document. */
export function describeContract(service: object): ContractFacts {
  const document = JSON.stringify(service);
  return controlCall((native) => native.contractDescribe(document));
}

/** The manifest document of a service document. */
export function contractManifest(service: object): unknown {
  const document = JSON.stringify(service);
  return JSON.parse(controlCall((native) => native.contractManifest(document))) as unknown;
}

/**
 * Compares what was with what comes. Each is a manifest, an array of them, an exported contract or a service document.
 * @throws {TypeError} naming the side that is none of these.
 */
export function contractDiff(old: unknown, fresh: unknown): ContractDiff {
  const [before, after] = [JSON.stringify(old), JSON.stringify(fresh)];
  return JSON.parse(controlCall((native) => native.contractDiff(before, after))) as ContractDiff;
}
