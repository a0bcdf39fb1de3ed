// Shapes: a plan node joined with the JavaScript types of the schema.
//
// Owns: the shapes, and the scope: the types of one plan with their names, shapes and functions. A plan decides the
// bytes. The schema decides the JavaScript type: number or bigint, Map or record, copy or view. Executors need both.

import type { MessageWriter } from "../message.js";
import type { FieldDefinition, MessageDefinition } from "../schema/definition.js";
import type { Definition, Described } from "../schema/descriptor.js";
import type { EnumDefinition } from "../schema/enum.js";
import type { ExtensionDefinition } from "../schema/extension-coder.js";
import { JS_DEFINITION, type Validator } from "../schema/js-value.js";
import type { ScalarKind } from "../schema/kinds.js";
import { nodeOf, type SchemaObject } from "../schema/schema.js";
import { conform } from "../schema/validate.js";
import { estimate } from "./costs.js";
import { type MetaString, metaStringOf } from "./meta-string.js";
import type { Plan, PlanNode, PlanType } from "./plan.js";
import type { Reader } from "./reader.js";
import { ID } from "./wire.js";

/** The value at one position: how it is encoded, and which JavaScript type it has. */
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
      /** For `t.js` with a Standard Schema. */
      readonly validator: Validator | null;
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

/** A position without a declared type: each value begins with its type info. */
export interface DynamicShape {
  readonly op: "dynamic";
  readonly nullable: boolean;
  /** The type id of LIST or MAP where only lists or only maps are allowed, else 0. */
  readonly narrow: number;
  /** The allowed types of a union; null where every type is allowed. */
  readonly only: readonly NamedType[] | null;
  /** Maps with string keys become null-prototype objects. */
  readonly records: boolean;
}

/** The part that messages, enums and extensions have in common: a name on the wire. */
interface Named {
  readonly index: number;
  /** Type info with both names in full, as it is written once in a message. */
  readonly info: Uint8Array;
  /** `info` as 32-bit words, for a fast comparison. */
  readonly infoWords: Int32Array;
  readonly namespaceBytes: Uint8Array;
  readonly nameBytes: Uint8Array;
  readonly emptyNamespace: boolean;
  readonly namespace: MetaString;
  readonly name: MetaString;
  /** Writing: the last message that spelled the names of this type, and the indexes of the names there. */
  namedInMessage: number;
  namespaceIndex: number;
  nameIndex: number;
}

/** A field of a message type. */
export interface FieldShape {
  readonly field: FieldDefinition;
  readonly key: string;
  /** Set after all types of the scope exist. */
  readonly shape: Shape;
  /** The flag before the value, if any. */
  readonly leadingFlag: LeadingFlag;
}

/** The byte before the value of a field. `plain`: a null flag only where the shape is nullable. `flag`: always a null flag. `reference`: a reference flag. */
export type LeadingFlag = "plain" | "flag" | "reference";

/** Writes the hash and the fields of a message. */
export type WriteBody = (writer: MessageWriter, value: unknown) => void;
/** Reads a value. `referenceId` is the id reserved for it, where it is tracked. */
export type ReadValue = (reader: Reader, referenceId?: number) => unknown;

/** A message in a scope. */
export interface MessageType extends Named {
  readonly kind: "message";
  readonly definition: MessageDefinition;
  /** The struct hash as a signed 32-bit integer. */
  readonly hash: number;
  /** The first bytes of every payload with this root, up to and including the hash. */
  readonly prefix: Uint8Array;
  /** The fields in the order of declaration. */
  fields: readonly FieldShape[];
  /** The fields in wire order, as indexes into `fields`. */
  readonly order: readonly number[];
  write: WriteBody;
  read: ReadValue;
  readPresenceFlagged: ReadValue;
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

/** A type with a name on the wire. */
export type NamedType = MessageType | EnumType | ExtensionType;

/** The types of one plan. */
export interface Scope {
  readonly planId: number;
  /** References are tracked. A plan has one scope for the roots that track them and another for the other roots. */
  readonly tracked: boolean;
  readonly types: readonly NamedType[];
  /** The extensions among `types`. */
  readonly extensions: readonly ExtensionType[];
  readonly byDefinition: ReadonlyMap<object, NamedType>;
  readonly byName: ReadonlyMap<string, NamedType>;
}

/** The key of `Scope.byName`. */
export function nameKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function hexBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

/** The bytes as little-endian 32-bit words, without the last bytes that do not fill a word. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Int32Array(bytes.length >> 2);
  for (let word = 0; word < words.length; word++) words[word] = view.getInt32(word * 4, true);
  return words;
}

const namedIds = { message: ID.NAMED_STRUCT, enum: ID.NAMED_ENUM, ext: ID.NAMED_EXTENSION } as const;

function named(index: number, plan: PlanType): Named {
  const namespaceBytes = hexBytes(plan.namespaceMeta);
  const nameBytes = hexBytes(plan.nameMeta);
  const info = new Uint8Array(1 + namespaceBytes.length + nameBytes.length);
  info[0] = namedIds[plan.kind];
  info.set(namespaceBytes, 1);
  info.set(nameBytes, 1 + namespaceBytes.length);
  return {
    index,
    info,
    infoWords: wordsOf(info),
    namespaceBytes,
    nameBytes,
    emptyNamespace: plan.emptyNamespace,
    namespace: metaStringOf(plan.namespaceMeta),
    name: metaStringOf(plan.nameMeta),
    namedInMessage: 0,
    namespaceIndex: 0,
    nameIndex: 0,
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
    readPresenceFlagged: missing,
  };
}

/** Makes a scope of a plan. `described` holds the definitions that the plan was compiled from. */
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
    const planNodes = plan.types[type.index]?.fields ?? [];
    type.fields = type.definition.fields.map((field, index) => ({
      field,
      key: field.key,
      shape: shapeOf(scope, field.schema, planNodes[index]),
      leadingFlag: (tracked && planNodes[index]?.shared) || "plain",
    }));
  }
  return scope;
}

/** The shape of a schema with its plan node. */
export function shapeOf(scope: Scope, schema: SchemaObject, planNode: PlanNode | undefined): Shape {
  if (planNode === undefined) throw new Error("a plan with fewer nodes than its schema");
  let node = nodeOf(schema);
  // Through t.ref an optional can contain another optional. Both have one null on the wire.
  while (node.kind === "optional") node = nodeOf(node.inner);
  const nullable = planNode.nullable;
  switch (node.kind) {
    case "scalar":
      if (planNode.id !== node.scalar.id)
        throw new Error(`a plan with id ${planNode.id} for ${node.scalar.word}`);
      return { op: "scalar", nullable, kind: node.scalar, lend: node.lend };
    case "list":
    case "set": {
      const element = shapeOf(scope, node.element, planNode.element);
      return { op: node.kind, nullable, element, declared: planNode.declared === true };
    }
    case "map":
      return {
        op: "map",
        nullable,
        key: shapeOf(scope, node.key, planNode.key),
        value: shapeOf(scope, node.value, planNode.value),
        keyDeclared: planNode.keyDeclared === true,
        valueDeclared: planNode.valueDeclared === true,
        record: node.record,
      };
    case "message":
      return {
        op: "message",
        nullable,
        type: messageType(scope, node.message),
        typeInfo: planNode.typeInfo === true,
      };
    case "enum":
      return { op: "enum", nullable, type: enumType(scope, node.enum) };
    case "extension": {
      const type = extensionType(scope, node.extension);
      return { op: "extension", nullable, type, typeInfo: planNode.typeInfo === true, validator: null };
    }
    case "js": {
      const type = extensionType(scope, JS_DEFINITION);
      const { validator } = node;
      return { op: "extension", nullable, type, typeInfo: planNode.typeInfo === true, validator };
    }
    case "union": {
      const only = node.members.map((member) => unionType(scope, member));
      return { op: "dynamic", nullable, narrow: 0, only, records: false };
    }
    case "any":
      return { op: "dynamic", nullable, narrow: planNode.narrow ?? 0, only: null, records: false };
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
  throw new Error("a union may contain only messages, enums and extensions");
}

/**
 * The value of an absent field in presence-flagged XLANG: the default, made anew so that no two messages share it. The
 * bytes of the message do not pay for a default, so it counts with everything in it.
 */
export function defaultOf(reader: Reader, field: FieldDefinition): unknown {
  if (field.fallback === null) return null;
  const value = field.fallback();
  const constant = field.schema.fieldOptions.constant && (typeof value !== "object" || value === null);
  if (constant && checkedDefaults.has(field)) return value;
  reader.charge(estimate(value));
  const checked = conform(field.schema, value);
  if (constant) checkedDefaults.add(field);
  return checked;
}

/** The fields whose default is one value that was checked and has no parts to copy. */
const checkedDefaults = new WeakSet<FieldDefinition>();

/** The scope of plan 0, which has no types. */
export const DYNAMIC_SCOPE: Scope = {
  planId: 0,
  tracked: false,
  types: [],
  extensions: [],
  byDefinition: new Map(),
  byName: new Map(),
};

/** The shape of root 0 of plan 0: any value. */
export const JSON_SHAPE: DynamicShape = {
  op: "dynamic",
  nullable: true,
  narrow: 0,
  only: null,
  records: true,
};
