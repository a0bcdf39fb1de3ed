// Recorded XLANG messages, both directions, through the public API.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildSchemas, isBranded, type Loose, structOf, type TypeEntry } from "./xlang-schemas.js";

interface Case {
  name: string;
  types: TypeEntry[];
  value: Loose;
  xlang_hex: string;
}

const file = new URL("../../conformance/vectors/wheel-xlang.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

describe("XLANG messages recorded from Python", () => {
  it("are all there", () => {
    expect(cases.length).toBeGreaterThanOrEqual(164);
  });

  it.each(cases.map((entry) => [entry.name, entry] as const))(
    "%s: same bytes, same value",
    (_name, entry) => {
      const schemas = buildSchemas(entry.types);
      const root = schemas.byTag.get(entry.value.$struct);
      expect(hex(root.encode(structOf(schemas, entry.value, "input")))).toBe(entry.xlang_hex);
      const decoded = root.decode(Buffer.from(entry.xlang_hex, "hex"));
      expect(decoded).toEqual(structOf(schemas, entry.value, "output"));
      expect(isBranded(decoded)).toBe(true);
    },
  );
});
