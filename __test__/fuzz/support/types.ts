// Random types, in a notation from which TypeScript and Python both make their own types.
//
// Owns: the notation, making random types, and their TypeScript schemas.

import { message, t } from "aster-rpc";
import type { Random } from "./random.ts";

/** A type: the name of a scalar or dynamic kind of `t`, or a container with types inside. */
export type Type =
  | string
  | { readonly list: Type }
  | { readonly set: Type }
  | { readonly map: readonly [Type, Type] }
  | { readonly optional: Type }
  | { readonly message: string }
  | { readonly enum: string }
  | { readonly union: readonly string[] };

export interface MessageType {
  readonly kind: "message";
  readonly tag: string;
  /** True when values keep their identity in messages of this type. The same for all types of a world. */
  readonly refs: boolean;
  /** True when messages with this type at the root are in compatible mode. */
  readonly compatible: boolean;
  readonly fields: readonly FieldType[];
}

export interface FieldType {
  readonly name: string;
  readonly type: Type;
  /** A field whose value keeps its identity, when the message at the root tracks references. */
  readonly shared: boolean;
}

export interface EnumType {
  readonly kind: "enum";
  readonly tag: string;
  readonly members: readonly string[];
}

/** Types that belong together. The last one is a message, which is the root of messages. */
export type World = readonly (MessageType | EnumType)[];

// biome-ignore lint/suspicious/noExplicitAny: schemas and values made at run time have no static type
export type Loose = any;

/** The schemas of a world by their tags. `pythonModule` is the module with Python's classes, named T0, T1 and so on. */
export function schemasOf(world: World, pythonModule?: string): ReadonlyMap<string, Loose> {
  const byTag = new Map<string, Loose>();
  const named = (tag: string): Loose => t.ref(() => byTag.get(tag));
  const schemaOf = (type: Type): Loose => {
    if (typeof type === "string") return (t as Loose)[type];
    if ("list" in type) return t.list(schemaOf(type.list));
    if ("set" in type) return t.set(schemaOf(type.set));
    if ("map" in type) return t.map(schemaOf(type.map[0]), schemaOf(type.map[1]));
    if ("optional" in type) return t.optional(schemaOf(type.optional));
    if ("union" in type) return (t.union as Loose)(...type.union.map(named));
    return named("message" in type ? type.message : type.enum);
  };
  const types = world.map(({ tag }) => named(tag));
  for (const [index, type] of world.entries()) {
    if (type.kind === "enum") {
      byTag.set(type.tag, t.enum(type.tag, type.members));
      continue;
    }
    const fields = type.fields.map(({ name, type, shared }) => {
      const schema = schemaOf(type);
      return [name, (shared ? (t as Loose).shared(schema) : schema).name(name)];
    });
    byTag.set(
      type.tag,
      message(type.tag, Object.fromEntries(fields), {
        types,
        refs: type.refs,
        compatible: type.compatible,
        ...(pythonModule === undefined ? {} : { pythonModule, qualname: `T${index}` }),
      }),
    );
  }
  return byTag;
}

/** The tag of the root of a world's messages. */
export function rootOf(world: World): string {
  return (world.at(-1) as MessageType).tag;
}

const SCALARS = [
  ["bool", "int8", "int16", "int32", "int", "bigint", "int64", "fixedInt32", "fixedInt64", "taggedInt64"],
  ["uint8", "uint16", "uint32", "fixedUint32", "float32", "float"],
  ["string", "string", "string", "bytes", "timestamp", "timestampMicros", "date"],
].flat();
/** Python cannot write all of these inside of collections. */
const FIELD_SCALARS = [
  ["uint64", "fixedUint64", "taggedUint64"],
  [
    "int16Array",
    "int32Array",
    "int64Array",
    "uint16Array",
    "uint32Array",
    "uint64Array",
    "float32Array",
    "float64Array",
  ],
].flat();
const KEYS = ["string", "string", "bigint", "int", "bool", "date", "int32"];
const WORDS = ["id", "name", "Value", "LINE", "count", "x", "größe", "日本", "n2", "URL", "at", "Ärger"];
const NAMES = ["constructor", "toString", "then", "valueOf", "hasOwnProperty", "self", "length"];
const NAMESPACES = ["", "", "n", "a.b", "shop.v1", "com.example.services.billing.internal.v2", "Big.Name"];
const MORE_NAMESPACES = [
  "with_under",
  "v1/x/y",
  "a9",
  "日本",
  "x".repeat(24),
  "UPPER",
  "ABCDEFGHIJKLMNOPQRSTUVWX",
];
const TYPE_NAMES = [
  "M",
  "Invoice",
  "lower",
  "snake_name",
  "With9Digits",
  "Outer.Inner",
  "dollar$",
  "名前",
  "ABCDef",
];

function fieldName(random: Random): string {
  if (random.once(9)) return random.pick(NAMES);
  const words = Array.from({ length: random.between(1, 3) }, () => random.pick(WORDS));
  return words.join(random.pick(["", "_"]));
}

function tagOf(random: Random, taken: Set<string>): string {
  const namespace = random.pick(random.once(3) ? MORE_NAMESPACES : NAMESPACES);
  const name = random.pick(TYPE_NAMES);
  for (let number = 0; ; number++) {
    const text = number === 0 ? name : `${name}${number === 1 && random.once(4) ? "Z".repeat(30) : number}`;
    const tag = namespace === "" ? text : `${namespace}/${text}`;
    if (taken.has(tag)) continue;
    taken.add(tag);
    return tag;
  }
}

/** The tags that any field may use. */
interface Known {
  readonly messages: string[];
  readonly enums: string[];
}

function keyType(random: Random, known: Known): Type {
  if (known.enums.length > 0 && random.once(5)) return { enum: random.pick(known.enums) };
  return random.pick(KEYS);
}

function leafType(random: Random, known: Known): Type {
  const { messages, enums } = known;
  const roll = random.below(14);
  if (roll === 0) return random.pick(["any", "anyList", "anyMap"]);
  if (roll === 1 && enums.length > 0) return { enum: random.pick(enums) };
  if (roll <= 3 && messages.length > 0) return { message: random.pick(messages) };
  if (roll === 4 && messages.length > 1) {
    const first = random.below(messages.length - 1);
    return { union: messages.slice(first, first + random.between(2, 3)) };
  }
  return random.pick(SCALARS);
}

function makeType(random: Random, known: Known, depth: number): Type {
  if (depth === 0 || random.once(3)) return leafType(random, known);
  const inner = (): Type => makeType(random, known, depth - 1);
  const element = (): Type => (random.once(4) ? optional(inner()) : inner());
  switch (random.below(6)) {
    case 0:
    case 1:
      return { list: element() };
    case 2:
      return { set: keyType(random, known) };
    case 3:
      return { map: [keyType(random, known), element()] };
    case 4:
      return optional(inner());
    default:
      return leafType(random, known);
  }
}

function optional(type: Type): Type {
  return typeof type === "object" && "optional" in type ? type : { optional: type };
}

/** A field through which a message contains itself, directly or not. It must be possible to end the recursion. */
function recursion(random: Random, tag: string): Type {
  const self = { message: tag };
  return random.pick<Type>([
    optional(self),
    { list: self },
    { map: ["string", self] },
    { list: optional(self) },
  ]);
}

/** The features that a world may have in addition to plain types. */
export interface WorldOptions {
  /**
   * Messages that contain each other. The reference crashes on them, because it frees serializers that are still used.
   */
  readonly mutual?: boolean;
  /** Track references: shared fields, shared elements, and cycles. */
  readonly refs?: boolean;
  /** Use compatible mode. */
  readonly compatible?: boolean;
  /** Use only names that the reference can describe: ASCII letters, and field names in lower case. */
  readonly plain?: boolean;
}

/** Random types: a few enums and messages, each before its users. */
export function makeWorld(random: Random, options: WorldOptions = {}): World {
  const world = makeTypes(random, options);
  return options.plain === true ? plainNames(world) : world;
}

function plainNames(world: World): World {
  const ascii = (text: string): string =>
    text.replace(/[^ -~]/gu, (letter) => `u${letter.codePointAt(0)?.toString(16)}`);
  const named: World = JSON.parse(ascii(JSON.stringify(world)));
  return named.map((type) => {
    if (type.kind === "enum") return type;
    const fields = new Map(type.fields.map((field) => [field.name.toLowerCase(), field]));
    return { ...type, fields: [...fields].map(([name, field]) => ({ ...field, name })) };
  });
}

function makeTypes(random: Random, options: WorldOptions): World {
  const { mutual = false, refs = false, compatible = false } = options;
  const taken = new Set<string>();
  const world: (MessageType | EnumType)[] = [];
  const known: Known = { messages: [], enums: [] };
  for (let count = random.below(3); count > 0; count--) {
    const tag = tagOf(random, taken);
    const members = Array.from({ length: random.between(1, 5) }, (_, index) => `M${index}`);
    world.push({ kind: "enum", tag, members });
    known.enums.push(tag);
  }
  const tags = Array.from({ length: random.between(1, 5) }, () => tagOf(random, taken));
  for (const tag of tags) {
    const fields = makeFields(random, known);
    if (random.once(refs ? 2 : 4)) fields.set("next", recursion(random, tag));
    if (mutual && random.once(6)) fields.set("later", recursion(random, random.pick(tags)));
    const sharing = ([name, type]: [string, Type]): FieldType => ({
      name,
      type,
      shared: refs && random.once(2),
    });
    world.push({ kind: "message", tag, refs, compatible, fields: [...fields].map(sharing) });
    known.messages.push(tag);
  }
  return world;
}

function makeFields(random: Random, known: Known): Map<string, Type> {
  const many = random.once(12) ? random.between(20, 80) : random.below(8);
  const fields = new Map<string, Type>();
  for (let count = 0; count < many; count++) {
    const name = fields.size > 12 ? `${fieldName(random)}_${count}` : fieldName(random);
    const wide = random.once(12);
    fields.set(name, wide ? random.pick(FIELD_SCALARS) : makeType(random, known, random.below(4)));
  }
  return fields;
}
