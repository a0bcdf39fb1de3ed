// From Fory IDL declarations to the types of a schema descriptor.
//
// Owns: which IDL types messages can carry, how names resolve, and the error at the line of what cannot be
// expressed. A type's tag is package/Name; numeric type ids have no meaning where types travel by name.

import type { TypeWord } from "../../schema/descriptor.js";
import { wireNameOf } from "../../schema/names.js";
import type { DescribedType } from "../contract-files.js";
import type { CompleteContract, CompleteMethod } from "../typescript/complete-contract.js";
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

/** What the declarations of all files give together. */
export interface Lowered {
  readonly types: readonly DescribedType[];
  readonly services: readonly Omit<CompleteContract, "schema" | "defaults">[];
}

/** Lowers declarations. @throws {IdlError} at the line of what messages cannot express */
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
  /** Unions stand where they are used, so only messages and enums have an index. */
  readonly #named: readonly TypeDeclaration[];

  constructor(types: readonly TypeDeclaration[]) {
    this.#declared = types;
    this.#named = types.filter(({ kind }) => kind !== "union");
  }

  described(): DescribedType[] {
    for (const union of this.#declared) if (union.kind === "union") this.#union(union);
    return this.#named.map((type) => {
      const tag = type.package === "" ? type.name : `${type.package}/${type.name}`;
      const named = { tag, namespace: type.package, name: type.name };
      if (type.kind === "enum") return { kind: "enum", ...named, ...enumMembers(type) };
      const fields = type.fields.map(({ name, type: use }) => ({ name, type: this.#type(use, type) }));
      return { kind: "message", ...named, refs: this.#reachesRef(type), fields };
    });
  }

  /** A message keeps the identity of objects when it or what it holds says `ref` somewhere. */
  #reachesRef(root: TypeDeclaration): boolean {
    const seen = new Set([root]);
    for (const type of seen) {
      const uses = type.fields.map((field) => field.type);
      for (const use of uses) {
        if (use.ref) return true;
        uses.push(...use.parts);
        const found = this.#find(use, type);
        if (found !== null) seen.add(found);
      }
    }
    return false;
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
    // Wire names of methods are lower case; in IDL they are written as `GetInvoice`.
    return { name: wireNameOf(method.name), pattern, request, response, idempotent: false, timeoutMs: null };
  }

  /** The type of a field, or of a part of one: parts keep their identity without being told to. */
  #type(use: TypeUse, inside: TypeDeclaration, part = false): TypeWord {
    const plain = this.#plain(use, inside);
    const shared = use.ref && !part ? { shared: plain } : plain;
    return use.optional ? { optional: shared } : shared;
  }

  #plain(use: TypeUse, inside: TypeDeclaration): TypeWord {
    const { name, parts, line } = use;
    const hint = inexpressible[name];
    if (hint !== undefined) throw new IdlError(inside.file, line, `${name} is no type of messages; ${hint}`);
    const inner = parts.map((part) => this.#type(part, inside, true));
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

  /** The innermost declaration of the name, seen from inside a type. */
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
        const places = found.map(({ file, line }) => `${file}:${line}`).join(" and ");
        throw new IdlError(inside.file, use.line, `${use.name} could be any of ${places}`);
      }
      if (found[0] !== undefined) return found[0];
    }
    return null;
  }

  #union(union: TypeDeclaration): number[] {
    const members = union.fields.map(({ name, type: use, line }) => {
      const found = use.parts.length > 0 ? null : this.#find(use, union);
      if (found === null || found.kind === "union") {
        const problem = `the case ${name} is no message or enum; values of a union are told apart by their type`;
        throw new IdlError(union.file, line, problem);
      }
      return { index: this.#named.indexOf(found), name, line };
    });
    for (const [at, { index, name, line }] of members.entries()) {
      if (members.findIndex((member) => member.index === index) < at)
        throw new IdlError(union.file, line, `the case ${name} has a type that another case has`);
    }
    if (members.length < 2) throw new IdlError(union.file, union.line, "a union has two or more cases");
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
