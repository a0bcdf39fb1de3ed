// Compares two values as graphs: the same classes, the same members in the same order, and the same identities.

import { types } from "node:util";

/** The first difference between two values; null when there is none. */
export function difference(one: unknown, other: unknown): string | null {
  return new Comparison().difference(one, other, "value");
}

class Comparison {
  readonly #pairs = new Map<object, object>();
  readonly #others = new Set<object>();

  difference(one: unknown, other: unknown, path: string): string | null {
    if (typeof one !== "object" || one === null || typeof other !== "object" || other === null) {
      return Object.is(one, other) ? null : `${path}: ${describe(one)} and ${describe(other)}`;
    }
    // Views compare only what they show of a buffer; a value compares all of it.
    if (
      types.isAnyArrayBuffer(one) &&
      types.isAnyArrayBuffer(other) &&
      hexOfBuffer(one) !== hexOfBuffer(other)
    )
      return `${path}: other bytes`;
    return this.#objects(one, other, path);
  }

  #objects(one: object, other: object, path: string): string | null {
    const known = this.#pairs.get(one);
    if (known !== undefined) return known === other ? null : `${path}: another identity`;
    if (this.#others.has(other)) return `${path}: an identity that was not there`;
    this.#pairs.set(one, other);
    this.#others.add(other);
    if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return `${path}: another prototype`;
    return this.#contents(one, other, path) ?? this.#members(one, other, path);
  }

  #members(one: object, other: object, path: string): string | null {
    if (ArrayBuffer.isView(one) || types.isStringObject(one)) return null;
    const [keys, others] = [Object.keys(one), Object.keys(other)];
    if (keys.join("\n") !== others.join("\n")) return `${path}: the keys ${keys} and ${others}`;
    for (const key of keys) {
      const found = this.difference(memberOf(one, key), memberOf(other, key), `${path}.${key}`);
      if (found !== null) return found;
    }
    return null;
  }

  #contents(one: object, other: object, path: string): string | null {
    const each = (parts: readonly unknown[], others: readonly unknown[]): string | null => {
      if (parts.length !== others.length) return `${path}: ${parts.length} and ${others.length} parts`;
      for (const [index, part] of parts.entries()) {
        const found = this.difference(part, others[index], `${path}<${index}>`);
        if (found !== null) return found;
      }
      return null;
    };
    if (Array.isArray(one)) return each([one.length], [(other as unknown[]).length]);
    if (types.isMap(one)) return each([...one].flat(), [...(other as Map<unknown, unknown>)].flat());
    if (types.isSet(one)) return each([...one], [...(other as Set<unknown>)]);
    if (types.isDate(one)) return each([one.getTime()], [(other as Date).getTime()]);
    if (types.isRegExp(one)) return each(factsOf(one), factsOf(other as RegExp));
    if (types.isBoxedPrimitive(one)) return each([one.valueOf()], [other.valueOf()]);
    if (types.isNativeError(one)) return each(errorFacts(one), errorFacts(other as Error));
    if (ArrayBuffer.isView(one)) {
      const view = other as ArrayBufferView;
      const facts = [one.byteOffset, one.byteLength, hexOf(one)];
      return (
        each(facts, [view.byteOffset, view.byteLength, hexOf(view)]) ??
        this.#objects(one.buffer, view.buffer, `${path}.buffer`)
      );
    }
    if (types.isAnyArrayBuffer(one)) return each([one.byteLength], [(other as ArrayBuffer).byteLength]);
    return null;
  }
}

function memberOf(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

function factsOf({ source, flags, lastIndex }: RegExp): unknown[] {
  return [source, flags, lastIndex];
}

/** The cause is compared where both have one: not every version of Node clones it. */
function errorFacts(error: Error): unknown[] {
  return [Object.hasOwn(error, "message"), error.message, error.name];
}

function hexOf(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("hex");
}

function hexOfBuffer(buffer: ArrayBufferLike): string {
  return Buffer.from(buffer).toString("hex");
}

function describe(value: unknown): string {
  if (typeof value === "object") return value === null ? "null" : "an object";
  return Object.is(value, -0) ? "-0" : String(value);
}
