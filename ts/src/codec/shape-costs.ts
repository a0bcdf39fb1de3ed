// What the values of a shape cost, by the table in `costs.ts`.
//
// Owns: which values a message or collection counts for its parts. Strings, numbers and bigints are counted with the position
// that holds them. All other values count themselves when they are read.

import { COST } from "./costs.js";
import type { MessageType, Shape } from "./shape.js";

/** What a position costs for the value in it, where the value does not count itself. `boxed`: floats are objects there. */
function inlineCost(shape: Shape, boxed: boolean): number {
  if (shape.op === "dynamic") return COST.dynamic;
  if (shape.op !== "scalar") return 0;
  if (shape.kind.js === "string") return COST.text;
  if (shape.kind.js === "bigint") return COST.bigint;
  return shape.kind.js === "float" && boxed ? COST.float : 0;
}

/** The cost of a message with its strings and numbers. Other fields count themselves. */
export function costOfMessage(type: MessageType): number {
  let cost: number = COST.message;
  for (const { shape } of type.fields) cost += COST.field + inlineCost(shape, true);
  return cost;
}

/** The cost of an element of a list. A list of floats holds them in place, but not beside nulls. */
export function costOfElement(shape: Shape): number {
  return COST.slot + inlineCost(shape, shape.nullable);
}

/** The cost of an element of a set. */
export function costOfMember(shape: Shape): number {
  return COST.element + inlineCost(shape, true);
}

/** The cost of an entry of a map or record. */
export function costOfEntry(key: Shape, value: Shape, record: boolean): number {
  return (record ? COST.property : COST.entry) + inlineCost(key, true) + inlineCost(value, true);
}
