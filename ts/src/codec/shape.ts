// Shapes: a plan's places joined with what the schema says of the JavaScript side.
//
// Owns: that join, and the scope: the types that one plan knows, with their names, shapes and functions. A plan
// tells the bytes, the schema tells number or bigint, Map or record, own copy or view; executors see both.

import type { MessageWriter } from "../message.js";
import type { FieldDefinition, MessageDefinition } from "../schema/definition.js";
import type { Definition, Described } from "../schema/descriptor.js";
import type { EnumDefinition } from "../schema/enum.js";
import type { ExtensionDefinition } from "../schema/extension-coder.js";
import type { ScalarKind } from "../schema/kinds.js";
import { nodeOf, type SchemaObject } from "../schema/schema.js";
import { conform } from "../schema/validate.js";
import { type MetaString, metaStringOf } from "./meta-string.js";
import type { Plan, PlanNode, PlanType } from "./plan.js";
import type { Reader } from "./reader.js";
import { ID } from "./wire.js";

/** What stands at a place, for both sides. */
export type Shape =
  | { readonly op: "scalar"; readonly nullable: boolean; readonly kind: ScalarKind; readonly lend: boolean }
  | {
      readonly op: "list" | "set";
      readonly nullable: boolean;
      readonly element: Shape;
      readonly declared: boolean;
    }
  | MapShape
  | {
      readonly op: "message";
      readonly nullable: boolean;
      readonly type: MessageType;
      readonly typeInfo: boolean;
    }
  | { readonly op: "enum"; readonly nullable: boolean; readonly type: EnumType }
  | {
      readonly op: "extension";
      readonly nullable: boolean;
      readonly type: ExtensionType;
      readonly typeInfo: boolean;
    }
  | DynamicShape;

/** A map or a record. */
export interface MapShape {
  readonly op: "map";
  readonly nullable: boolean;
  readonly key: Shape;
  readonly value: Shape;
  readonly keyDeclared: boolean;
  readonly valueDeclared: boolean;
  readonly record: boolean;
}

/** A place whose values bring their own type info. */
export interface DynamicShape {
  readonly op: "dynamic";
  readonly nullable: boolean;
  /** Type id 22 or 24 when only a list or only a map fits, else 0. */
  readonly narrow: number;
  /** The types that fit, or null for any. */
  readonly only: readonly NamedType[] | null;
  /** Maps with string keys become null-prototype objects. */
  readonly records: boolean;
}

/** What messages, enums and extensions have in common: a name on the wire. */
interface Named {
  readonly index: number;
  /** Type id and both names in full, as the first appearance writes them. */
  readonly info: Uint8Array;
  /** The same as words. */
  readonly infoWords: Int32Array;
  readonly namespaceBytes: Uint8Array;
  readonly nameBytes: Uint8Array;
  readonly emptyNamespace: boolean;
  readonly namespace: MetaString;
  readonly name: MetaString;
  /** Writing: the message in which this type was named last, and under which numbers. */
  namedIn: number;
  namespaceNumber: number;
  nameNumber: number;
}

/** A field of a message type. */
export interface FieldShape {
  readonly field: FieldDefinition;
  readonly key: string;
  /** Filled in after all types exist. */
  readonly shape: Shape;
  /** What precedes it. */
  readonly lead: Lead;
}

/** Nothing or a null flag where the shape is nullable; a null flag in any case; a reference flag. */
export type Lead = "plain" | "flag" | "reference";

/** Writes hash and fields of a value. */
export type WriteBody = (writer: MessageWriter, value: unknown) => void;
/** Reads hash and fields. `number` is that of the value among those that can be referred to, where it has one. */
export type ReadBody = (reader: Reader, number?: number) => unknown;

/** A message in a scope. */
export interface MessageType extends Named {
  readonly kind: "message";
  readonly definition: MessageDefinition;
  /** Struct hash as a signed 32-bit integer. */
  readonly hash: number;
  /** The whole start of a payload with this root. */
  readonly prefix: Uint8Array;
  /** Fields in declaration order. */
  fields: readonly FieldShape[];
  /** Wire order: indexes into `fields`. */
  readonly order: readonly number[];
  write: WriteBody;
  read: ReadBody;
  readMarked: ReadBody;
}

/** An enum in a scope. */
export interface EnumType extends Named {
  readonly kind: "enum";
  readonly definition: EnumDefinition;
}

/** An extension in a scope. */
export interface ExtensionType extends Named {
  readonly kind: "extension";
  readonly definition: ExtensionDefinition;
}

/** A type with a name of its own. */
export type NamedType = MessageType | EnumType | ExtensionType;

/** The types of one plan. */
export interface Scope {
  readonly planId: number;
  /** Payloads track references: a plan has a scope for those roots, and one for the others. */
  readonly tracked: boolean;
  readonly types: readonly NamedType[];
  /** Those of the types that are extensions, and their definitions. */
  readonly extensions: readonly ExtensionType[];
  readonly byDefinition: ReadonlyMap<object, NamedType>;
  readonly byName: ReadonlyMap<string, NamedType>;
}

/** The key of `Scope.byName`. */
export function nameKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

/** Bytes as little-endian words, as far as whole words go. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length >> 2 }, (_, word) => view.getInt32(word * 4, true));
}

const namedIds = { message: ID.NAMED_STRUCT, enum: ID.NAMED_ENUM, ext: ID.NAMED_EXTENSION } as const;

function named(index: number, plan: PlanType): Named {
  const namespaceBytes = hexBytes(plan.namespaceMeta);
  const nameBytes = hexBytes(plan.nameMeta);
  const info = Uint8Array.of(namedIds[plan.kind], ...namespaceBytes, ...nameBytes);
  return {
    index,
    info,
    infoWords: wordsOf(info),
    namespaceBytes,
    nameBytes,
    emptyNamespace: plan.emptyNamespace,
    namespace: metaStringOf(plan.namespaceMeta),
    name: metaStringOf(plan.nameMeta),
    namedIn: 0,
    namespaceNumber: 0,
    nameNumber: 0,
  };
}

const missing = (): never => {
  throw new Error("an executor was not installed");
};

function typeOf(index: number, plan: PlanType, definition: Definition): NamedType {
  const common = named(index, plan);
  if ("members" in definition) return { ...common, kind: "enum", definition };
  if ("decode" in definition) return { ...common, kind: "extension", definition };
  const prefix = hexBytes(plan.prefix ?? "");
  const hash = Buffer.from(plan.hash ?? "", "hex").readInt32LE(0);
  const parts = { hash, prefix, order: plan.order ?? [], fields: [] };
  return {
    ...common,
    kind: "message",
    definition,
    ...parts,
    write: missing,
    read: missing,
    readMarked: missing,
  };
}

/** A scope of a plan: `described` is what the plan was compiled from. */
export function scopeOf(plan: Plan, described: Described, tracked: boolean): Scope {
  const types = plan.types.map((type, index) => {
    const definition = described.types[index];
    if (definition === undefined) throw new Error("a plan with more types than its descriptor");
    return typeOf(index, type, definition);
  });
  const scope: Scope = {
    planId: plan.id,
    tracked,
    types,
    extensions: types.filter((type) => type.kind === "extension"),
    byDefinition: new Map(types.map((type) => [type.definition, type])),
    byName: new Map(
      types.map((type) => [nameKey(type.definition.namespace, type.definition.typeName), type]),
    ),
  };
  for (const type of types) {
    if (type.kind !== "message") continue;
    const places = plan.types[type.index]?.fields ?? [];
    type.fields = type.definition.fields.map((field, index) => ({
      field,
      key: field.key,
      shape: shapeOf(scope, field.schema, places[index]),
      lead: (tracked && places[index]?.shared) || "plain",
    }));
  }
  return scope;
}

/** The shape of a schema at a place of the plan. */
export function shapeOf(scope: Scope, schema: SchemaObject, place: PlanNode | undefined): Shape {
  if (place === undefined) throw new Error("a plan with fewer places than its schema");
  let node = nodeOf(schema);
  // Optional in optional through t.ref is one null.
  while (node.kind === "optional") node = nodeOf(node.inner);
  const nullable = place.nullable;
  switch (node.kind) {
    case "scalar":
      if (place.id !== node.scalar.id) throw new Error(`a plan with id ${place.id} for ${node.scalar.word}`);
      return { op: "scalar", nullable, kind: node.scalar, lend: node.lend };
    case "list":
    case "set": {
      const element = shapeOf(scope, node.element, place.element);
      return { op: node.kind, nullable, element, declared: place.declared === true };
    }
    case "map":
      return {
        op: "map",
        nullable,
        key: shapeOf(scope, node.key, place.key),
        value: shapeOf(scope, node.value, place.value),
        keyDeclared: place.keyDeclared === true,
        valueDeclared: place.valueDeclared === true,
        record: node.record,
      };
    case "message":
      return {
        op: "message",
        nullable,
        type: messageType(scope, node.message),
        typeInfo: place.typeInfo === true,
      };
    case "enum":
      return { op: "enum", nullable, type: enumType(scope, node.enum) };
    case "extension": {
      const type = extensionType(scope, node.extension);
      return { op: "extension", nullable, type, typeInfo: place.typeInfo === true };
    }
    case "union": {
      const only = node.members.map((member) => unionType(scope, member));
      return { op: "dynamic", nullable, narrow: 0, only, records: false };
    }
    case "any":
      return { op: "dynamic", nullable, narrow: place.narrow ?? 0, only: null, records: false };
  }
}

function messageType(scope: Scope, definition: MessageDefinition): MessageType {
  const type = scope.byDefinition.get(definition);
  if (type?.kind !== "message") throw new Error(`${definition.tag} is not in the plan`);
  return type;
}

function enumType(scope: Scope, definition: EnumDefinition): EnumType {
  const type = scope.byDefinition.get(definition);
  if (type?.kind !== "enum") throw new Error(`${definition.tag} is not in the plan`);
  return type;
}

function extensionType(scope: Scope, definition: ExtensionDefinition): ExtensionType {
  const type = scope.byDefinition.get(definition);
  if (type?.kind !== "extension") throw new Error(`${definition.tag} is not in the plan`);
  return type;
}

function unionType(scope: Scope, member: SchemaObject): NamedType {
  const node = nodeOf(member);
  if (node.kind === "message") return messageType(scope, node.message);
  if (node.kind === "enum") return enumType(scope, node.enum);
  if (node.kind === "extension") return extensionType(scope, node.extension);
  throw new Error("a union of something else than named types");
}

/** The value of an absent field in marked XLANG: the default, rebuilt so that nothing is shared. */
export function defaultOf(field: FieldDefinition): unknown {
  return field.fallback === null ? null : conform(field.schema, field.fallback());
}

/** The scope of plan 0: no types of its own. */
export const DYNAMIC_SCOPE: Scope = {
  planId: 0,
  tracked: false,
  types: [],
  extensions: [],
  byDefinition: new Map(),
  byName: new Map(),
};

/** Root 0 of plan 0. */
export const JSON_SHAPE: DynamicShape = {
  op: "dynamic",
  nullable: true,
  narrow: 0,
  only: null,
  records: true,
};
