// Random schemas of everything that rows can hold, with values that fit them.
//
// Owns: the arbitraries of the row tests, and a function that reads everything in a view.

import fc from "fast-check";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { texts } from "./codec-arbitraries.js";

// biome-ignore lint/suspicious/noExplicitAny: schemas made at run time have no static type
export type Loose = any;

/** A schema, and values of it that reading must return unchanged. */
export interface Sample {
  readonly schema: Loose;
  readonly values: readonly Loose[];
}

const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32768, max: 32767 }),
  int32: fc.integer(),
  int: fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -70, max: 70 })),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  int64: fc.bigInt({ min: -9n, max: 9n }),
  float32: fc.float(),
  float: fc.double(),
  string: texts,
  bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => Uint8Array.from(bytes)),
};

interface Kind {
  readonly schema: Loose;
  readonly value: fc.Arbitrary<unknown>;
}

const scalar = fc
  .constantFrom(...Object.keys(scalars))
  .map((name): Kind => ({ schema: (t as Loose)[name], value: scalars[name] as fc.Arbitrary<unknown> }));

/** -0 becomes 0 where integers are stored, so keys and set elements are never floats. */
const keys = fc
  .constantFrom("string", "int", "bool", "bigint", "int16")
  .map((name): Kind => ({ schema: (t as Loose)[name], value: scalars[name] as fc.Arbitrary<unknown> }));

let made = 0;

function kinds(depth: number): fc.Arbitrary<Kind> {
  if (depth === 0) return scalar;
  const inner = kinds(depth - 1);
  const short = { maxLength: 5 };
  return fc.oneof(
    { weight: 3, arbitrary: scalar },
    inner.map(({ schema, value }) => ({ schema: t.optional(schema), value: fc.option(value) })),
    inner.map(({ schema, value }) => ({ schema: t.list(schema), value: fc.array(value, short) })),
    keys.map(({ schema, value }) => ({
      schema: t.set(schema),
      value: fc.uniqueArray(value, short).map((items) => new Set(items)),
    })),
    fc.tuple(keys, inner).map(([key, { schema, value }]) => ({
      schema: t.map(key.schema, schema),
      value: fc.array(fc.tuple(key.value, value), short).map((entries) => new Map(entries)),
    })),
    inner.map(({ schema, value }) => ({
      schema: t.record(schema),
      value: fc.array(fc.tuple(texts, value), short).map((entries) => {
        const record = Object.create(null);
        for (const [key, item] of entries) record[key] = item;
        return record as unknown;
      }),
    })),
    messages(depth - 1),
  );
}

/** Messages with up to 5 fields, and sometimes with so many that the null bitmap has more than 8 bytes. */
function messages(depth: number): fc.Arbitrary<Kind> {
  const few = fc.array(kinds(depth), { maxLength: 5 });
  const many = fc.array(scalar, { minLength: 63, maxLength: 66 });
  return fc.oneof({ weight: 20, arbitrary: few }, many).map((fields) => {
    const names = fields.map((_, index) => `f${index}`);
    const schema = message(
      `rows/M${made++}`,
      Object.fromEntries(fields.map((field, index) => [names[index], field.schema])),
    );
    const value = fc
      .tuple(...fields.map((field) => field.value))
      .map((values) => Object.fromEntries(values.map((item, index) => [names[index], item])));
    return { schema, value };
  });
}

/** A message schema and up to four values. */
export const samples: fc.Arbitrary<Sample> = messages(3).chain(({ schema, value }) =>
  fc.array(value, { maxLength: 4 }).map((values) => ({ schema, values })),
);

/** Reads everything in a view without decoding whole messages. Returns the number of scalar values. */
export function touch(value: Loose): number {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return 1;
  let count = 0;
  if (typeof value[Symbol.iterator] === "function") {
    for (const item of value) count += Array.isArray(item) ? touch(item[0]) + touch(item[1]) : touch(item);
    return count;
  }
  for (const key in value) if (key !== "toObject") count += touch(value[key]);
  return count;
}
