// Rows and tables: views of bytes from a peer, read in place.
//
// Owns: their seeds and the check: the content of a view can be encoded again, to equal bytes.

import { isDeepStrictEqual } from "node:util";
import { rows } from "aster-rpc";
import { attempt } from "./executors.ts";
import type { Random } from "./random.ts";
import { type Loose, rootOf, schemasOf, type World } from "./types.ts";
import { ValueMaker } from "./values.ts";

/** The types that rows can hold. */
const WORLD: World = [
  {
    kind: "message",
    tag: "rows/Inner",
    refs: false,
    compatible: false,
    fields: [
      { name: "a", type: "string", shared: false },
      { name: "b", type: { optional: "int32" }, shared: false },
      { name: "deep", type: { list: { list: "int16" } }, shared: false },
    ],
  },
  {
    kind: "message",
    tag: "rows/All",
    refs: false,
    compatible: false,
    fields: [
      { name: "text", type: "string", shared: false },
      { name: "whole", type: "int", shared: false },
      { name: "flag", type: "bool", shared: false },
      { name: "blob", type: "bytes", shared: false },
      { name: "floats", type: { list: "float" }, shared: false },
      { name: "flags", type: { list: { optional: "bool" } }, shared: false },
      { name: "texts", type: { list: { optional: "string" } }, shared: false },
      { name: "map", type: { map: ["string", { list: "int32" }] }, shared: false },
      { name: "inner", type: { optional: { message: "rows/Inner" } }, shared: false },
      { name: "inners", type: { list: { message: "rows/Inner" } }, shared: false },
    ],
  },
];

/** Rows with random values, and their check. */
export function rowSubject(random: Random): { seeds: Uint8Array[]; check: (bytes: Uint8Array) => string } {
  const schemas = schemasOf(WORLD);
  const maker = new ValueMaker(random, WORLD, schemas);
  const schema = schemas.get(rootOf(WORLD));
  const form = rows(schema) as Loose;
  const seeds = Array.from({ length: 8 }, () => form.encode(maker.root(rootOf(WORLD))));
  const read = (bytes: Uint8Array): Loose => form.row(bytes).toObject();
  const check = (bytes: Uint8Array): string => {
    const found = attempt(() => read(bytes));
    if ("refused" in found) return found.refused.split(": ").at(-1) ?? "";
    const again = read(form.encode(found.value));
    if (!isDeepStrictEqual(again, found.value)) throw new Error("what was written is another value");
    return `value ${bytes.length}`;
  };
  return { seeds, check };
}

/** Tables with random values. */
export function tableSubject(random: Random): { seeds: Uint8Array[]; check: (bytes: Uint8Array) => string } {
  const schemas = schemasOf(WORLD);
  const maker = new ValueMaker(random, WORLD, schemas);
  const form = rows(schemas.get(rootOf(WORLD))) as Loose;
  const values = (count: number): Loose[] => Array.from({ length: count }, () => maker.root(rootOf(WORLD)));
  const seeds = [0, 1, 3, 9].map((count) => form.encodeTable(values(count)));
  const read = (bytes: Uint8Array): Loose => form.table(bytes).toArray();
  const check = (bytes: Uint8Array): string => {
    const found = attempt(() => read(bytes));
    if ("refused" in found) return found.refused.split(": ").at(-1) ?? "";
    if (!isDeepStrictEqual(read(form.encodeTable(found.value)), found.value))
      throw new Error("what was written is another table");
    return `value ${bytes.length}`;
  };
  return { seeds, check };
}
