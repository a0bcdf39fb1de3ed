// Random types and values between TypeScript and Python in both directions, and damaged messages for both.
//
// Owns: what must agree. Bytes must be equal, except for the order of sets. Python accepts more damaged messages (it checks
// no types, and ignores extra bytes), so only messages that both accept are compared; the rest is counted by reason.

import { codecBy } from "../../../dist/codec/codec.js";
import type { MessageCodec } from "../../../dist/message.js";
import { decode, encode, hexOf } from "../../fuzz/support/executors.ts";
import { mutate } from "../../fuzz/support/mutate.ts";
import { Random } from "../../fuzz/support/random.ts";
import { sameText, textOf } from "../../fuzz/support/text.ts";
import { type Loose, makeWorld, rootOf, schemasOf, type World } from "../../fuzz/support/types.ts";
import { ValueMaker } from "../../fuzz/support/values.ts";
import type { Outcome, Reference } from "./python.ts";

/** The amount of comparisons for one world. */
export interface Amount {
  /** The number of values made by TypeScript, and the same number made by Python. */
  readonly values: number;
  readonly damaged: number;
}

/** The number of comparisons, and how often one side accepted what the other refused. */
export interface Tally {
  values: number;
  damaged: number;
  bothTake: number;
  /** Damaged messages at which the reference crashed. */
  crashes: number;
  /** Python's error texts for messages that TypeScript accepts, with their number. */
  readonly weTake: Map<string, number>;
  /** TypeScript's error texts for messages that Python accepts, with their number. */
  readonly pythonTakes: Map<string, number>;
}

export function newTally(): Tally {
  return { values: 0, damaged: 0, bothTake: 0, crashes: 0, weTake: new Map(), pythonTakes: new Map() };
}

function count(kinds: Map<string, number>, text: string): void {
  const kind = text
    .replace(/".*"|'.*'|<.*>/gs, "_")
    .replace(/-?\d+/g, "N")
    .slice(0, 90);
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
}

/** The schemas of a world on one side. */
interface Side {
  readonly world: World;
  readonly schema: Loose;
  readonly codec: MessageCodec;
  readonly seed: number;
  readonly refs: boolean;
}

/** Reports where two texts begin to differ. @throws always, with everything that is needed to repeat it */
export function differ(
  { seed, world }: Pick<Side, "seed" | "world">,
  what: string,
  hex: string,
  ours: string,
  theirs: string,
): never {
  const at = [...ours].findIndex((char, index) => char !== theirs[index]);
  const near = (text: string): string => text.slice(Math.max(0, at - 60), at + 120);
  throw new Error(
    `seed ${seed}: ${what}\nmessage ${hex}\nours   ...${near(ours)}\ntheirs ...${near(theirs)}\nworld ${JSON.stringify(world)}`,
  );
}

/** Compares values of one random world. @throws at the first difference, with everything that is needed to repeat it */
export async function compareWorld(
  reference: Reference,
  seed: number,
  amount: Amount,
  tally: Tally,
): Promise<void> {
  const random = new Random(seed);
  const refs = seed % 3 === 0;
  const compatible = seed % 4 === 1;
  const world = makeWorld(random, { refs, compatible, plain: compatible });
  const schemas = schemasOf(world);
  const schema = schemas.get(rootOf(world));
  const plan = codecBy("generated", schema);
  const side: Side = { world, schema, codec: plan.compatible ?? plan, seed, refs };
  const maker = new ValueMaker(random, world, schemas);
  const values = Array.from({ length: amount.values }, () => maker.root(rootOf(world)));
  const echo = values.map((value) => hexOf(encode(side.codec, value)));
  const damaged = Array.from({ length: amount.damaged }, () =>
    mutate(
      random,
      Buffer.from(random.pick(echo), "hex"),
      echo.slice(0, 4).map((hex) => Buffer.from(hex, "hex")),
    ),
  );
  const request = { world, echo, make: amount.values, seed, damaged: damaged.map(hexOf) };
  const answer = await reference.ask(request);
  for (const [index, hex] of echo.entries()) {
    // A value that is shared at a position without tracking is decoded as two values.
    const value = refs ? decode(side.codec, Buffer.from(hex, "hex")) : values[index];
    checkEcho(side, hex, textOf(schema, value), answer.echo[index] as Outcome);
  }
  for (const [text, hex] of answer.made) {
    if (hex === undefined) differ(side, `Python cannot write what it made: ${text}`, "", "", "");
    checkMade(side, text, hex);
  }
  for (const [index, bytes] of damaged.entries()) checkDamaged(side, bytes, answer.damaged[index]!, tally);
  tally.values += echo.length + answer.made.length;
  tally.damaged += damaged.length;
}

function checkEcho(side: Side, hex: string, text: string, [theirs, again]: Outcome): void {
  if (again === undefined) differ(side, `Python refuses what we wrote: ${theirs}`, hex, "", "");
  if (theirs !== text) differ(side, "Python reads another value than we wrote", hex, text, theirs);
  sameBytes(side, hex, again, text);
}

function checkMade(side: Side, theirs: string, hex: string): void {
  const value = decode(side.codec, Buffer.from(hex, "hex"));
  const text = textOf(side.schema, value);
  if (text !== theirs) differ(side, "we read another value than Python wrote", hex, text, theirs);
  sameBytes(side, hexOf(encode(side.codec, value)), hex, text);
}

/**
 * Sets are decoded in another order. With references, Python also treats as one object what it stores once: small integers,
 * short strings and bytes, which have no identity in TypeScript. All other bytes must be equal.
 */
function sameBytes(side: Side, ours: string, theirs: string, text: string): void {
  if (ours === theirs) return;
  if (!side.refs && !text.includes("{")) differ(side, "Python writes other bytes", ours, ours, theirs);
  if (!side.refs && ours.length !== theirs.length)
    differ(side, "Python writes another length", ours, ours, theirs);
  const again = textOf(side.schema, decode(side.codec, Buffer.from(theirs, "hex")));
  if (again !== text) differ(side, "Python writes another value", ours, text, again);
}

function checkDamaged(side: Side, bytes: Uint8Array, [theirs, again]: Outcome, tally: Tally): void {
  if (theirs === "crash") {
    tally.crashes++;
    return;
  }
  let ours: string;
  try {
    ours = textOf(side.schema, decode(side.codec, bytes));
  } catch (error) {
    if (again !== undefined)
      count(
        tally.pythonTakes,
        (error as Error).message.replace(/^.* at byte \d+: |^INVALID_ARGUMENT: .*: /s, ""),
      );
    return;
  }
  if (again === undefined) {
    count(tally.weTake, theirs);
    return;
  }
  tally.bothTake++;
  if (!sameText(ours, theirs)) differ(side, "a damaged message is another value", hexOf(bytes), ours, theirs);
}
