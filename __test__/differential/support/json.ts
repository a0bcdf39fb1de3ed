// Random values in JSON mode, by TypeScript and by Python: the same text, which both decode and encode again.

import { codecBy } from "../../../dist/codec/codec.js";
import { attempt, decode, encode, hexOf } from "../../fuzz/support/executors.ts";
import { Random } from "../../fuzz/support/random.ts";
import { makeWorld, rootOf, schemasOf, type Type, type World } from "../../fuzz/support/types.ts";
import { ValueMaker } from "../../fuzz/support/values.ts";
import { differ } from "./compare.ts";
import type { Reference } from "./python.ts";

/** A type that JSON can hold. Dynamic values inside may still be values that JSON cannot hold. */
function plainType(type: Type): Type {
  if (typeof type === "string") return /^(bytes|date|timestamp)|Array$/.test(type) ? "string" : type;
  if ("list" in type) return { list: plainType(type.list) };
  if ("set" in type) return { list: plainType(type.set) };
  if ("map" in type) return { map: [plainType(type.map[0]), plainType(type.map[1])] };
  if ("optional" in type) return { optional: plainType(type.optional) };
  return "union" in type ? { message: type.union[0] as string } : type;
}

const plainFields = (type: World[number]): World[number] =>
  type.kind === "enum"
    ? type
    : { ...type, fields: type.fields.map((field) => ({ ...field, type: plainType(field.type) })) };

/** JavaScript has one number type, so without a declared type a float without a fraction becomes an integer. */
const untyped = (text: string): string => text.replace(/(\d)\.0(?=[,\]}])/g, "$1");

/** The number of values that were compared as JSON, and of values that neither side could write. */
export interface JsonTally {
  readonly texts: number;
  readonly refused: number;
}

/** Compares values of one random world. @throws at the first difference, with everything that is needed to repeat it */
export async function compareJson(reference: Reference, seed: number, values: number): Promise<JsonTally> {
  const random = new Random(seed);
  const world = makeWorld(random).map(plainFields);
  const schemas = schemasOf(world);
  const schema = schemas.get(rootOf(world));
  const codec = codecBy("generated", schema);
  const maker = new ValueMaker(random, world, schemas);
  const messages = Array.from({ length: values }, () => encode(codec, maker.root(rootOf(world))));
  const answers = await reference.json({ world, json: messages.map(hexOf) });
  const same = (what: string, hex: string, ours: string, theirs: string): void => {
    if (untyped(ours) !== untyped(theirs)) differ({ seed, world }, what, hex, untyped(ours), untyped(theirs));
  };
  let texts = 0;
  for (const [index, [theirs, again]] of answers.entries()) {
    const message = messages[index] as Uint8Array;
    const hex = hexOf(message);
    const ours = attempt(() => schema.encodeJson(decode(codec, message)));
    if ("refused" in ours !== (again === undefined))
      differ({ seed, world }, "one side has no JSON", hex, JSON.stringify(ours), theirs);
    if ("refused" in ours || again === undefined) continue;
    texts++;
    same("another text", hex, ours.value as string, theirs);
    same("Python reads another value", hex, ours.value as string, again);
    same("we read another value", hex, schema.encodeJson(schema.decodeJson(theirs)), theirs);
  }
  return { texts, refused: values - texts };
}
