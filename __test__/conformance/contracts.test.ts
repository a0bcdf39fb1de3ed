// Recorded contract ids and canonical bytes, for the same services in TypeScript.

import { readFileSync } from "node:fs";
import { AsterError, message, service, t, unary } from "aster-rpc";
import { describe, expect, it } from "vitest";
import { derived, recorded } from "./contracts-services.js";

interface Case {
  service_class: string;
  contract_id: string;
  contract_canonical_hex: string;
  types: { blake3: string }[];
  manifest_text?: string;
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../conformance/vectors/${name}`, import.meta.url), "utf8"));
}

const { cases } = read("wheel-contracts.json") as { cases: Case[] };
const { services } = read("typegraph.json") as { services: Case[] };

/** Services that TypeScript cannot declare, with the reason. */
const inexpressible = new Map([
  ["vec_shapes.Tags", "two types of one service share a tag, which is refused at definition"],
  [
    "vec_shapes.GenericReq",
    "a generic alias as request: its type hash is zeros, because it has no wire type",
  ],
  ["vec_future.Minimal", "the id of postponed annotations: one of the other ids that a stub takes"],
]);

const known: Record<string, { contractId: string; contractBytes(): Uint8Array; manifest(): unknown }> = {
  ...recorded,
  ...derived,
};
const pairs = [...cases, ...services]
  .filter((entry) => !inexpressible.has(entry.service_class))
  .map((entry) => [entry.service_class, entry] as const);

describe("contracts recorded from Python", () => {
  it("are all covered, or listed with a reason", () => {
    const names = [...cases, ...services].map((entry) => entry.service_class);
    expect(names.filter((name) => !(name in known) && !inexpressible.has(name))).toEqual([]);
    expect(pairs.length).toBeGreaterThanOrEqual(13);
  });

  it.each(pairs)("%s: same contract id, same canonical bytes", (name, entry) => {
    const twin = known[name];
    expect(twin?.contractId).toBe(entry.contract_id);
    expect(Buffer.from(twin?.contractBytes() ?? []).toString("hex")).toBe(entry.contract_canonical_hex);
  });

  it.each(pairs)("%s: the manifest has the same id and type hashes", (name, entry) => {
    const hashes = entry.types.map((type) => type.blake3).sort();
    expect(known[name]?.manifest()).toMatchObject({ contract_id: entry.contract_id, type_hashes: hashes });
  });
});

describe("a service whose tag needs a Python module", () => {
  const NoSlash = message("NoSlash", { a: t.int });
  const nameless = service("Tags", {}, { a: unary(NoSlash, NoSlash) });

  it("has no contract id, and the error explains why", () => {
    expect(() => nameless.contractId).toThrow(AsterError);
    expect(() => nameless.contractId).toThrow(/NoSlash/);
    expect(() => nameless.manifest()).toThrow(expect.objectContaining({ reason: "NO_CONTRACT_ID" }));
  });

  it("gets one when the module is given", () => {
    expect(derived.tagged.contractId).toMatch(/^[0-9a-f]{64}$/);
  });
});
