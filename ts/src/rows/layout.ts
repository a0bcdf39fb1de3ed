// Layouts: the position of each field of a message in a row.
//
// Owns: the documents of `rowSchema` (docs/plan.md#rows) and the only function that asks for them. Rust decides which
// kinds a row can hold, the order of the slots and the schema bytes.

import { compilePlan } from "../codec/plan.js";
import { AsterError } from "../errors.js";
import { controlCall } from "../native/index.js";
import { describe } from "../schema/descriptor.js";
import { nodeOf, SchemaObject } from "../schema/schema.js";

/** The encoding of a value in a row. */
export interface RowType {
  readonly id: number;
  readonly width?: number;
  readonly element?: RowType;
  readonly key?: RowType;
  readonly value?: RowType;
  /** For messages: the index of the message in the plan. */
  readonly type?: number;
  readonly fields?: readonly RowField[];
}

/** A field, listed in the order of the slots. `position` is its index in the declaration. */
export interface RowField {
  readonly name: string;
  readonly position: number;
  readonly type: RowType;
}

/** The layout of a message, with the plan that Rust uses to check rows and tables of it. */
export interface Layout {
  readonly planId: number;
  readonly schema: string;
  readonly fields: readonly RowField[];
}

/** The roots of the plan of a layout: one row, or a table. */
export const ROW_ROOT = 0;
export const TABLE_ROOT = 1;

/** Asks for the layout of a schema. @throws {TypeError} with the path of the part that a row cannot hold */
export function layoutOf(schema: SchemaObject): Layout {
  const node = nodeOf(schema);
  if (node.kind !== "message") throw new TypeError("rows() needs a message schema");
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
