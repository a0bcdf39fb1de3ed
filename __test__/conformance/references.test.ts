// Recorded graphs of Python (`ref=True`): the same bytes, and decoded values with the same object identities.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildSchemas, type Loose, structOf, type TypeEntry } from "./xlang-schemas.js";

interface Case {
  name: string;
  types: TypeEntry[];
  value: Loose;
  ref_hex: string;
}

const file = new URL("../../conformance/vectors/wheel-refs.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("graphs recorded from Python", () => {
  it("are all there", () => {
    expect(cases).toHaveLength(174);
  });

  it.each(cases.map((entry) => [entry.name, entry] as const))(
    "%s: same bytes, same value",
    (_name, entry) => {
      const schemas = buildSchemas(entry.types, { refs: true });
      const root = schemas.byTag.get(entry.value.$struct);
      expect(hex(root.encode(structOf(schemas, entry.value, "input")))).toBe(entry.ref_hex);
      const decoded = root.decode(Buffer.from(entry.ref_hex, "hex"));
      expect(decoded).toEqual(structOf(schemas, entry.value, "output"));
    },
  );
});

describe("one object", () => {
  const graphs = cases.filter(({ name }) => name.startsWith("graph: "));

  it.each(graphs.map((entry) => [entry.name, entry] as const))(
    "%s: is decoded as one object, or the bytes would differ",
    (_name, { types, value, ref_hex }) => {
      const root = buildSchemas(types, { refs: true }).byTag.get(value.$struct);
      const decoded = root.decode(Buffer.from(ref_hex, "hex"));
      expect(hex(root.encode(decoded))).toBe(ref_hex);
    },
  );
});
