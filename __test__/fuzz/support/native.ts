// The decoders of NATIVE mode as targets: positional messages of random schemas, and values of `t.js`.

import { message, t } from "aster-rpc";
import { codecBy } from "../../../dist/codec/codec.js";
import { attempt, decode, encode, hexOf } from "./executors.ts";
import { JsValueMaker } from "./js-values.ts";
import type { Random } from "./random.ts";
import { difference } from "./same-clone.ts";
import type { Subject } from "./targets.ts";
import { textOf } from "./text.ts";
import { makeWorld, rootOf, schemasOf } from "./types.ts";
import { ValueMaker } from "./values.ts";

/** Random schemas, decoded by generated code and by the interpreter, which must agree. */
export function nativeSubject(random: Random): Subject {
  const world = makeWorld(random, { mutual: true, refs: random.once(4) });
  const schemas = schemasOf(world);
  const maker = new ValueMaker(random, world, schemas);
  const schema = schemas.get(rootOf(world));
  const generated = codecBy("generated", schema).native;
  const interpreted = codecBy("interpreted", schema).native;
  const seeds = Array.from({ length: 12 }, () => encode(generated, maker.root(rootOf(world))));
  const check = (bytes: Uint8Array): string => {
    const read = attempt(() => decode(generated, bytes));
    const other = attempt(() => decode(interpreted, bytes));
    if ("refused" in read || "refused" in other) {
      if ("refused" in read && "refused" in other) return reasonOf(read.refused);
      throw new Error(
        `only one executor refuses: ${JSON.stringify([read, other].filter((one) => "refused" in one))}`,
      );
    }
    const text = textOf(schema, read.value);
    if (textOf(schema, other.value) !== text) throw new Error("the executors read different values");
    const written = [generated, interpreted].map((codec) => attempt(() => encode(codec, read.value)));
    const [first, second] = written;
    if (first === undefined || second === undefined) return "";
    if ("refused" in first || "refused" in second) {
      // A peer can send unsigned 64-bit integers at positions without a type, which are not written there.
      if ("refused" in first && "refused" in second && /i\d{19,20}/.test(text))
        return `value ${bytes.length}`;
      throw new Error(
        `what was read cannot be written: ${JSON.stringify(written.map((one) => "refused" in one && one))}`,
      );
    }
    const again = first.value as Uint8Array;
    if (hexOf(again) !== hexOf(second.value as Uint8Array))
      throw new Error("the executors write different bytes");
    if (textOf(schema, decode(generated, again)) !== text)
      throw new Error("what was written is another value");
    return `value ${bytes.length}`;
  };
  return { seeds, check };
}

const Holder = message("fuzz/Js", { name: t.string, value: t.js, more: t.list(t.js) });

/** Values of `t.js`. What was read is written again and then read as the same graph. */
export function jsSubject(random: Random): Subject {
  const maker = new JsValueMaker(random);
  const codec = codecBy("generated", Holder).native;
  const make = (): unknown => ({
    name: random.pick(["", "x", "日"]),
    value: maker.value(),
    more: [maker.value()],
  });
  const seeds = Array.from({ length: 12 }, () => encode(codec, make()));
  const check = (bytes: Uint8Array): string => {
    const read = attempt(() => decode(codec, bytes));
    if ("refused" in read) return reasonOf(read.refused);
    const written = attempt(() => encode(codec, read.value));
    if ("refused" in written) throw new Error(`what was read cannot be written: ${written.refused}`);
    const found = difference(read.value, decode(codec, written.value as Uint8Array));
    if (found !== null) throw new Error(`what was written is another value: ${found}`);
    return `value ${bytes.length}`;
  };
  return { seeds, check };
}

/** The reason of a refusal, without positions and numbers. */
function reasonOf(refused: string): string {
  return refused
    .replace(/^.* at byte \d+: /s, "")
    .replace(/-?\d+/g, "N")
    .slice(0, 80);
}
