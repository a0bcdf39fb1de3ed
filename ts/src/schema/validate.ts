// Checks whether a value fits a schema, and copies it: defaults are filled in, objects get brands, nothing is shared.
//
// Owns: the rules of what fits, with the path and the text of the first error. It is used for Standard Schema, for defaults,
// and to find the path when an executor refused a value. Executors do not call it otherwise.

import { arrayKindOfValue, copyOfArray, type NumericArray } from "./arrays.js";
import { definitionOf } from "./brand.js";
import type { FieldDefinition, MessageDefinition } from "./definition.js";
import { describeObject } from "./describe-object.js";
import { describe as describeTypes } from "./descriptor.js";
import type { EnumDefinition } from "./enum.js";
import { EnumMember } from "./enum-member.js";
import { bytesOfExtension, type ExtensionDefinition, valueOfExtension } from "./extension-coder.js";
import { type Validator, validated } from "./js-value.js";
import { type ScalarKind, scalarKinds } from "./kinds.js";
import { ANYTHING, Nesting } from "./nesting.js";
import { AsFloat, PlainDate } from "./plain-values.js";
import { isShared, nodeOf, type SchemaObject } from "./schema.js";

/** An error for a value that does not fit, with its path. */
export class Misfit extends Error {
  readonly path: PropertyKey[];
  constructor(message: string, path: PropertyKey[] = [], cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.path = path;
  }
}

/** The text of a path of keys and indexes, such as `lines[3].qty`. */
export function textOfPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(String(step)))
      text += `${text && "."}${String(step)}`;
    else text += `[${JSON.stringify(String(step))}]`;
  }
  return text;
}

/** The position of a child in the container at `depth`. */
function inside(depth: Nesting): Nesting {
  const inner = depth.inside();
  if (typeof inner === "string") throw new Misfit(inner);
  return inner;
}

/** The extensions that `t.any` may hold in this value. They are collected only when an object has no other type. */
let extensionsInReach: () => readonly ExtensionDefinition[] = () => [];

/**
 * Copies the value as decoding would return it. In a message that tracks references, one object stays one object.
 *
 * @param extensions the extensions that `t.any` may hold; by default those that the schema contains
 * @throws {Misfit} at the first value that does not fit
 */
export function conform(
  schema: SchemaObject,
  value: unknown,
  extensions?: readonly ExtensionDefinition[],
): unknown {
  const outer = extensionsInReach;
  let found = extensions;
  extensionsInReach = () => {
    found ??= extensionsOf(schema);
    return found;
  };
  try {
    return rebuild(schema, value, Nesting.top(schema));
  } finally {
    extensionsInReach = outer;
  }
}

function extensionsOf(schema: SchemaObject): readonly ExtensionDefinition[] {
  return describeTypes([schema]).types.filter((type) => "decode" in type);
}

function rebuild(schema: SchemaObject, value: unknown, depth: Nesting): unknown {
  const node = nodeOf(schema);
  switch (node.kind) {
    case "scalar":
      if (!node.scalar.fits(value)) throw scalarMisfit(node.scalar, value);
      return node.scalar.array === undefined
        ? copyScalar(value)
        : copyOfArray(node.scalar.array, value as NumericArray);
    case "optional":
      return value === null ? null : rebuild(node.inner, value, depth);
    case "list":
      return conformList(schema, node.element, value, depth);
    case "set":
      return conformSet(schema, node.element, value, depth);
    case "map":
      return conformMap(schema, node, value, depth);
    case "message":
      return conformMessage(node.message, value, depth);
    case "enum":
      return conformMember(node.enum, value);
    case "extension":
      return conformExtension(node.extension, value);
    case "union":
      return conformUnion(node.members, value, depth);
    case "any":
      return conformAny(node.narrow, value, depth);
    case "js":
      return conformJs(node.validator, value);
  }
}

/** Validates a value of `t.js`, and copies it as decoding would. */
function conformJs(validator: Validator | null, value: unknown): unknown {
  let copy: unknown;
  try {
    copy = structuredClone(value);
  } catch (cause) {
    throw new Misfit("expected a value that structuredClone takes", [], cause);
  }
  if (validator === null) return copy;
  const checked = validated(validator, copy);
  if (!checked.ok) throw new Misfit(checked.problem, [...checked.path], checked.cause);
  return checked.value;
}

/** Runs a step, and adds its key to the front of the path of an error. */
function at<R>(key: PropertyKey, step: () => R): R {
  try {
    return step();
  } catch (error) {
    if (error instanceof Misfit) error.path.unshift(key);
    throw error;
  }
}

function misfit(expected: string, value: unknown): Misfit {
  return new Misfit(`expected ${expected}, got ${describe(value)}`);
}

function scalarMisfit(kind: ScalarKind, value: unknown): Misfit {
  return kind.js === "string" && typeof value === "string" ? loneSurrogate() : misfit(kind.expected, value);
}

function loneSurrogate(): Misfit {
  return new Misfit("expected a string without lone surrogates");
}

/** Describes a value in a few words, without content that may be long or secret. */
export function describe(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "undefined") return String(value);
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return `the bigint ${value}`;
  if (typeof value === "string") return "a string";
  if (typeof value === "object") return describeObject(value);
  return `a ${typeof value}`;
}

function copyScalar(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  return value instanceof Date ? new Date(value.getTime()) : value;
}

/** Copies a value at a position that keeps its identity, where references are tracked. */
function conformPart(schema: SchemaObject, value: unknown, depth: Nesting): unknown {
  const made = depth.made(schema, value);
  if (made !== undefined) return made;
  const place = depth.keeping();
  const result = rebuild(schema, value, place);
  place.keep(schema, value, result);
  return result;
}

function conformList(schema: SchemaObject, element: SchemaObject, value: unknown, depth: Nesting): unknown[] {
  if (!Array.isArray(value)) throw misfit("an array", value);
  const result: unknown[] = [];
  depth.keep(schema, value, result);
  const inner = inside(depth);
  // Spread also visits holes: a hole is an undefined element, which fits no schema.
  for (const [index, item] of [...(value as unknown[])].entries())
    result.push(at(index, () => conformPart(element, item, inner)));
  return result;
}

function conformSet(
  schema: SchemaObject,
  element: SchemaObject,
  value: unknown,
  depth: Nesting,
): Set<unknown> {
  if (!(value instanceof Set)) throw misfit("a Set", value);
  const result = new Set<unknown>();
  depth.keep(schema, value, result);
  const inner = inside(depth);
  for (const [index, item] of [...(value as Set<unknown>)].entries())
    result.add(at(index, () => conformPart(element, item, inner)));
  return result;
}

/** The entries of a Map or of a plain object, or null for anything else. */
export function entriesOf(value: unknown): [unknown, unknown][] | null {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
  return isPlainObject(value) ? Object.entries(value) : null;
}

/** An object literal or an object without prototype. */
/** True for an object without a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A key as a step of a path. Keys that are objects are not converted to text, because that could run code of the user. */
function textOfKey(key: unknown): string {
  return typeof key === "object" ? "key" : String(key);
}

interface MapNode {
  readonly key: SchemaObject;
  readonly value: SchemaObject;
  readonly record: boolean;
}

function conformMap(schema: SchemaObject, node: MapNode, value: unknown, depth: Nesting): unknown {
  const entries = entriesOf(value);
  if (entries === null) throw misfit("a Map or a plain object", value);
  const record = recordOf([]);
  const map = new Map<unknown, unknown>();
  depth.keep(schema, value, node.record ? record : map);
  const inner = inside(depth);
  for (const [key, item] of entries) {
    const step = typeof key === "symbol" || typeof key === "number" ? key : textOfKey(key);
    at(step, () => {
      const rebuilt = conformPart(node.key, key, inner);
      const part = conformPart(node.value, item, inner);
      if (node.record) record[rebuilt as string] = part;
      else map.set(rebuilt, part);
    });
  }
  return node.record ? record : map;
}

/** An object without prototype. Any key is only data in it. */
export function recordOf(entries: readonly (readonly [unknown, unknown])[]): Record<string, unknown> {
  const record = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries) record[key as string] = value;
  return record;
}

/**
 * Reads one field of a value: the value, its default (a copy if asked for), or null where the member may be missing. A member
 * that is `undefined` counts as missing.
 */
export function fieldInput(field: FieldDefinition, value: object, ownDefault = false): unknown {
  const own = field.key in Object.prototype ? Object.hasOwn(value, field.key) : field.key in value;
  const given = own ? (value as Record<string, unknown>)[field.key] : undefined;
  if (given !== undefined) return given;
  if (field.fallback !== null) {
    const fallback = field.fallback();
    return ownDefault ? conform(field.schema, fallback) : fallback;
  }
  const { kind } = nodeOf(field.schema);
  if (kind === "optional") return null;
  if (kind === "js") return undefined; // a value like others
  throw new Misfit(own ? "undefined is not a value, and the member is required" : "missing");
}

function conformMessage(definition: MessageDefinition, value: unknown, depth: Nesting): object {
  const inner = inside(depth);
  return build(
    definition,
    value,
    Object.create(definition.prototype) as object,
    (field) => {
      const input = fieldInput(field, value as object);
      return isShared(field.schema)
        ? conformPart(field.schema, input, inner)
        : rebuild(field.schema, input, inner);
    },
    (result) => depth.keepAs(definition, value as object, result),
  );
}

/** The branded copy of `X.of()`: missing members are filled in, the others are not copied. */
export function conformShallow(definition: MessageDefinition, value: unknown): object {
  return fill(definition, value, Object.create(definition.prototype) as object);
}

/** The same, into an existing instance. */
export function fill(definition: MessageDefinition, value: unknown, result: object): object {
  try {
    return build(definition, value, result, (field) => fieldInput(field, value as object, true));
  } catch (error) {
    if (error instanceof Misfit)
      throw new TypeError(`${definition.tag}.${textOfPath(error.path)}: ${error.message}`);
    throw error;
  }
}

function build(
  definition: MessageDefinition,
  value: unknown,
  result: object,
  inputOf: (field: FieldDefinition) => unknown,
  keep: (result: object) => void = () => {},
): object {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw misfit(definition.tag, value);
  keep(result);
  for (const field of definition.fields)
    (result as Record<string, unknown>)[field.key] = at(field.key, () => inputOf(field));
  return result;
}

/** How many members of an enum an error text names. */
const NAMED_MEMBERS = 20;

/** The first members of an enum as text. */
export function someMembers(members: readonly string[]): string {
  return members.slice(0, NAMED_MEMBERS).join(", ") + (members.length > NAMED_MEMBERS ? ", ..." : "");
}

function conformMember(definition: EnumDefinition, value: unknown): unknown {
  if (typeof value === "string" && definition.ordinals.has(value)) return value;
  const { tag, members } = definition;
  const some = someMembers(members);
  throw new Misfit(`expected a member of ${tag} (${some}), got ${describe(value)}`);
}

/** Encodes and decodes the value, so that the copy shares nothing with it. */
function conformExtension(definition: ExtensionDefinition, value: unknown): unknown {
  const bytes = bytesOfExtension(definition, value);
  if (!bytes.ok) throw new Misfit(bytes.problem, [], bytes.cause);
  const back = valueOfExtension(definition, Uint8Array.from(bytes.value));
  if (!back.ok) throw new Misfit(back.problem, [], back.cause);
  return back.value;
}

function conformUnion(members: readonly SchemaObject[], value: unknown, depth: Nesting): unknown {
  for (const member of members) {
    const node = nodeOf(member);
    if (node.kind === "enum" && value instanceof EnumMember && node.enum.values[value.ordinal] === value)
      return value;
    if (node.kind !== "message" || typeof value !== "object" || value === null) continue;
    if (definitionOf(value) === node.message) return conformMessage(node.message, value, depth);
  }
  for (const member of members) {
    const node = nodeOf(member);
    if (node.kind === "extension" && node.extension.is?.(value) === true)
      return conformExtension(node.extension, value);
  }
  throw misfit("an object of one of the union's messages, made by X.of() or by decoding", value);
}

function conformAny(narrow: "list" | "map" | null, value: unknown, depth: Nesting): unknown {
  if (narrow === "list" && !Array.isArray(value)) throw misfit("an array", value);
  if (narrow === "map" && entriesOf(value) === null) throw misfit("a Map or a plain object", value);
  return conformDynamic(value, depth);
}

function conformDynamic(value: unknown, depth: Nesting): unknown {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string") {
    if (scalarKinds.string.fits(value)) return value;
    throw loneSurrogate();
  }
  if (typeof value === "bigint" && BigInt.asIntN(64, value) === value) return value;
  if (typeof value !== "object") throw misfit("a value that t.any can hold", value);
  const definition = definitionOf(value);
  if (definition !== null) return conformMessage(definition, value, depth);
  const extension = extensionsInReach().find(({ is }) => is?.(value) === true);
  if (extension !== undefined) return conformExtension(extension, value);
  if (value instanceof Uint8Array || value instanceof Date) {
    if (value instanceof Date && !scalarKinds.timestamp.fits(value))
      throw misfit("a Date of the years 1 to 9999", value);
    return copyScalar(value);
  }
  const array = arrayKindOfValue(value);
  if (array !== undefined) return copyOfArray(array, value as NumericArray);
  if (value instanceof AsFloat) return value.value;
  if (value instanceof PlainDate || value instanceof EnumMember) return value;
  const inner = inside(depth);
  const each = (item: unknown, key: PropertyKey): unknown => at(key, () => conformLoosePart(item, inner));
  const result = emptyLike(value);
  depth.keepAs(ANYTHING, value, result);
  if (Array.isArray(result)) {
    for (const [index, item] of [...(value as unknown[])].entries()) result.push(each(item, index));
  } else if (result instanceof Set) {
    for (const [index, item] of [...(value as Set<unknown>)].entries()) result.add(each(item, index));
  } else {
    for (const [key, item] of entriesOf(value) ?? [])
      result.set(each(key, "key"), each(item, textOfKey(key)));
  }
  return result;
}

function emptyLike(value: object): unknown[] | Set<unknown> | Map<unknown, unknown> {
  if (Array.isArray(value)) return [];
  if (value instanceof Set) return new Set();
  if (value instanceof Map || isPlainObject(value)) return new Map();
  throw new Misfit("expected a value that t.any can hold; messages need X.of()");
}

function conformLoosePart(value: unknown, depth: Nesting): unknown {
  const made = depth.made(null, value);
  if (made !== undefined) return made;
  const place = depth.keeping();
  const result = conformDynamic(value, place);
  place.keep(null, value, result);
  return result;
}

/** Checks a default where it is declared, unless it needs a message that is not declared yet. */
export function checkDefault(field: FieldDefinition, path: string): void {
  if (field.fallback === null || !field.schema.fieldOptions.constant) return;
  try {
    conform(field.schema, field.fallback());
  } catch (error) {
    if (error instanceof ReferenceError) return; // a constant further down in the module; checked at first use
    if (!(error instanceof Misfit)) throw error;
    const inner = textOfPath(error.path);
    throw new TypeError(`${path}: the default does not fit${inner && ` at ${inner}`}: ${error.message}`);
  }
}
