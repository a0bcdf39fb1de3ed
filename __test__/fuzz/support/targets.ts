// The JavaScript decoders that read hostile bytes, one entry each.
//
// A target makes subjects: a schema with messages of it, and the check for every input. To add a decoder, add an entry to the
// table; `threeReaders` has most of what a check needs.

import { message, t } from "aster-rpc";
import { codecBy, jsonCodec, type PlanCodec } from "../../../dist/codec/codec.js";
import type { MessageCodec } from "../../../dist/message.js";
import type { SchemaObject } from "../../../dist/schema/schema.js";
import { vectorMessages } from "./corpus.ts";
import { checkIdl, checkManifest, idlSeeds, manifestSeeds } from "./documents.ts";
import { attempt, decode, encode, hexOf, jsonByRust, refusedByRust } from "./executors.ts";
import { jsSubject, nativeSubject } from "./native.ts";
import type { Random } from "./random.ts";
import { rowSubject, tableSubject } from "./rows.ts";
import { textOf } from "./text.ts";
import { type Loose, makeWorld, rootOf, schemasOf, type WorldOptions } from "./types.ts";
import { ValueMaker } from "./values.ts";

/** A decoder with messages to damage. */
export interface Subject {
  readonly seeds: readonly Uint8Array[];
  /** The outcome of an input, in a few words. The fuzzer keeps inputs with new outcomes. @throws when a check fails */
  check(bytes: Uint8Array): string;
}

export type Target = (random: Random) => Subject;

export const targets: Readonly<Record<string, Target>> = {
  /** Random schemas, decoded by generated code, by the interpreter and by Rust. */
  xlang: (random) => randomMessages(random, { mutual: true }),
  /** The same with references: identity is kept, and cycles end. */
  references: (random) => randomMessages(random, { mutual: true, refs: true }),
  /** The recorded messages of the reference. */
  vectors: (random) => {
    const { schema, seeds } = random.pick(vectorMessages("xlang"));
    return { seeds, check: threeReaders(schema) };
  },
  /** The recorded object graphs of the reference. */
  graphs: (random) => {
    const { schema, seeds } = random.pick(vectorMessages("refs"));
    return { seeds, check: threeReaders(schema) };
  },
  /** Messages in compatible mode: Rust converts them, and both executors decode the result. */
  compatible: (random) => randomMessages(random, { refs: random.once(3), compatible: true }),
  descriptions: (random) => {
    const { schema, seeds } = random.pick(vectorMessages("compatible"));
    return { seeds, check: threeReaders(schema) };
  },
  /** Any values, as peers without a schema send them. */
  dynamic: (random) => {
    const world = makeWorld(random);
    const schemas = schemasOf(world);
    const maker = new ValueMaker(random, world, schemas);
    const Holder = message("fuzz/Holder", { any: t.any }, { types: [...schemas.values()] });
    const codec = codecBy("generated", Holder);
    const seeds = Array.from({ length: 12 }, () => encode(codec, { any: maker.dynamic(0) }));
    const check = threeReaders(Holder as Loose);
    return { seeds, check: (bytes) => `${check(bytes)} / ${schemaless(bytes)}` };
  },
  /** NATIVE mode: messages of random schemas, and values of `t.js`. */
  native: nativeSubject,
  js: jsSubject,
  /** Rows and tables, which are read in place. */
  rows: rowSubject,
  tables: tableSubject,
  /** Manifests and IDL files of others, from which commands generate code. */
  manifest: () => ({ seeds: manifestSeeds(), check: checkManifest }),
  idl: () => ({ seeds: idlSeeds(), check: checkIdl }),
  /** JSON text of random schemas, which Rust reads and JavaScript decodes. */
  json: (random) => {
    const world = makeWorld(random, { mutual: true });
    const schemas = schemasOf(world);
    const maker = new ValueMaker(random, world, schemas);
    const schema = schemas.get(rootOf(world));
    const texts = Array.from({ length: 30 }, () =>
      attempt(() => schema.encodeJson(maker.root(rootOf(world)))),
    );
    const seeds = texts.flatMap((read) => ("value" in read ? [Buffer.from(read.value as string)] : []));
    return { seeds: seeds.length > 0 ? seeds.slice(0, 12) : [Buffer.from("{}")], check: jsonReader(schema) };
  },
};

function randomMessages(random: Random, options: WorldOptions): Subject {
  const world = makeWorld(random, options);
  const schemas = schemasOf(world);
  const maker = new ValueMaker(random, world, schemas);
  const schema = schemas.get(rootOf(world));
  const { codec } = wireCodec("generated", schema);
  const seeds = Array.from({ length: 12 }, () => encode(codec, maker.root(rootOf(world))));
  return { seeds, check: threeReaders(schema) };
}

/** The codec for the bytes of a peer: the codec itself, or the one of compatible mode. */
function wireCodec(
  executor: "generated" | "interpreted",
  schema: SchemaObject,
): { plan: PlanCodec; codec: MessageCodec } {
  const plan = codecBy(executor, schema);
  return { plan, codec: plan.compatible ?? plan };
}

/** The reason of a refusal, without positions, names and numbers. */
function kindOf(refused: string): string {
  const reason =
    refused
      .replace(/^.* at byte \d+: /s, "")
      .split(": ")
      .at(-1) ?? "";
  return reason
    .replace(/".*"|'.*'/gs, "_")
    .replace(/-?\d+/g, "N")
    .slice(0, 80);
}

/** Peers can send unsigned 64-bit integers at positions without a type. Python and TypeScript write signed ones there. */
const isUnsigned = (text: string): boolean => /i\d{19,20}/.test(text);

/** Refusals that only JavaScript makes: an integer too large for t.int, and one value as t.map and t.record. */
const isOfOurKinds = (refused: string): boolean =>
  refused.includes("is too large for a number") || refused.includes("with another JavaScript representation");

/** Such an unsigned integer is also refused in compatible mode, because its conversion writes integers again. */
const isUnwritable = (refused: string): boolean => /\d{19,20} is out of the range of int$/.test(refused);

/** Generated code, the interpreter and Rust agree about the same bytes, and a decoded value can be encoded. */
function threeReaders(schema: SchemaObject): (bytes: Uint8Array) => string {
  const { plan, codec: generated } = wireCodec("generated", schema);
  const { codec: interpreted } = wireCodec("interpreted", schema);
  return (bytes) => {
    const read = attempt(() => decode(generated, bytes));
    const other = attempt(() => decode(interpreted, bytes));
    const rust = refusedByRust(plan, bytes);
    if ("refused" in read) {
      if (!("refused" in other)) throw new Error(`only generated code refuses: ${read.refused}`);
      const ours = isOfOurKinds(read.refused) || (plan.compatible !== null && isUnwritable(read.refused));
      if (rust === null && !ours) throw new Error(`Rust takes it: ${read.refused}`);
      if (isOfOurKinds(read.refused) !== isOfOurKinds(other.refused))
        throw new Error(`${read.refused} or ${other.refused}`);
      return kindOf(read.refused);
    }
    if ("refused" in other) throw new Error(`only the interpreter refuses: ${other.refused}`);
    if (rust !== null) throw new Error(`only Rust refuses: ${rust}`);
    const text = textOf(schema, read.value);
    if (textOf(schema, other.value) !== text)
      throw new Error("generated and interpreted code read different values");
    readAgain(schema, [generated, interpreted], read.value, { text, bytes, plan });
    return `value ${bytes.length}`;
  };
}

interface Original {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly plan: PlanCodec;
}

function readAgain(
  schema: SchemaObject,
  codecs: readonly MessageCodec[],
  value: unknown,
  original: Original,
): void {
  const written = codecs.map((codec) => attempt(() => encode(codec, value)));
  const [first, second] = written;
  if (first === undefined || second === undefined) return;
  if ("refused" in first || "refused" in second) {
    if ("refused" in first && "refused" in second && isUnsigned(original.text)) return;
    throw new Error(
      `what was read cannot be written: ${JSON.stringify(written.map((one) => "refused" in one && one))}`,
    );
  }
  const again = first.value as Uint8Array;
  if (hexOf(again) !== hexOf(second.value as Uint8Array))
    throw new Error("the executors write different bytes");
  const [codec] = codecs as [MessageCodec];
  if (textOf(schema, decode(codec, again)) !== original.text)
    throw new Error("what was written is another value");
  // Dates lose microseconds, sets lose repeated elements, and maps lose values of repeated keys, which may be the only part
  // that JSON cannot hold. Rust must decode everything else to the same value.
  const { plan, text, bytes } = original;
  if (/[T{]/.test(text) || plan.compatible !== null) return;
  const [before, after] = [jsonByRust(plan, bytes), jsonByRust(plan, again)];
  if (before === null) return;
  if (normal(before) !== normal(after)) throw new Error(`Rust reads another value: ${before} and ${after}`);
}

/** JSON text without repeated members. Python's JSON has three more numbers, which are written as strings. */
function normal(json: string | null): string | null {
  if (json === null) return null;
  const text = json.replace(/"(?:[^"\\]|\\.)*"|NaN|-?Infinity/g, (part) =>
    part.startsWith('"') ? part : JSON.stringify(`number ${part}`),
  );
  return JSON.stringify(JSON.parse(text));
}

/** The codec of calls without a schema. */
function schemaless(bytes: Uint8Array): string {
  const read = attempt(() => decode(jsonCodec, bytes));
  return "refused" in read ? kindOf(read.refused) : typeof read.value;
}

/** JSON that can be read can be written, and is then read as the same value. */
function jsonReader(schema: Loose): (bytes: Uint8Array) => string {
  return (bytes) => {
    const text = Buffer.from(bytes).toString("utf8");
    const read = attempt(() => schema.decodeJson(text));
    if ("refused" in read) return kindOf(read.refused);
    const value = textOf(schema, read.value);
    const written = attempt(() => schema.encodeJson(read.value));
    if ("refused" in written) throw new Error(`what was read cannot be written: ${written.refused}`);
    const again = textOf(schema, schema.decodeJson(written.value));
    if (again !== value) throw new Error(`what was written is another value: ${value} and ${again}`);
    return `value ${text.length}`;
  };
}
