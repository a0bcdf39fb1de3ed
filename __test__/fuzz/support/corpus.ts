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
  readonly compatible_hex?: string;
}

/** The files of recorded messages. */
export type Recording = "xlang" | "refs" | "compatible";

const recordings = {
  xlang: { member: "xlang_hex", options: {} },
  refs: { member: "ref_hex", options: { refs: true } },
  compatible: { member: "compatible_hex", options: { compatible: true } },
} as const;

const files = new Map<Recording, readonly Recorded[]>();

/** Every root type of a vector file, with its messages. */
export function vectorMessages(name: Recording): readonly Recorded[] {
  const { member, options } = recordings[name];
  const known = files.get(name);
  if (known !== undefined) return known;
  const file = fileURLToPath(new URL(`../../../conformance/vectors/wheel-${name}.json`, import.meta.url));
  const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };
  const groups = new Map<string, { types: TypeEntry[]; root: string; seeds: Uint8Array[] }>();
  for (const entry of cases) {
    const { types, value, [member]: hex } = entry;
    // Python cannot write some of them. Long messages are left out, because damage mostly hits their middle.
    if (hex === undefined || hex.length > 4000) continue;
    const key = JSON.stringify([types, value.$struct]);
    const group = groups.get(key) ?? { types, root: value.$struct, seeds: [] };
    group.seeds.push(Buffer.from(hex, "hex"));
    groups.set(key, group);
  }
  const recorded = [...groups.values()].map(({ types, root, seeds }) => ({
    schema: buildSchemas(types, options).byTag.get(root),
    seeds,
  }));
  files.set(name, recorded);
  return recorded;
}
