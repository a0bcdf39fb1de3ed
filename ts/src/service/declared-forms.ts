// The TypeScript form of a field, where the same type on the wire has several: `t.bigint` beside `t.int`, for example.
//
// Owns: the member `declared` of a field in the manifests of `aster contract gen`, and its code. The contract id and the
// payloads do not depend on it; Python and the comparison of contracts ignore it.

import type { Definition, TypeWord } from "../schema/descriptor.js";
import { scalarKinds } from "../schema/kinds.js";
import { nodeOf, type SchemaObject } from "../schema/schema.js";

/** The builder of each form, by the name of its scalar. All other scalars have one form. */
const builders: Readonly<Record<string, string>> = {
  bigint: "bigint",
  bytesView: "bytes.view",
  timestampMicros: "timestampMicros",
};

const nameOf = new Map<unknown, string>(Object.entries(scalarKinds).map(([name, kind]) => [kind, name]));

/** Adds the forms to the types of a descriptor, which are in the order of the definitions. */
export function withDeclaredForms(types: readonly object[], definitions: readonly Definition[]): object[] {
  return types.map((type, index) => {
    const definition = definitions[index];
    if (definition === undefined || !("fields" in definition)) return type;
    const { fields } = type as { fields: readonly { type: TypeWord }[] };
    return {
      ...type,
      fields: fields.map((field, at) => {
        const schema = definition.fields[at]?.schema;
        const declared = schema === undefined ? field.type : declaredWord(schema, field.type);
        return JSON.stringify(declared) === JSON.stringify(field.type) ? field : { ...field, declared };
      }),
    };
  });
}

/** The word of a type, with `{ scalar: name }` in the place of scalars that have several forms. */
function declaredWord(schema: SchemaObject, word: TypeWord): TypeWord {
  const node = nodeOf(schema);
  if (node.kind === "scalar") {
    const name = nameOf.get(node.scalar) ?? "";
    return Object.hasOwn(builders, name) ? { scalar: name } : word;
  }
  if (typeof word === "string") return word;
  if ("shared" in word) return { shared: declaredWord(schema, word.shared as TypeWord) };
  switch (node.kind) {
    case "list":
    case "set":
      return { [node.kind]: declaredWord(node.element, word[node.kind] as TypeWord) };
    case "optional":
      return { optional: declaredWord(node.inner, word.optional as TypeWord) };
    case "map": {
      const [key, value] = word.map as [TypeWord, TypeWord];
      return { map: [declaredWord(node.key, key), declaredWord(node.value, value)] };
    }
    default:
      return word;
  }
}

/** The builder of a form, after `t.`; null for a name that is not one. */
export function formBuilder(name: string): string | null {
  return Object.hasOwn(builders, name) ? (builders[name] ?? null) : null;
}
