// The recorded messages of the reference, as seeds.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SchemaObject } from "../../../dist/schema/schema.js";
import { buildSchemas, type TypeEntry } from "../../conformance/xlang-schemas.ts";

interface Recorded {
  readonly schema: SchemaObject;
  readonly seeds: readonly Uint8Array[];
}

interface Case {
  readonly types: TypeEntry[];
  readonly value: { readonly $struct: string };
  readonly xlang_hex: string;
  readonly ref_hex: string;
}

const files = new Map<string, readonly Recorded[]>();

/** Every root type of a file of vectors with its messages. */
export function vectorMessages(name: string, refs: boolean): readonly Recorded[] {
  const known = files.get(name);
  if (known !== undefined) return known;
  const file = fileURLToPath(new URL(`../../../conformance/vectors/${name}.json`, import.meta.url));
  const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };
  const groups = new Map<string, { types: TypeEntry[]; root: string; seeds: Uint8Array[] }>();
  for (const { types, value, xlang_hex, ref_hex } of cases) {
    const hex = refs ? ref_hex : xlang_hex;
    // Damage to a long message mostly hits its middle, which says little.
    if (hex.length > 4000) continue;
    const key = JSON.stringify([types, value.$struct]);
    const group = groups.get(key) ?? { types, root: value.$struct, seeds: [] };
    group.seeds.push(Buffer.from(hex, "hex"));
    groups.set(key, group);
  }
  const recorded = [...groups.values()].map(({ types, root, seeds }) => ({
    schema: buildSchemas(types, { refs }).byTag.get(root),
    seeds,
  }));
  files.set(name, recorded);
  return recorded;
}
