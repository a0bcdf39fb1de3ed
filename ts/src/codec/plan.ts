// Plans: what Rust compiled from a schema descriptor, as `docs/plan.md` has it.
//
// Owns: the types of the plan document and the one place that asks for a plan. Every decision about bytes is in
// the plan; nothing in this folder sorts fields, hashes or packs names.

import { controlCall } from "../native/index.js";

/** A place in a plan: what stands there and how it is written. */
export interface PlanNode {
  /** Fory type id; 0 for dynamic places. */
  readonly id: number;
  readonly nullable: boolean;
  readonly element?: PlanNode;
  readonly declared?: boolean;
  readonly key?: PlanNode;
  readonly value?: PlanNode;
  readonly keyDeclared?: boolean;
  readonly valueDeclared?: boolean;
  /** Index of the message or enum. */
  readonly type?: number;
  readonly typeInfo?: boolean;
  readonly dynamic?: boolean;
  /** `anyList` and `anyMap`: 22 or 24. */
  readonly narrow?: number;
  /** Unions: the allowed types. */
  readonly types?: readonly number[];
  /** Fields that are shared: what precedes them in a payload that tracks references. */
  readonly shared?: "flag" | "reference";
  /** Roots: payloads with this root track references. */
  readonly refs?: boolean;
  /** Roots: payloads describe their fields. */
  readonly compatible?: boolean;
}

/** A message, an enum or an extension in a plan. */
export interface PlanType {
  readonly kind: "message" | "enum" | "ext";
  readonly namespaceMeta: string;
  readonly nameMeta: string;
  readonly emptyNamespace: boolean;
  readonly hash?: string;
  readonly prefix?: string;
  readonly order?: readonly number[];
  readonly fields?: readonly PlanNode[];
  readonly members?: number;
}

/** A compiled plan. */
export interface Plan {
  readonly id: number;
  /** Equal for plans whose messages have equal bytes. */
  readonly fingerprint: string;
  readonly types: readonly PlanType[];
  readonly roots: readonly PlanNode[];
}

/** The plan of a descriptor. */
export function compilePlan(descriptor: object): Plan {
  const text = JSON.stringify(descriptor);
  return JSON.parse(controlCall((native) => native.compilePlan(text))) as Plan;
}
