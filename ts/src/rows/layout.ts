// Layouts: where each field of a message stands in a row, as Rust says it.
//
// Owns: the documents of `rowSchema` (docs/plan.md#rows) and the one place that asks for them. Which kinds have a
// place in rows, the order of the slots and the schema bytes are Rust's.

import { compilePlan } from "../codec/plan.js";
import { AsterError } from "../errors.js";
import { controlCall } from "../native/index.js";
import { describe } from "../schema/descriptor.js";
import { nodeOf, SchemaObject } from "../schema/schema.js";

/** How a value stands in a row. */
export interface RowType {
  readonly id: number;
  readonly width?: number;
  readonly element?: RowType;
  readonly key?: RowType;
  readonly value?: RowType;
  /** Messages: an index of the plan's types. */
  readonly type?: number;
  readonly fields?: readonly RowField[];
}

/** A field in the order of the slots; `position` is its place in the declaration. */
export interface RowField {
  readonly name: string;
  readonly position: number;
  readonly type: RowType;
}

/** The layout of a message, and the numbers under which Rust checks rows and tables of it. */
export interface Layout {
  readonly planId: number;
  readonly schema: string;
  readonly fields: readonly RowField[];
}

/** Roots of the plan of a layout. */
export const ROW_ROOT = 0;
export const TABLE_ROOT = 1;

/** @throws {TypeError} for a schema that has no row, with the path of what has none */
export function layoutOf(schema: SchemaObject): Layout {
  const node = nodeOf(schema);
  if (node.kind !== "message") throw new TypeError("rows() takes a message schema");
  const table = new SchemaObject({ kind: "list", element: schema });
  const { id } = compilePlan(describe([schema, table]).descriptor);
  try {
    const text = controlCall((native) => native.rowSchema(id, ROW_ROOT));
    return { planId: id, ...(JSON.parse(text) as Omit<Layout, "planId">) };
  } catch (error) {
    if (error instanceof AsterError) throw new TypeError(`rows(${node.message.tag}): ${error.rawMessage}`);
    throw error;
  }
}
