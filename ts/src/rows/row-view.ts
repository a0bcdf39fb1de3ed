// Views of messages: one class for each message of a layout, its fields as getters.
//
// Owns: those classes. Names of fields come from the schema, never from the wire.

import { inspect } from "node:util";
import type { MessageDefinition } from "../schema/definition.js";
import type { CellReader } from "./cells.js";
import { bitmapBytes, isNull, malformed, type RowBytes } from "./row-bytes.js";

/** A field of a message, in the order of the slots. */
export interface FieldReader {
  readonly key: string;
  /** Index of the slot. */
  readonly slot: number;
  /** Place in the declaration. */
  readonly position: number;
  readonly reader: CellReader;
}

/** How a message reads. */
export interface MessageReader {
  readonly definition: MessageDefinition;
  readonly fields: readonly FieldReader[];
  view(source: RowBytes, start: number): RowBase;
  plain(source: RowBytes, start: number): object;
}

/** What all row views are. Its state cannot be reached by any name. */
export abstract class RowBase {
  readonly #source: RowBytes;
  readonly #start: number;
  readonly #message: MessageReader;

  constructor(message: MessageReader, source: RowBytes, start: number) {
    this.#message = message;
    this.#source = source;
    this.#start = start;
  }

  toObject(): object {
    return this.#message.plain(this.#source, this.#start);
  }

  /** The getter of a field. */
  static getter({ slot, reader }: FieldReader, fields: number): (this: RowBase) => unknown {
    const place = bitmapBytes(fields) + slot * 8;
    return function (this: RowBase): unknown {
      const source = this.#source;
      const start = this.#start;
      if (isNull(source, start, slot)) return nullOf(reader);
      return reader.lazy(source, start, start + place);
    };
  }

  /** The message of a view. @throws {TypeError} for anything else */
  static plain(view: unknown, message: MessageReader): object {
    if (typeof view !== "object" || view === null || !(#message in view) || view.#message !== message) {
      throw new TypeError(`toObject() takes a row view of ${message.definition.tag}`);
    }
    return message.plain(view.#source, view.#start);
  }

  static {
    // What `console.log` shows: the getters of a prototype are nothing to it, and an error is better than to throw one.
    const show = function (this: RowBase): unknown {
      try {
        return this.#message.plain(this.#source, this.#start);
      } catch (error) {
        return error;
      }
    };
    Object.defineProperty(RowBase.prototype, inspect.custom, { value: show, configurable: true });
  }
}

function nullOf(reader: CellReader): null {
  if (reader.nullable) return null;
  throw malformed(reader.label, "null where a value is required");
}

/** The reader of a message whose fields are in the order of the slots. */
export function messageReader(definition: MessageDefinition, fields: readonly FieldReader[]): MessageReader {
  const declared = [...fields].sort((a, b) => a.position - b.position);
  const slots = bitmapBytes(fields.length);
  class View extends RowBase {}
  const message: MessageReader = {
    definition,
    fields,
    view: (source, start) => new View(message, source, start),
    plain(source, start) {
      const result = Object.create(definition.prototype) as Record<string, unknown>;
      for (const { key, slot, reader } of declared) {
        result[key] = isNull(source, start, slot)
          ? nullOf(reader)
          : reader.plain(source, start, start + slots + slot * 8);
      }
      return result;
    },
  };
  for (const field of fields) {
    const get = RowBase.getter(field, fields.length);
    Object.defineProperty(View.prototype, field.key, { get, enumerable: true, configurable: true });
  }
  return message;
}
