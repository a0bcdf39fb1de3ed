// Plans: the result of compiling a schema descriptor in Rust (`docs/plan.md`).
//
// Owns: the types of the plan document, the only function that asks for a plan, and the path of a fault in a message. The plan contains every decision
// about bytes; nothing in this folder sorts fields, computes hashes or packs names.

import { controlCall, native } from "../native/index.js";

/** How one value of a message is encoded: its type, nullable or not, shared or not. */
export interface PlanNode {
  /** The Fory type id; 0 for a dynamic position. */
  readonly id: number;
  readonly nullable: boolean;
  readonly element?: PlanNode;
  readonly declared?: boolean;
  readonly key?: PlanNode;
  readonly value?: PlanNode;
  readonly keyDeclared?: boolean;
  readonly valueDeclared?: boolean;
  /** The index of the message, enum or extension. */
  readonly type?: number;
  readonly typeInfo?: boolean;
  readonly dynamic?: boolean;
  /** For `anyList` and `anyMap`: the type id of LIST or MAP. */
  readonly narrow?: number;
  /** For unions: the allowed types. */
  readonly types?: readonly number[];
  /** For shared fields: the leading flag where references are tracked. */
  readonly shared?: "flag" | "reference";
  /** For roots: payloads with this root track references. */
  readonly refs?: boolean;
  /** For roots: messages in the payload describe their fields (compatible mode). */
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
  /** Equal for two plans when all their messages have the same bytes. */
  readonly fingerprint: string;
  readonly types: readonly PlanType[];
  readonly roots: readonly PlanNode[];
}

/** Compiles the plan of a descriptor. */
export function compilePlan(descriptor: object): Plan {
  const text = JSON.stringify(descriptor);
  const { id, fingerprint, document } = controlCall((native) => native.compilePlan(text));
  return { ...(JSON.parse(document) as Pick<Plan, "types" | "roots">), id, fingerprint };
}

/** Where the check in Rust finds the first fault of a message: wire names and indexes. Empty when it finds none. */
export function pathOfFault(planId: number, root: number, message: Uint8Array): string {
  try {
    native().planCheck(planId, root, message);
    return "";
  } catch (failure) {
    const { path } = failure as { readonly path?: unknown };
    return typeof path === "string" ? path : "";
  }
}
