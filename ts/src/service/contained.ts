// Finds what the schemas of a service contain: views into received bytes (`t.bytes.view`), and validators (`t.js`).
//
// Owns: that search. Does not own: views and validators (codec/).

import type { Described } from "../schema/descriptor.js";
import { nodeOf, type SchemaObject } from "../schema/schema.js";

/** Types and roots in which something is searched. */
export interface Searched {
  readonly types: Described["types"];
  readonly roots: readonly SchemaObject[];
}

type Test = (node: ReturnType<typeof nodeOf>) => boolean;

/** True when a field or root is a view. */
export function lendsViews(searched: Searched): boolean {
  return contains(searched, (node) => node.kind === "scalar" && node.lend);
}

/** True when a field or root has a validator, so that a receiver may get another value than the one that was sent. */
export function hasValidator(searched: Searched): boolean {
  return contains(searched, (node) => node.kind === "js" && node.validator !== null);
}

function contains({ types, roots }: Searched, test: Test): boolean {
  // This visits every message, so `within` does not follow messages.
  const fields = types.flatMap((type) => ("fields" in type ? type.fields.map((field) => field.schema) : []));
  return [...roots, ...fields].some((schema) => within(schema, test));
}

function within(schema: SchemaObject, test: Test): boolean {
  const node = nodeOf(schema);
  switch (node.kind) {
    case "list":
    case "set":
      return within(node.element, test);
    case "map":
      return within(node.key, test) || within(node.value, test);
    case "optional":
      return within(node.inner, test);
    default:
      return test(node);
  }
}
