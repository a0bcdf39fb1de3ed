// Recorded JSON mode texts in both directions, with the public API.

import { readFileSync } from "node:fs";
import { AsterError, Code } from "aster-rpc";
import { describe, expect, it } from "vitest";
import { buildSchemas, type Loose, structOf, type TypeEntry } from "./xlang-schemas.js";

interface Case {
  name: string;
  types: TypeEntry[];
  value: Loose;
  json?: string;
  error?: string;
}

const file = new URL("../../conformance/vectors/wheel-jsonmode.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };
const written = cases
  .filter((entry) => entry.json !== undefined)
  .map((entry) => [entry.name, entry] as const);
const refused = cases
  .filter((entry) => entry.error !== undefined)
  .map((entry) => [entry.name, entry] as const);

function usesAny(entry: Case): boolean {
  const names = JSON.stringify(entry.types.flatMap(({ fields = [] }) => fields.map(({ type }) => type)));
  return /"(any|list|dict)"(?!:)/.test(names);
}

describe("JSON texts recorded from Python", () => {
  it("are all there, and so are the values that JSON mode cannot hold", () => {
    expect(written.length).toBeGreaterThanOrEqual(67);
    expect(refused.length).toBeGreaterThanOrEqual(22);
  });

  it.each(written)("%s: same text, same value", (_name, entry) => {
    const schemas = buildSchemas(entry.types);
    const root = schemas.byTag.get(entry.value.$struct);
    expect(root.encodeJson(structOf(schemas, entry.value, "input"))).toBe(entry.json);
    const decoded = root.decodeJson(entry.json);
    // Messages inside `Any` are decoded as maps, because JSON does not contain their type.
    const same = usesAny(entry) ? root.encodeJson(decoded) : decoded;
    expect(same).toEqual(usesAny(entry) ? entry.json : structOf(schemas, entry.value, "output"));
  });

  it.each(refused)("%s: refused, as in Python", (_name, entry) => {
    const schemas = buildSchemas(entry.types);
    const root = schemas.byTag.get(entry.value.$struct);
    const encode = () => root.encodeJson(structOf(schemas, entry.value, "input"));
    expect(encode).toThrow(AsterError);
    expect(encode).toThrow(expect.objectContaining({ code: Code.INVALID_ARGUMENT }));
  });
});
