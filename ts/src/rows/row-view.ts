// Views of messages: one class for each message of a layout, with a getter for each field.
//
// Owns: these classes. Field names come from the schema, never from the bytes.

import { inspect } from "node:util";
import { COST } from "../codec/costs.js";
import type { MessageDefinition } from "../schema/definition.js";
import type { CellReader } from "./cells.js";
import { DecodedSize } from "./decoded-size.js";
import { bitmapBytes, isNull, malformed, type RowBytes } from "./row-bytes.js";

/** A field of a message. Fields are listed in the order of the slots. */
export interface FieldReader {
  readonly key: string;
  /** The index of the slot. */
  readonly slot: number;
  /** The index in the declaration. */
  readonly position: number;
  readonly reader: CellReader;
}

/** Reads messages of one type. */
export interface MessageReader {
  readonly definition: MessageDefinition;
  readonly fields: readonly FieldReader[];
  view(source: RowBytes, start: number): RowBase;
  plain(source: RowBytes, start: number, size: DecodedSize): object;
}

/** The base class of all row views. Its state is private, so no field name can reach it. */
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
    return this.#message.plain(this.#source, this.#start, new DecodedSize(this.#source));
  }

  /** Makes the getter of a field. */
  static getter({ slot, reader }: FieldReader, fields: number): (this: RowBase) => unknown {
    const place = bitmapBytes(fields) + slot * 8;
    return function (this: RowBase): unknown {
      const source = this.#source;
      const start = this.#start;
      if (isNull(source, start, slot)) return nullOf(reader);
      return reader.lazy(source, start, start + place);
    };
  }

  /** Decodes the message of a view. @throws {TypeError} for a value that is not a view of this message */
  static plain(view: unknown, message: MessageReader): object {
    if (typeof view !== "object" || view === null || !(#message in view) || view.#message !== message) {
      throw new TypeError(`toObject() needs a row view of ${message.definition.tag}`);
    }
    return message.plain(view.#source, view.#start, new DecodedSize(view.#source));
  }

  static {
    // For `console.log`, which does not show getters of a prototype. It shows an error instead of throwing it.
    const show = function (this: RowBase): unknown {
      try {
        return this.#message.plain(this.#source, this.#start, new DecodedSize(this.#source));
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

/** Makes the reader of a message. `fields` are in the order of the slots. */
export function messageReader(definition: MessageDefinition, fields: readonly FieldReader[]): MessageReader {
  const declared = [...fields].sort((a, b) => a.position - b.position);
  const slots = bitmapBytes(fields.length);
  class View extends RowBase {}
  const message: MessageReader = {
    definition,
    fields,
    view: (source, start) => new View(message, source, start),
    plain(source, start, size) {
      size.charge(COST.message + fields.length * COST.field);
      const result = Object.create(definition.prototype) as Record<string, unknown>;
      for (const { key, slot, reader } of declared) {
        result[key] = isNull(source, start, slot)
          ? nullOf(reader)
          : reader.plain(source, start, start + slots + slot * 8, size);
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
