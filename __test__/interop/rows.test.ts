/**
 * Random rows against pyfory: schema bytes and rows are equal, rows of Python are read as the right values, and Python reads
 * the rows of TypeScript. Bytes are compared when no field of a message is null, because Python does not clear such slots.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { message, rows, t } from "aster-rpc";
import fc from "fast-check";
import { expect, it } from "vitest";
import { describeInterop, startScript } from "./support/python.ts";

// biome-ignore lint/suspicious/noExplicitAny: schemas made at run time have no static type
type Loose = any;

/** A type in the notation of `python/rows.py`, its schema, and values with their notation. */
interface Kind {
  readonly note: Loose;
  readonly schema: Loose;
  readonly value: fc.Arbitrary<{ readonly value: Loose; readonly note: Loose }>;
}

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const floatNote = (value: number) => (Object.is(value, -0) ? "-0" : String(value));
const scalar = (
  word: string,
  schema: Loose,
  values: fc.Arbitrary<Loose>,
  note: (value: Loose) => Loose,
): Kind => ({
  note: word,
  schema,
  value: values.map((value) => ({ value, note: note(value) })),
});
const same = (value: Loose) => value;
const int = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const scalars: readonly Kind[] = [
  scalar("bool", t.bool, fc.boolean(), same),
  scalar("int", t.bigint, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), String),
  scalar("int", t.int, fc.maxSafeInteger(), String),
  scalar("int8", t.int8, int(8), String),
  scalar("int16", t.int16, int(16), String),
  scalar("int32", t.int32, int(32), String),
  scalar("float", t.float, fc.double(), floatNote),
  scalar("float32", t.float32, fc.float(), floatNote),
  scalar("str", t.string, text, same),
  // Python cannot write a row with empty bytes.
  scalar(
    "bytes",
    t.bytes,
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Uint8Array.from(bytes)),
    (bytes) => Buffer.from(bytes).toString("hex"),
  ),
];
const keys = scalars.filter(({ note }) => note === "str" || note === "int");

const kinds = (depth: number, nulls: boolean): fc.Arbitrary<Kind> => {
  const leaf = fc.constantFrom(...scalars);
  if (depth === 0) return leaf;
  const inner = kinds(depth - 1, nulls);
  const many = (values: readonly { value: Loose; note: Loose }[], of: (values: Loose[]) => Loose) => ({
    value: of(values.map(({ value }) => value)),
    note: values.map(({ note }) => note),
  });
  const few = { maxLength: 4 };
  return fc.oneof(
    { weight: 2, arbitrary: leaf },
    inner.map(({ note, schema, value }) => ({
      note: { list: note },
      schema: t.list(schema),
      value: fc.array(value, few).map((items) => many(items, same)),
    })),
    // List elements may be null when bytes are compared: Python writes zeros for them.
    leaf.map(({ note, schema, value }) => ({
      note: { list: { optional: note } },
      schema: t.list(t.optional(schema)),
      value: fc.array(fc.option(value), few).map((items) =>
        many(
          items.map((item) => item ?? { value: null, note: null }),
          same,
        ),
      ),
    })),
    fc.constantFrom(...keys).map(({ note, schema, value }) => ({
      note: { set: note },
      schema: t.set(schema),
      value: fc
        .uniqueArray(value, { ...few, selector: (item) => item.value })
        .map((items) => many(items, (all) => new Set(all))),
    })),
    fc.tuple(fc.constantFrom(...keys), inner).map(([key, item]) => ({
      note: { map: [key.note, item.note] },
      schema: t.map(key.schema, item.schema),
      value: fc
        .uniqueArray(fc.tuple(key.value, item.value), { ...few, selector: ([k]) => k.value })
        .map((entries) => ({
          value: new Map(entries.map(([k, v]) => [k.value, v.value])),
          note: entries.map(([k, v]) => [k.note, v.note]),
        })),
    })),
    structs(depth - 1, nulls),
  );
};

const names = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/),
  fc.stringMatching(/^[a-z][a-zA-Z]{1,40}$/),
  fc.constantFrom("callId", "x1", "größe", "A"),
);
const reserved =
  /^(and|as|def|del|elif|else|for|from|if|in|is|not|or|try|with|while|class|raise|return|yield|pass|import|lambda|global|except|finally|assert|async|await|break|continue|nonlocal)$/;
let made = 0;

const structs = (depth: number, nulls: boolean): fc.Arbitrary<Kind> =>
  fc
    .uniqueArray(fc.tuple(names, kinds(depth, nulls), fc.boolean()), {
      minLength: 1,
      maxLength: 6,
      selector: ([name]) => name,
    })
    .map((fields) => fields.filter(([name]) => !reserved.test(name)))
    .filter((fields) => fields.length > 0)
    .map((fields) => {
      const optional = ([, , maybe]: (typeof fields)[number]) => nulls && maybe;
      const members = fields.map((field) => {
        const [name, kind] = field;
        return [name, (optional(field) ? t.optional(kind.schema) : t.ref(() => kind.schema)).name(name)];
      });
      const value = fc
        .tuple(...fields.map((field) => (optional(field) ? fc.option(field[1].value) : field[1].value)))
        .map((items) => {
          const member = (index: number) => items[index] ?? { value: null, note: null };
          return {
            value: Object.fromEntries(fields.map(([name], index) => [name, member(index).value])),
            note: Object.fromEntries(fields.map(([name], index) => [name, member(index).note])),
          };
        });
      return {
        note: {
          struct: fields.map((field) => [
            field[0],
            optional(field) ? { optional: field[1].note } : field[1].note,
          ]),
        },
        schema: message(`rows/R${made++}`, Object.fromEntries(members)),
        value,
      };
    });

const cases = process.env.ASTER_TEST_FULL === "1" ? 8000 : 500;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describeInterop("rows of pyfory", () => {
  it.each([
    ["without null fields: the same bytes in both directions", false],
    ["with null fields: the same values in both directions", true],
  ])(
    "%s",
    async (_what, nulls) => {
      const script = startScript(["rows.py"]);
      const closed = once(script, "close");
      const answers = createInterface({ input: script.stdout })[Symbol.asyncIterator]();
      let byPython = 0;
      const sample = structs(3, nulls).chain((kind) => kind.value.map((value) => ({ kind, ...value })));
      const property = fc.asyncProperty(sample, async ({ kind, value, note }) => {
        const form = (rows as (schema: Loose) => Loose)(kind.schema);
        const ours = form.encode(value);
        script.stdin.write(`${JSON.stringify({ type: kind.note, value: note, row: hex(ours) })}\n`);
        const answer = await answers.next();
        const { schema, row, readable, problem } = JSON.parse(answer.value as string);
        if (readable) byPython += 1;
        expect(problem).toBeNull();
        expect(schema).toBe(hex(form.schemaBytes));
        const read = form.row(Buffer.from(row, "hex")).toObject();
        expect(read).toEqual(value);
        // Written in Python's order, because its sets have their own order.
        if (!nulls) expect(hex(form.encode(read))).toBe(row);
      });
      try {
        await fc.assert(property, { numRuns: cases });
        expect(byPython).toBeGreaterThan(cases / 2);
      } finally {
        script.stdin.end();
        await closed;
      }
    },
    120_000,
  );
});
