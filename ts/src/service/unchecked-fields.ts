// The fields of a service whose exact type is not in its contract id, and whose bytes do not tell it either.
//
// Owns: finding them in a service document. When a peer announces only a contract id, a difference in such a field is not
// noticed: the value is misread. For a single number the payload has a hash that tells its size; for elements of
// collections, and for the members of enums, it has none.

import type { TypeWord } from "../schema/descriptor.js";

interface DocumentType {
  readonly kind: string;
  readonly tag: string;
  readonly fields?: readonly { readonly name: string; readonly type: TypeWord }[];
}

/** The element types that a contract id distinguishes, or that are written with their values. */
const EXACT_WORDS = new Set([
  "bool",
  "int",
  "float",
  "string",
  "bytes",
  "base64",
  "any",
  "anyList",
  "anyMap",
]);

/** The tags and wire names of these fields, such as `shop/Order.sizes`. */
export function uncheckedFields(document: object): readonly string[] {
  const { schema } = document as { readonly schema: { readonly types: readonly DocumentType[] } };
  return schema.types.flatMap(({ tag, fields = [] }) =>
    fields.filter(({ type }) => isUnchecked(type, false)).map(({ name }) => `${tag}.${name}`),
  );
}

function isUnchecked(word: TypeWord, element: boolean): boolean {
  if (typeof word === "string") return element && !EXACT_WORDS.has(word);
  const [[member, inner] = ["", null]] = Object.entries(word);
  switch (member) {
    case "enum":
      return true;
    case "array":
      return element;
    case "optional":
    case "shared":
      return isUnchecked(inner as TypeWord, element);
    case "list":
    case "set":
      return isUnchecked(inner as TypeWord, true);
    case "map":
      return (inner as readonly TypeWord[]).some((part) => isUnchecked(part, true));
    default:
      return false;
  }
}
