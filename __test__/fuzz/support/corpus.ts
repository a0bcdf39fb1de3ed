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
}

let recorded: readonly Recorded[] | null = null;

/** Every root type of `wheel-xlang.json` with its messages. */
export function vectorMessages(): readonly Recorded[] {
  if (recorded === null) {
    const file = fileURLToPath(new URL("../../../conformance/vectors/wheel-xlang.json", import.meta.url));
    const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };
    const groups = new Map<string, { types: TypeEntry[]; root: string; seeds: Uint8Array[] }>();
    for (const { types, value, xlang_hex } of cases) {
      const key = JSON.stringify([types, value.$struct]);
      const group = groups.get(key) ?? { types, root: value.$struct, seeds: [] };
      // Damage to a long message mostly hits its middle, which says little.
      if (xlang_hex.length < 4000) group.seeds.push(Buffer.from(xlang_hex, "hex"));
      groups.set(key, group);
    }
    recorded = [...groups.values()]
      .filter(({ seeds }) => seeds.length > 0)
      .map(({ types, root, seeds }) => ({ schema: buildSchemas(types).byTag.get(root), seeds }));
  }
  return recorded;
}
