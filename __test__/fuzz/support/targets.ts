// The decoders in JavaScript that get hostile bytes, one entry each.
//
// A target makes subjects: a schema with messages of it, and the check that every input must pass. To add a decoder, add a
// line to the table; what its check needs is mostly in `threeReaders`.

import { message, t } from "aster-rpc";
import { codecBy, jsonCodec, type PlanCodec } from "../../../dist/codec/codec.js";
import type { MessageCodec } from "../../../dist/message.js";
import type { SchemaObject } from "../../../dist/schema/schema.js";
import { vectorMessages } from "./corpus.ts";
import { checkIdl, checkManifest, idlSeeds, manifestSeeds } from "./documents.ts";
import { attempt, decode, encode, hexOf, jsonByRust, refusedByRust } from "./executors.ts";
import type { Random } from "./random.ts";
import { rowSubject, tableSubject } from "./rows.ts";
import { textOf } from "./text.ts";
import { type Loose, makeWorld, rootOf, schemasOf, type WorldOptions } from "./types.ts";
import { ValueMaker } from "./values.ts";

/** Something that decodes, and messages to damage. */
export interface Subject {
  readonly seeds: readonly Uint8Array[];
  /** What became of an input, in a few words: the fuzzer keeps inputs that give new ones. @throws on a broken promise */
  check(bytes: Uint8Array): string;
}

export type Target = (random: Random) => Subject;

export const targets: Readonly<Record<string, Target>> = {
  /** Random schemas, read by generated code, by the interpreter and by Rust. */
  xlang: (random) => randomMessages(random, { mutual: true }),
  /** The same with references: what is shared stays shared, and cycles end. */
  references: (random) => randomMessages(random, { mutual: true, refs: true }),
  /** The recorded messages of the reference. */
  vectors: (random) => {
    const { schema, seeds } = random.pick(vectorMessages("xlang"));
    return { seeds, check: threeReaders(schema) };
  },
  /** Its recorded object graphs. */
  graphs: (random) => {
    const { schema, seeds } = random.pick(vectorMessages("refs"));
    return { seeds, check: threeReaders(schema) };
  },
  /** Messages that describe their fields: Rust takes them apart, and both executors build what it leaves. */
  compatible: (random) => randomMessages(random, { refs: random.once(3), compatible: true }),
  descriptions: (random) => {
    const { schema, seeds } = random.pick(vectorMessages("compatible"));
    return { seeds, check: threeReaders(schema) };
  },
  /** Anything at all, as peers without a schema send it. */
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
  /** Rows and tables, read in place. */
  rows: rowSubject,
  tables: tableSubject,
  /** Manifests and IDL of others, of which commands make code. */
  manifest: () => ({ seeds: manifestSeeds(), check: checkManifest }),
  idl: () => ({ seeds: idlSeeds(), check: checkIdl }),
  /** JSON text of random schemas, which Rust reads and JavaScript builds. */
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

/** What a peer's bytes go through: the codec itself, or the step before it that knows descriptions. */
function wireCodec(
  executor: "generated" | "interpreted",
  schema: SchemaObject,
): { plan: PlanCodec; codec: MessageCodec } {
  const plan = codecBy(executor, schema);
  return { plan, codec: plan.compatible ?? plan };
}

/** The reason of a refusal without what differs from input to input: where it was, names, numbers. */
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

/** Peers can send unsigned 64-bit integers where no type stands; Python and we write signed ones there. */
const isUnsigned = (text: string): boolean => /i\d{19,20}/.test(text);

/** Rust does not know the kinds of JavaScript: an integer that is too large for t.int, one value as a t.map and a t.record. */
const isOfOurKinds = (refused: string): boolean =>
  refused.includes("is too large for a number") || refused.includes("with another JavaScript representation");

/** An unsigned integer of the kind above: what takes descriptions away writes integers anew, and refuses it. */
const isUnwritable = (refused: string): boolean => /\d{19,20} is out of the range of int$/.test(refused);

/** Generated code, the interpreter and Rust say the same of the same bytes, and what is read can be written. */
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
  // Dates lose microseconds, sets repeated elements, and maps what a repeated key overwrites, which may be the one part
  // without a form in JSON; everything else Rust must see as the same.
  const { plan, text, bytes } = original;
  if (/[T{]/.test(text) || plan.compatible !== null) return;
  const [before, after] = [jsonByRust(plan, bytes), jsonByRust(plan, again)];
  if (before === null) return;
  if (normal(before) !== normal(after)) throw new Error(`Rust reads another value: ${before} and ${after}`);
}

/** JSON text with repeated members resolved. Python's JSON has three numbers more, which become text of their own. */
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

/** JSON that is read can be written, and is then read as the same. */
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
