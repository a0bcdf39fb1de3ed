// Converts Fory IDL declarations to the types of a schema descriptor.
//
// Owns: which IDL types messages can contain, how names are resolved, and errors with the line of the declaration. The tag
// of a type is package/Name. Numeric type ids are ignored, because types are identified by name on the wire.

import { arrayKinds } from "../../schema/arrays.js";
import type { TypeWord } from "../../schema/descriptor.js";
import { wireNameOf } from "../../schema/names.js";
import type { CompleteContract, CompleteMethod } from "../../service/complete-contract.js";
import type { DescribedType } from "../../service/manifest-types.js";
import type { RpcDeclaration, ServiceDeclaration, TypeDeclaration, TypeUse } from "./parse.js";
import { IdlError } from "./tokens.js";

const words: Readonly<Record<string, string>> = {
  bool: "bool",
  int8: "int8",
  int16: "int16",
  int32: "int32",
  int64: "int64",
  uint8: "uint8",
  uint16: "uint16",
  uint32: "uint32",
  uint64: "uint64",
  fixed_int32: "fixedInt32",
  fixed_int64: "fixedInt64",
  fixed_uint32: "fixedUint32",
  fixed_uint64: "fixedUint64",
  tagged_int64: "taggedInt64",
  tagged_uint64: "taggedUint64",
  float32: "float32",
  float64: "float",
  string: "string",
  bytes: "bytes",
  date: "date",
  timestamp: "timestamp",
  any: "any",
};

const inexpressible: Readonly<Record<string, string>> = {
  float16: "use float32",
  bfloat16: "use float32",
  duration: "use an integer with its unit in the name",
  decimal: "use a string, or an integer of the smallest unit",
};

/** The result for the declarations of all files. */
export interface Lowered {
  readonly types: readonly DescribedType[];
  readonly services: readonly Omit<CompleteContract, "schema" | "defaults">[];
}

/** Converts declarations. @throws {IdlError} with the line of a declaration that messages cannot express */
export function lowerIdl(
  types: readonly TypeDeclaration[],
  services: readonly ServiceDeclaration[],
): Lowered {
  const lowering = new Lowering(types);
  return {
    types: lowering.described(),
    services: services.map((service) => ({
      name: service.name,
      version: 1,
      scope: "shared" as const,
      modes: ["xlang"],
      methods: service.methods.map((method) => lowering.method(method, service)),
    })),
  };
}

class Lowering {
  readonly #declared: readonly TypeDeclaration[];
  /** The indexes of messages and enums. Unions have none, because they are copied to where they are used. */
  readonly #named: readonly TypeDeclaration[];

  readonly #tracked: ReadonlySet<TypeDeclaration>;

  constructor(types: readonly TypeDeclaration[]) {
    this.#declared = types;
    this.#named = types.filter(({ kind }) => kind !== "union");
    this.#tracked = this.#reachingRefs();
  }

  described(): DescribedType[] {
    for (const union of this.#declared) if (union.kind === "union") this.#union(union);
    return this.#named.map((type) => {
      const tag = type.package === "" ? type.name : `${type.package}/${type.name}`;
      const named = { tag, namespace: type.package, name: type.name };
      if (type.kind === "enum") return { kind: "enum", ...named, ...enumMembers(type) };
      const fields = type.fields.map(({ name, type: use }) => ({ name, type: this.#field(use, type) }));
      return { kind: "message", ...named, ...(this.#tracked.has(type) ? { refs: true } : {}), fields };
    });
  }

  /** The messages that contain a `ref`, directly or inside. As a root, they track references. */
  #reachingRefs(): Set<TypeDeclaration> {
    const tracked = new Set<TypeDeclaration>();
    const uses = (use: TypeUse): readonly TypeUse[] => [use, ...use.parts.flatMap(uses)];
    const reaches = (type: TypeDeclaration): boolean =>
      type.fields
        .flatMap((field) => uses(field.type))
        .some((use) => use.ref || tracked.has(this.#find(use, type) ?? type));
    for (let before = -1; before < tracked.size; ) {
      before = tracked.size;
      for (const type of this.#declared) if (reaches(type)) tracked.add(type);
    }
    return tracked;
  }

  method(method: RpcDeclaration, service: ServiceDeclaration): CompleteMethod {
    const root = (use: TypeUse): TypeWord => {
      const found = this.#find(use, { name: "", file: service.file });
      if (found?.kind !== "message")
        throw new IdlError(service.file, use.line, `${use.name}: methods take and return messages`);
      return { message: this.#named.indexOf(found) };
    };
    const [request, response] = [root(method.request), root(method.response)];
    const [up, down] = method.streams;
    const pattern = up ? (down ? "bidiStream" : "clientStream") : down ? "serverStream" : "unary";
    // The wire names of methods are lower case. In IDL they are written as `GetInvoice`.
    return { name: wireNameOf(method.name), pattern, request, response, idempotent: false, timeoutMs: null };
  }

  /** Converts a field. Elements need no `ref`: where references are tracked, elements are always tracked. */
  #field(use: TypeUse, inside: TypeDeclaration): TypeWord {
    const type = this.#type(use, inside);
    return use.ref ? { shared: type } : type;
  }

  #type(use: TypeUse, inside: TypeDeclaration): TypeWord {
    const plain = this.#plain(use, inside);
    return use.optional ? { optional: plain } : plain;
  }

  #plain(use: TypeUse, inside: TypeDeclaration): TypeWord {
    const { name, parts, line } = use;
    const hint = inexpressible[name];
    if (hint !== undefined) throw new IdlError(inside.file, line, `messages cannot contain ${name}; ${hint}`);
    if (name === "array" && parts.length > 0) return this.#array(use, inside);
    const inner = parts.map((part) => this.#type(part, inside));
    const [first, second] = inner;
    if (name === "list") return first === undefined ? "anyList" : { list: first };
    if (name === "map" && first === undefined) return "anyMap";
    if (name === "map") return { map: [first, second] };
    if (name === "set" && first !== undefined) return { set: first };
    const word = words[name];
    if (word !== undefined) return word;
    const found = this.#find(use, inside);
    if (found === null) throw new IdlError(inside.file, line, `${name} is not declared`);
    if (found.kind === "union") return { union: this.#union(found) };
    return { [found.kind]: this.#named.indexOf(found) };
  }

  /** Converts `array<int32>`: items of a fixed size, which become a typed array. */
  #array({ parts, line }: TypeUse, inside: TypeDeclaration): TypeWord {
    const [item] = parts as [TypeUse];
    const plain = item.parts.length === 0 && !item.optional && !item.ref;
    if (plain && Object.hasOwn(arrayKinds, item.name)) return { array: item.name };
    const kinds = Object.keys(arrayKinds).join(", ");
    throw new IdlError(inside.file, line, `the items of an array must be numbers or bools: ${kinds}`);
  }

  /** Finds the innermost declaration of a name, as seen from inside a type. */
  #find(use: TypeUse, inside: { readonly name: string; readonly file: string }): TypeDeclaration | null {
    const outer = inside.name === "" ? [] : inside.name.split(".");
    for (let depth = outer.length; depth >= 0; depth--) {
      const name = [...outer.slice(0, depth), use.name].join(".");
      const found = this.#declared.filter(
        (type) => type.name === name || `${type.package}.${type.name}` === name,
      );
      const here = found.find(({ file }) => file === inside.file);
      if (here !== undefined) return here;
      if (found.length > 1) {
        const declarations = found.map(({ file, line }) => `${file}:${line}`).join(" and ");
        throw new IdlError(
          inside.file,
          use.line,
          `${use.name} is ambiguous; it can be any of ${declarations}`,
        );
      }
      if (found[0] !== undefined) return found[0];
    }
    return null;
  }

  #union(union: TypeDeclaration): number[] {
    const members = union.fields.map(({ name, type: use, line }) => {
      const found = use.parts.length > 0 ? null : this.#find(use, union);
      if (found === null || found.kind === "union") {
        const problem = `the case ${name} must be a message or enum, because the type distinguishes the values of a union`;
        throw new IdlError(union.file, line, problem);
      }
      return { index: this.#named.indexOf(found), name, line };
    });
    for (const [at, { index, name, line }] of members.entries()) {
      if (members.findIndex((member) => member.index === index) < at)
        throw new IdlError(union.file, line, `the case ${name} has the same type as another case`);
    }
    if (members.length < 2)
      throw new IdlError(union.file, union.line, "a union must have at least two cases");
    return members.map(({ index }) => index);
  }
}

function enumMembers(type: TypeDeclaration): { members: string[]; json: number[] } {
  if (type.values.length === 0) throw new IdlError(type.file, type.line, `${type.name} has no members`);
  const prefix = `${wireNameOf(type.name.split(".").at(-1) ?? "").toUpperCase()}_`;
  const bare = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const members = type.values.map(({ name }) => (/^[A-Za-z_]/.test(bare(name)) ? bare(name) : name));
  return { members, json: type.values.map(({ value }) => value) };
}
