// A value as a text that Python and both executors must agree on (`python/echo.py` writes the same text).
//
// Owns: that text, and the check that a decoded value contains only what its schema allows: no prototype comes from the
// wire.

import { EnumMember, messageOf, PlainDate } from "aster-rpc";
import { definitionOf } from "../../../dist/schema/brand.js";
import { AsFloat } from "../../../dist/schema/plain-values.js";
import { asSchema, nodeOf, type SchemaObject } from "../../../dist/schema/schema.js";
import type { Loose } from "./types.ts";

const DAY = 86_400_000;
const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
const view = new DataView(new ArrayBuffer(8));

function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  view.setFloat64(0, value);
  return `d${view.getBigUint64(0).toString(16).padStart(16, "0")}`;
}

const dayText = (day: string): string => `D${Date.parse(`${day}T00:00:00Z`) / DAY}`;
const plainText = (text: string): string => `s${hexOf(Buffer.from(text, "utf8"))}`;

function fail(what: string, value: unknown): never {
  throw new Error(`a decoded value is no ${what}: ${Object.prototype.toString.call(value)}`);
}

function prototypeIs(value: Loose, prototype: object | null, what: string): void {
  if (Object.getPrototypeOf(value) !== prototype) fail(what, value);
}

/** The collections and messages of a value so far. One that appears again is written as its number. */
let seen = new Map<object, number>();

/** The text of a value of a schema. @throws for a value that its schema does not allow */
export function textOf(schema: SchemaObject, value: Loose): string {
  seen = new Map();
  return partText(schema, value);
}

/** A collection or message, which is written once. */
function once(value: object, text: () => string): string {
  const number = seen.get(value);
  if (number !== undefined) return `#${number}`;
  seen.set(value, seen.size);
  return text();
}

function partText(schema: SchemaObject, value: Loose): string {
  // A message is a class; its schema object is found through it.
  const node = nodeOf(asSchema(schema, "textOf()"));
  switch (node.kind) {
    case "scalar":
      return scalarText(node.scalar, value);
    case "optional":
      return value === null ? "n" : partText(node.inner, value);
    case "list":
      prototypeIs(value, Array.prototype, "array");
      return once(value, () => `[${value.map((item: Loose) => partText(node.element, item)).join(",")}]`);
    case "set":
      prototypeIs(value, Set.prototype, "set");
      return once(value, () => setText([...value].map((item) => partText(node.element, item))));
    case "map": {
      prototypeIs(value, node.record ? null : Map.prototype, "map");
      const entries: [Loose, Loose][] = node.record ? Object.entries(value) : [...value];
      return once(value, () =>
        mapText(entries.map(([key, item]) => [partText(node.key, key), partText(node.value, item)])),
      );
    }
    case "message":
      return once(value, () => messageText(node.message, value));
    case "enum":
      return `E${node.enum.ordinals.get(value) ?? fail("member", value)}`;
    case "union":
    case "any":
      return dynamicText(value);
    case "extension":
    case "js":
      return fail("value with a text", value);
  }
}

function messageText(message: Loose, value: Loose): string {
  prototypeIs(value, message.prototype, "message");
  const keys: string[] = message.fields.map((field: Loose) => field.key);
  if (Object.keys(value).join() !== keys.join()) fail("message with just its fields", value);
  const fields = message.fields.map((field: Loose) => partText(field.schema, value[field.key]));
  return `(${plainText(message.tag)} ${fields.join(" ")})`;
}

function scalarText(
  scalar: { readonly js: string; readonly fits: (value: unknown) => boolean },
  value: Loose,
): string {
  if (!scalar.fits(value)) fail(scalar.js, value);
  switch (scalar.js) {
    case "bool":
      return value ? "t" : "f";
    case "float":
      return floatText(value);
    case "string":
      return plainText(value);
    case "bytes":
      prototypeIs(value, Uint8Array.prototype, "plain byte array");
      return `b${hexOf(value)}`;
    case "array":
      return arrayText(value);
    case "date":
      return dayText(value);
    case "timestamp":
      return `T${value.getTime() * 1000}`;
    default:
      return typeof value === "bigint" && scalar.js === "number"
        ? fail("number", value)
        : intText(scalar, value);
  }
}

/** Microseconds are bigints too, but are written as points in time. */
function intText(scalar: Loose, value: number | bigint): string {
  return `${scalar.word === "timestamp" ? "T" : "i"}${value === 0 ? 0 : value}`;
}

function dynamicText(value: Loose): string {
  if (value === null) return "n";
  if (typeof value === "boolean") return value ? "t" : "f";
  if (typeof value === "bigint") return `i${value}`;
  if (typeof value === "number") {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? `i${value}` : floatText(value);
  }
  if (typeof value === "string") return plainText(value);
  if (value instanceof EnumMember) return `E${plainText(value.tag)}.${value.ordinal}`;
  if (value instanceof PlainDate) return dayText(value.text);
  if (value instanceof Date) return `T${value.getTime() * 1000}`;
  if (value instanceof Uint8Array) return `b${hexOf(value)}`;
  if (ArrayBuffer.isView(value)) return arrayText(value);
  if (value instanceof AsFloat) return dynamicText(value.value);
  return once(value, () => dynamicObjectText(value));
}

function dynamicObjectText(value: Loose): string {
  if (Array.isArray(value)) return `[${value.map(dynamicText).join(",")}]`;
  if (value instanceof Set) return setText([...value].map(keyText));
  if (value instanceof Map)
    return mapText([...value].map(([key, item]) => [keyText(key), dynamicText(item)]));
  const schema = messageOf(value) as Loose;
  return schema !== null ? messageText(definitionOf(value), value) : fail("value of any kind", value);
}

function arrayText(array: ArrayBufferView): string {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return `A${array.constructor.name.replace("Big", "").replace("Array", "").toLowerCase()}.${hexOf(bytes)}`;
}

/** As keys, 1, 1.0 and True are equal in Python, and so are 0.0 and -0.0. */
function keyText(key: Loose): string {
  if (typeof key === "boolean") return key ? "i1" : "i0";
  return dynamicText(key === 0 ? 0 : key);
}

/** The text of a set. It is sorted, because Python does not keep the order of a set. */
function setText(items: string[]): string {
  return `{${[...new Set(items)].sort().join(",")}}`;
}

/** An entry is at the position of the first equal key, with the value of the last. In Python equal bytes are equal keys. */
function mapText(entries: [string, string][]): string {
  return `<${[...new Map(entries)].map(([key, item]) => `${key}:${item}`).join(",")}>`;
}

/** True when two texts differ only in the last digits of timestamps, which Python's floats round. */
export function sameText(ours: string, theirs: string): boolean {
  if (ours === theirs) return true;
  const parts = (text: string): string[] => text.split(/T(-?\d+)/);
  const [a, b] = [parts(ours), parts(theirs)];
  const close = (x: string, y = ""): boolean => {
    const apart = BigInt(x) - BigInt(y);
    return apart >= -1000n && apart <= 1000n;
  };
  return (
    a.length === b.length && a.every((part, index) => (index % 2 ? close(part, b[index]) : part === b[index]))
  );
}
