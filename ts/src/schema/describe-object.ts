// What an object is, in a few words of an error text.
//
// Owns: these words. An object of another realm (a vm context, an iframe of a test environment) looks like one that fits, so
// the text names the realm. The checks of the engine are used, which no prototype and no member can change.

import { types } from "node:util";
import { isDetached, typedArrayClass } from "./arrays.js";

/** Describes an object, without content that may be long or secret. */
export function describeObject(value: object): string {
  try {
    if (types.isProxy(value)) return "a Proxy";
    if (Array.isArray(value)) return "an array";
    const name = className(value);
    if (name === null) return "an object";
    if (types.isDate(value) && Number.isNaN(Date.prototype.getTime.call(value))) return "an invalid Date";
    return `${/^[AEIOU](?!int)/.test(name) ? "an" : "a"} ${name}${realmOf(value, name)}${memoryOf(value)}`;
  } catch {
    return "an object";
  }
}

/** The name of a class of the language, for objects that the engine made. */
function className(value: object): string | null {
  const array = typedArrayClass(value);
  if (array !== undefined) return array;
  if (types.isDate(value)) return "Date";
  if (types.isMap(value)) return "Map";
  if (types.isSet(value)) return "Set";
  if (types.isSharedArrayBuffer(value)) return "SharedArrayBuffer";
  if (types.isArrayBuffer(value)) return "ArrayBuffer";
  if (types.isDataView(value)) return "DataView";
  if (types.isRegExp(value)) return "RegExp";
  if (types.isPromise(value)) return "Promise";
  return types.isNativeError(value) ? "Error" : null;
}

function realmOf(value: object, name: string): string {
  const own = (globalThis as unknown as Record<string, unknown>)[name];
  return typeof own === "function" && !(value instanceof own) ? " of another realm" : "";
}

function memoryOf(value: object): string {
  if (!ArrayBuffer.isView(value)) return "";
  if (types.isSharedArrayBuffer(value.buffer)) return " over a SharedArrayBuffer";
  return isDetached(value) ? " over a detached ArrayBuffer" : "";
}
