// Schema descriptors: Rust compiles them to plans, and computes contract ids from them.
//
// Owns: the JSON of the descriptor for root schemas (`docs/plan.md`), and the rule that one tag names one type. Types are in
// the order of the first visit, so that definitions and types have the same indexes.

import type { MessageDefinition } from "./definition.js";
import type { EnumDefinition } from "./enum.js";
import type { ExtensionDefinition } from "./extension-coder.js";
import { JS_DEFINITION } from "./js-value.js";
import { isShared, nodeOf, type SchemaObject } from "./schema.js";

/** A type in a descriptor (`docs/plan.md`). */
export type TypeWord = string | { readonly [member: string]: unknown };

/** The definition of a named type. */
export type Definition = MessageDefinition | EnumDefinition | ExtensionDefinition;

/** A set of types with its descriptor. */
export interface Described {
  /** The definitions, in the order of `descriptor.types`. */
  readonly types: readonly Definition[];
  readonly descriptor: { readonly types: readonly object[]; readonly roots: readonly TypeWord[] };
}

/** Describes everything that the roots contain, and the extra types for `t.any`. */
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
      case "js":
        return { ext: this.#extension(JS_DEFINITION) };
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
    throw new TypeError("t.union(): members must be messages, enums or extensions");
  }

  /** Assigns the next index to a definition. Null when it has one already. */
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
