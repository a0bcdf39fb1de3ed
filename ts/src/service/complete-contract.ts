// A contract with every type that it names. Code and dynamic services are made from it.
//
// Owns: making it from a manifest: from the schemas of its methods, or, for a plain manifest, from the field descriptions
// as far as they describe the types. It has the form of a service document (`docs/boundary.md`).

import { AsterError, Code } from "../errors.js";
import { describeContract } from "../native/contracts.js";
import type { TypeWord } from "../schema/descriptor.js";
import type { DescribedType, Manifest, ManifestField, ManifestMethod } from "./manifest-types.js";

/** The error for a contract that does not tell enough, or that is damaged. */
export function incomplete(problem: string, cause?: unknown): AsterError {
  const facts = { isLocal: true, reason: "INCOMPLETE_CONTRACT", notSent: true };
  return new AsterError(Code.FAILED_PRECONDITION, problem, cause === undefined ? facts : { ...facts, cause });
}

/** A method of a complete contract. */
export interface CompleteMethod {
  readonly name: string;
  readonly pattern: "unary" | "serverStream" | "clientStream" | "bidiStream";
  readonly request: TypeWord;
  readonly response: TypeWord;
  readonly idempotent: boolean;
  readonly timeoutMs: number | null;
}

/** A service document. */
export interface CompleteContract {
  readonly name: string;
  readonly version: number;
  readonly scope: "shared" | "session";
  readonly modes: readonly string[];
  readonly methods: readonly CompleteMethod[];
  readonly schema: { readonly types: readonly DescribedType[]; readonly roots: readonly TypeWord[] };
  readonly defaults: readonly Readonly<Record<string, unknown>>[];
}

const patterns: Readonly<Record<string, CompleteMethod["pattern"]>> = {
  unary: "unary",
  server_stream: "serverStream",
  client_stream: "clientStream",
  bidi_stream: "bidiStream",
};

const modeWords = ["xlang", "native", "row", "json"];

/** The contract id of a document; null when it has none. */
export function contractIdOf(contract: CompleteContract): string | null {
  return describeContract(JSON.stringify(contract)).contractId;
}

/** Whether a contract can have an id: its own, or one that Python computes for it (`docs/contracts.md`). */
export function canHaveId(contract: CompleteContract, id: string): boolean {
  const { contractId, openContractIds } = describeContract(JSON.stringify(contract));
  return contractId === id || openContractIds.includes(id);
}

/** Completes a manifest. @throws {AsterError} FAILED_PRECONDITION with reason `INCOMPLETE_CONTRACT`, with a type that the manifest does not describe */
export function completeContract(manifest: Manifest): CompleteContract {
  try {
    return complete(manifest);
  } catch (error) {
    if (error instanceof AsterError) throw error;
    // A member has a wrong type, at any depth. The file is damaged, so the first wrong member is not important.
    throw incomplete(`${manifest.service} v${manifest.version}: a damaged contract`, error);
  }
}

function complete(manifest: Manifest): CompleteContract {
  const types = new Types(manifest.service);
  for (const method of manifest.methods) types.addMethod(method);
  types.addPublished(manifest.types ?? []);
  const methods = manifest.methods.map((method): CompleteMethod => {
    const pattern = patterns[method.pattern];
    if (pattern === undefined)
      throw incomplete(`${manifest.service}.${method.name}: the pattern ${method.pattern} is not known`);
    const [request, response] = types.rootsOf(method);
    const timeoutMs = typeof method.timeout === "number" ? method.timeout * 1000 : null;
    return {
      name: method.name,
      pattern,
      request,
      response,
      idempotent: method.idempotent === true,
      timeoutMs,
    };
  });
  types.finish();
  return {
    name: manifest.service,
    version: manifest.version,
    scope: manifest.scoped === "session" || manifest.scoped === "stream" ? "session" : "shared",
    modes: manifest.serialization_modes.map((mode) =>
      typeof mode === "number" ? (modeWords[mode] ?? String(mode)) : mode,
    ),
    methods,
    schema: { types: types.described, roots: [] },
    defaults: types.defaults,
  };
}

class Types {
  readonly described: DescribedType[] = [];
  readonly defaults: Record<string, unknown>[] = [];
  readonly #service: string;
  readonly #index = new Map<string, number>();
  /** Types that were named but not described yet, with the field that named them. */
  readonly #open = new Map<string, string>();
  readonly #manifestTypes = new Map<string, { tag: string; fields: readonly ManifestField[] }>();

  constructor(service: string) {
    this.#service = service;
  }

  /** Remembers the fields of the messages of a method, by class name and by tag. */
  addMethod(method: ManifestMethod): void {
    const sides = [
      [method.request_type, method.request_wire_tag, method.fields],
      [method.response_type, method.response_wire_tag, method.response_fields],
    ] as const;
    for (const [name, tag, fields] of sides) {
      if (!tag || this.#manifestTypes.has(tag)) continue;
      this.#manifestTypes.set(tag, { tag, fields: fields ?? [] });
      if (!this.#manifestTypes.has(name)) this.#manifestTypes.set(name, { tag, fields: fields ?? [] });
    }
  }

  /** Adds the types of published definitions. Only the manifest tells their defaults. */
  addPublished(published: readonly DescribedType[]): void {
    const moved = published.map((type) => this.#claim(type.tag));
    for (const [index, type] of published.entries()) {
      const at = moved[index] as number;
      const fields = this.#manifestTypes.get(type.tag)?.fields ?? [];
      this.described[at] = withDefaults(relocated(type, moved), fields);
      this.defaults[at] = plainDefaults(fields);
    }
  }

  rootsOf(method: ManifestMethod): readonly [TypeWord, TypeWord] {
    const { schema, defaults } = method;
    if (schema !== undefined) {
      const moved = schema.types.map((type) => this.#claim(type.tag));
      for (const [index, type] of schema.types.entries()) {
        const at = moved[index] as number;
        this.described[at] = relocated(type, moved);
        this.defaults[at] = { ...this.defaults[at], ...defaults?.[index] };
        this.#open.delete(type.tag);
      }
      const [request, response] = schema.roots.map((root) => relocate(root, moved));
      if (request === undefined || response === undefined)
        throw incomplete(`${this.#service}.${method.name}: its schema has no roots`);
      return [request, response];
    }
    const named = (type: string, tag: string): TypeWord =>
      tag ? { message: this.#message(tag, method.name) } : rootWord(type, `${this.#service}.${method.name}`);
    return [
      named(method.request_type, method.request_wire_tag),
      named(method.response_type, method.response_wire_tag),
    ];
  }

  finish(): void {
    for (const [tag, where] of this.#open) {
      throw incomplete(
        `${this.#service}: ${where} is of type ${tag}, which the manifest does not describe; a manifest made by ` +
          "`aster contract gen` of this package describes all types",
      );
    }
  }

  #claim(tag: string): number {
    const known = this.#index.get(tag);
    if (known !== undefined) return known;
    const index = this.described.length;
    this.#index.set(tag, index);
    this.described.push(emptyMessage(tag));
    this.defaults.push({});
    return index;
  }

  #message(tag: string, where: string): number {
    const known = this.#index.get(tag);
    if (known !== undefined) return known;
    const index = this.#claim(tag);
    const manifestType = this.#manifestTypes.get(tag);
    if (manifestType === undefined) {
      this.#open.set(tag, where);
      return index;
    }
    const fields = manifestType.fields.map((field) => ({
      name: field.name,
      type: this.#field(field, `${tag}.${field.name}`),
      default: hasDefault(field),
    }));
    this.described[index] = { ...emptyMessage(tag), fields };
    this.defaults[index] = plainDefaults(manifestType.fields);
    return index;
  }

  #field(field: ManifestField, where: string): TypeWord {
    const word = this.#word(field, where);
    return field.nullable === true ? { optional: word } : word;
  }

  #word(field: ManifestField, where: string): TypeWord {
    switch (field.kind) {
      case "list":
        return {
          list: this.#part(field.item_kind, field.item_ref, field.item_wire_tag, field.item_nullable, where),
        };
      case "map": {
        const key = this.#part(field.key_kind, undefined, undefined, false, where);
        return {
          map: [key, this.#part(field.value_kind, field.value_ref, undefined, field.value_nullable, where)],
        };
      }
      case "enum":
        return { enum: this.#enum(field, where) };
      default:
        return this.#part(field.kind, field.ref_name, field.wire_tag, false, where);
    }
  }

  #part(
    kind: string | undefined,
    name: string | undefined,
    tag: string | undefined,
    nullable: boolean | undefined,
    where: string,
  ): TypeWord {
    const word: TypeWord =
      kind === "ref"
        ? { message: this.#message(tag ?? this.#manifestTypes.get(name ?? "")?.tag ?? name ?? "", where) }
        : plainWord(kind, where);
    return nullable === true ? { optional: word } : word;
  }

  /** A manifest contains the values of an enum, but not its tag or the names of its members. */
  #enum(field: ManifestField, where: string): number {
    const name = field.ref_name ?? "Enum";
    const tag = `${where.slice(0, where.lastIndexOf("/") + 1)}${name}`;
    const index = this.#claim(tag);
    const json = field.enum_values ?? [];
    const members = json.map((value) => String(value).toUpperCase().replace(/\W/g, "_"));
    this.described[index] = {
      kind: "enum",
      tag,
      namespace: tag.slice(0, tag.lastIndexOf("/")),
      name,
      members: members.map((member) => (/^\d/.test(member) ? `VALUE_${member}` : member)),
      json,
    };
    return index;
  }
}

function isNullDefault(field: ManifestField): boolean {
  return field.nullable === true && field.default_value === null;
}

function hasDefault(field: ManifestField): boolean {
  return !["none", undefined].includes(field.default_kind) && !isNullDefault(field);
}

function plainDefaults(fields: readonly ManifestField[]): Record<string, unknown> {
  return Object.fromEntries(fields.filter(hasPlainDefault).map((field) => [field.name, field.default_value]));
}

function withDefaults(type: DescribedType, fields: readonly ManifestField[]): DescribedType {
  if (type.kind !== "message") return type;
  const named = new Map(fields.map((field) => [field.name, field]));
  const known = type.fields.map((field) => {
    const told = named.get(field.name);
    return told === undefined ? field : { ...field, default: hasDefault(told) };
  });
  return { ...type, fields: known };
}

function hasPlainDefault(field: ManifestField): boolean {
  return field.default_kind === "value" && !isNullDefault(field);
}

function emptyMessage(tag: string): Extract<DescribedType, { kind: "message" }> {
  const slash = tag.lastIndexOf("/");
  return {
    kind: "message",
    tag,
    namespace: slash < 0 ? "" : tag.slice(0, slash),
    name: tag.slice(slash + 1),
    fields: [],
  };
}

const rootWords: Readonly<Record<string, string>> = {
  str: "string",
  int: "int",
  float: "float",
  bool: "bool",
  bytes: "bytes",
  Any: "any",
  list: "anyList",
  dict: "anyMap",
};

function rootWord(type: string, where: string): TypeWord {
  const word = rootWords[type];
  if (word === undefined) throw incomplete(`${where}: the type ${type} has no wire tag in the manifest`);
  return word;
}

function plainWord(kind: string | undefined, where: string): TypeWord {
  if (kind === "list") return "anyList";
  if (kind === "map") return "anyMap";
  if (kind !== undefined && ["string", "int", "float", "bool", "bytes"].includes(kind)) return kind;
  throw incomplete(`${where}: the kind ${String(kind)} says too little to generate code from`);
}

function relocated(type: DescribedType, moved: readonly number[]): DescribedType {
  if (type.kind !== "message") return type;
  const fields = type.fields.map(({ declared, ...field }) => ({
    ...field,
    type: relocate(field.type, moved),
    ...(declared === undefined ? {} : { declared: relocate(declared, moved) }),
  }));
  return { ...type, fields };
}

/** A type whose type indexes are converted to those of another list. */
function relocate(type: TypeWord, moved: readonly number[], depth = 0): TypeWord {
  if (typeof type === "string" || depth > 32) return type;
  const [member, value] = Object.entries(type)[0] as [string, never];
  const index = (from: number): number => {
    const to = moved[from];
    if (to === undefined) throw incomplete("a schema names a type that it does not have");
    return to;
  };
  const inner = (part: TypeWord): TypeWord => relocate(part, moved, depth + 1);
  switch (member) {
    case "message":
    case "enum":
    case "ext":
      return { [member]: index(value) };
    case "union":
      return { union: (value as number[]).map(index) };
    case "map":
      return { map: (value as TypeWord[]).map(inner) };
    case "array":
    case "scalar":
      return type;
    default:
      return { [member]: inner(value) };
  }
}
