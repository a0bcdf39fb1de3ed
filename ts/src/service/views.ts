// Finds the schemas that contain views into received bytes (`t.bytes.view`).
//
// Owns: that search. Does not own: the views (codec/).

import type { Described } from "../schema/descriptor.js";
import { nodeOf, type SchemaObject } from "../schema/schema.js";

/** True when a field or root of the described types is a view. */
export function lendsViews({
  types,
  roots,
}: {
  readonly types: Described["types"];
  readonly roots: readonly SchemaObject[];
}): boolean {
  // The loop below visits every message, so this function does not follow messages.
  const fields = types.flatMap((type) => ("fields" in type ? type.fields.map((field) => field.schema) : []));
  return [...roots, ...fields].some(lends);
}

function lends(schema: SchemaObject): boolean {
  const node = nodeOf(schema);
  switch (node.kind) {
    case "scalar":
      return node.lend;
    case "list":
    case "set":
      return lends(node.element);
    case "map":
      return lends(node.key) || lends(node.value);
    case "optional":
      return lends(node.inner);
    default:
      return false;
  }
}
