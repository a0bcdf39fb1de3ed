// Schema descriptors: what Rust compiles to a plan, and what contract ids are computed from.
//
// Owns: the walk from root schemas to the JSON of the descriptor (`docs/plan.md`), and the rule that one tag
// names one type. The order of the types is that of the first visit, so that index and definition stay aligned.

import type { MessageDefinition } from "./definition.js";
import type { EnumDefinition } from "./enum.js";
import type { ExtensionDefinition } from "./extension-coder.js";
import { isShared, nodeOf, type SchemaObject } from "./schema.js";

/** A type in a descriptor, as `docs/plan.md` has it. */
export type TypeWord = string | { readonly [member: string]: unknown };

/** A type with a name of its own, as it was defined. */
export type Definition = MessageDefinition | EnumDefinition | ExtensionDefinition;

/** A described set of types, and the descriptor as plain data. */
export interface Described {
  /** The definitions, aligned with `descriptor.types`. */
  readonly types: readonly Definition[];
  readonly descriptor: { readonly types: readonly object[]; readonly roots: readonly TypeWord[] };
}

/** Describes everything that the roots reach, and the extra types that `t.any` may hold. */
export function describe(roots: readonly SchemaObject[], extra: readonly SchemaObject[] = []): Described {
  const visit = new Visit();
  const words = roots.map((root) => visit.word(root));
  for (const schema of extra) visit.word(schema);
  return { types: visit.types, descriptor: { types: visit.described, roots: words } };
}

class Visit {
  readonly types: Definition[] = [];
  readonly described: object[] = [];
  readonly #index = new Map<object, number>();
  readonly #tags = new Map<string, object>();

  word(schema: SchemaObject): TypeWord {
    const node = nodeOf(schema);
    switch (node.kind) {
      case "scalar":
        return node.scalar.described ?? node.scalar.word;
      case "list":
        return { list: this.word(node.element) };
      case "set":
        return { set: this.word(node.element) };
      case "map":
        return { map: [this.word(node.key), this.word(node.value)] };
      case "optional":
        return { optional: this.word(node.inner) };
      case "message":
        return { message: this.#message(node.message) };
      case "enum":
        return { enum: this.#enum(node.enum) };
      case "extension":
        return { ext: this.#extension(node.extension) };
      case "union":
        return { union: node.members.map((member) => this.#unionMember(member)) };
      case "any":
        if (node.narrow === null) return "any";
        return node.narrow === "list" ? "anyList" : "anyMap";
    }
  }

  #fieldWord(schema: SchemaObject): TypeWord {
    const word = this.word(schema);
    return isShared(schema) ? { shared: word } : word;
  }

  #unionMember(member: SchemaObject): number {
    const node = nodeOf(member);
    if (node.kind === "message") return this.#message(node.message);
    if (node.kind === "enum") return this.#enum(node.enum);
    if (node.kind === "extension") return this.#extension(node.extension);
    throw new TypeError("t.union(): members are messages, enums or extensions");
  }

  /** Takes the next index for a definition; null when it has one already. */
  #claim(definition: Definition): number | null {
    if (this.#index.has(definition)) return null;
    if (this.#tags.has(definition.tag)) {
      throw new TypeError(`two different types have the tag ${JSON.stringify(definition.tag)}`);
    }
    const index = this.types.length;
    this.#tags.set(definition.tag, definition);
    this.#index.set(definition, index);
    this.types.push(definition);
    this.described.push({});
    return index;
  }

  #message(definition: MessageDefinition): number {
    const index = this.#claim(definition);
    if (index === null) return this.#index.get(definition) as number;
    const fields = definition.fields.map((field) => ({
      name: field.wireName,
      type: this.#fieldWord(field.schema),
      default: field.fallback !== null,
    }));
    this.described[index] = {
      kind: "message",
      tag: definition.tag,
      namespace: definition.namespace,
      name: definition.typeName,
      pythonModule: definition.pythonModule,
      qualname: definition.qualname,
      refs: definition.refs,
      compatible: definition.compatible,
      fields,
    };
    for (const type of definition.types) this.word(type);
    return index;
  }

  #extension(definition: ExtensionDefinition): number {
    const index = this.#claim(definition);
    if (index === null) return this.#index.get(definition) as number;
    const { tag, namespace, typeName: name } = definition;
    this.described[index] = { kind: "ext", tag, namespace, name };
    return index;
  }

  #enum(definition: EnumDefinition): number {
    const index = this.#claim(definition);
    if (index === null) return this.#index.get(definition) as number;
    this.described[index] = {
      kind: "enum",
      tag: definition.tag,
      namespace: definition.namespace,
      name: definition.typeName,
      members: definition.members,
      json: definition.json,
    };
    return index;
  }
}
