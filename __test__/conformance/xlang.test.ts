// Recorded XLANG messages in both directions, with the public API.

import { readFileSync } from "node:fs";
import { message, t } from "aster-rpc";
import { describe, expect, it } from "vitest";
import {
  buildSchemas,
  isBranded,
  type Loose,
  structOf,
  type TypeEntry,
  type TypeNote,
} from "./xlang-schemas.js";

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

const native = JSON.parse(
  readFileSync(new URL("../../conformance/vectors/wheel-native.json", import.meta.url), "utf8"),
) as { cases: (Case & { native_hex: string })[] };

describe("messages of Python's NATIVE mode", () => {
  it.each(native.cases.map((entry) => [entry.name, entry] as const))("%s: XLANG", (_name, entry) => {
    const schemas = buildSchemas(entry.types);
    const root = schemas.byTag.get(entry.value.$struct);
    expect(hex(root.encode(structOf(schemas, entry.value, "input")))).toBe(entry.native_hex);
    expect(root.decode(Buffer.from(entry.native_hex, "hex"))).toEqual(
      structOf(schemas, entry.value, "output"),
    );
  });
});

interface ProtocolRecord {
  type: string;
  value: Record<string, string | number | string[]>;
  xlang_hex: string;
  json_text: string;
}

interface UserType {
  tag: string;
  fields: { name: string; type: TypeNote }[];
  value: Loose;
  xlang_hex: string;
}

const derived = JSON.parse(
  readFileSync(new URL("../../conformance/vectors/fory.json", import.meta.url), "utf8"),
) as {
  cases: ProtocolRecord[];
  user_types: UserType[];
};

/** The kind of a member of a protocol record, derived from its value. */
function kindOf(value: string | number | string[]): Loose {
  if (Array.isArray(value)) return t.list(t.string);
  return typeof value === "number" ? t.int : t.string;
}

describe("XLANG messages derived from the specification", () => {
  it.each(derived.cases.map((entry, index) => [`${entry.type} ${index}`, entry] as const))(
    "%s",
    (_name, entry) => {
      const fields = Object.entries(entry.value).map(([name, value]) => [name, kindOf(value).name(name)]);
      const root: Loose = message(`_aster/${entry.type}`, Object.fromEntries(fields));
      expect(hex(root.encode(entry.value))).toBe(entry.xlang_hex);
      expect(root.decode(Buffer.from(entry.xlang_hex, "hex"))).toEqual(entry.value);
      expect(root.encodeJson(entry.value)).toBe(entry.json_text);
      expect(root.decodeJson(entry.json_text)).toEqual(entry.value);
    },
  );

  it.each(derived.user_types.map((entry) => [entry.tag, entry] as const))("%s", (_tag, entry) => {
    const [namespace, typename] = entry.tag.split("/");
    const schemas = buildSchemas([
      { kind: "struct", tag: entry.tag, namespace, typename, fields: entry.fields } as TypeEntry,
    ]);
    const root = schemas.byTag.get(entry.tag);
    const value = structOf(schemas, { $struct: entry.tag, fields: entry.value }, "input");
    expect(hex(root.encode(value))).toBe(entry.xlang_hex);
    expect(root.decode(Buffer.from(entry.xlang_hex, "hex"))).toEqual(value);
  });
});
