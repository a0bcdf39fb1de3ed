// Recorded rows in both directions, with the public API: the bytes of a row, and Fory's schema bytes.

import { readFileSync } from "node:fs";
import { rows } from "aster-rpc";
import { describe, expect, it } from "vitest";
import { seen } from "./rows-seen.js";
import { buildSchemas, isBranded, type Loose, structOf, type TypeEntry } from "./xlang-schemas.js";

interface Case {
  name: string;
  types: TypeEntry[];
  value: Loose;
  row_hex: string;
  schema_hex: string;
}

const file = new URL("../../conformance/vectors/wheel-row.json", import.meta.url);
const recorded = JSON.parse(readFileSync(file, "utf8")) as { cases: (Case & { error?: string })[] };
/** Python cannot write a row with empty bytes. */
const cases = recorded.cases.filter(({ error }) => error === undefined || error === null);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("rows recorded from Python", () => {
  it("are all there", () => {
    expect([recorded.cases.length, cases.length]).toEqual([9, 8]);
  });

  it.each(cases.map((entry) => [entry.name, entry] as const))(
    "%s: same bytes, same value",
    (_name, entry) => {
      const schemas = buildSchemas(entry.types);
      const root = (rows as (schema: Loose) => Loose)(schemas.byTag.get(entry.value.$struct));
      const value = structOf(schemas, entry.value, "output");
      expect(hex(root.schemaBytes)).toBe(entry.schema_hex);
      expect(hex(root.encode(value))).toBe(entry.row_hex);

      const view = root.row(Buffer.from(entry.row_hex, "hex"));
      expect(root.toObject(view)).toEqual(value);
      expect(isBranded(root.toObject(view))).toBe(true);
      expect(seen(view, value)).toEqual(value);
      // A table contains the row unchanged, because its offsets count from its own start.
      const table = root.encodeTable([value, value]);
      expect(hex(table.subarray(32, 32 + entry.row_hex.length / 2))).toBe(entry.row_hex);
      expect(root.table(table).toArray()).toEqual([value, value]);
    },
  );
});
