// Random values of random types.

import { asFloat, PlainDate } from "aster-rpc";
import type { Random } from "./random.ts";
import type { EnumType, Loose, MessageType, Type, World } from "./types.ts";

const TEXTS = [
  "",
  "\u0000",
  "__proto__",
  "constructor",
  "a😀é日",
  "\ud83d\ude00",
  "é".repeat(70),
  "日".repeat(40),
];

/** A string for one of the three encodings. */
function makeText(random: Random): string {
  if (random.once(6)) return random.pick(TEXTS);
  const most = random.pick([0x7f, 0x7f, 0xff, 0xd7ff, 0xffff, 0x10ffff]);
  let text = "";
  for (let left = random.below(random.once(10) ? 80 : 12); left > 0; left--) {
    const code = random.between(1, most);
    text += code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code);
  }
  return text;
}

const FLOATS = [
  0,
  -0,
  1,
  -1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  2 ** 53,
  1e300,
];

function makeFloat(random: Random): number {
  if (random.once(3)) return random.pick(FLOATS);
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, random.bits());
  view.setUint32(4, random.bits());
  return view.getFloat64(0);
}

/**
 * Microseconds that a Python float holds exactly, because Python computes timestamps with floats: 64ths of a second near
 * 1970, multiples of 64 seconds in other centuries.
 */
function makeMicros(random: Random, step: number): bigint {
  if (random.once(4)) return BigInt(random.between(-960_000_000, 3_900_000_000)) * 64_000_000n;
  const steps =
    random.between(-8_500_000_000, 8_500_000_000) * (1_000_000 / step) + random.below(1_000_000 / step);
  return BigInt(steps) * BigInt(step);
}

function makeDay(random: Random): string {
  return new Date(random.between(-719_000, 2_932_000) * 86_400_000).toISOString().slice(0, 10);
}

const signed = (random: Random, bits: number): bigint =>
  BigInt.asIntN(bits, random.once(2) ? random.long() : -random.long());
const unsigned = (random: Random, bits: number): bigint => BigInt.asUintN(bits, random.long());

const scalars: Readonly<Record<string, (random: Random) => unknown>> = {
  bool: (random) => random.once(2),
  int8: (random) => Number(signed(random, 8)),
  int16: (random) => Number(signed(random, 16)),
  int32: (random) => Number(signed(random, 32)),
  fixedInt32: (random) => Number(signed(random, 32)),
  int: (random) => Math.max(Number(signed(random, 54)), Number.MIN_SAFE_INTEGER),
  bigint: (random) => signed(random, 64),
  int64: (random) => signed(random, 64),
  fixedInt64: (random) => signed(random, 64),
  taggedInt64: (random) => signed(random, 64),
  uint8: (random) => Number(unsigned(random, 8)),
  uint16: (random) => Number(unsigned(random, 16)),
  uint32: (random) => Number(unsigned(random, 32)),
  fixedUint32: (random) => Number(unsigned(random, 32)),
  uint64: (random) => unsigned(random, 64),
  fixedUint64: (random) => unsigned(random, 64),
  taggedUint64: (random) => unsigned(random, 64),
  float32: (random) => Math.fround(makeFloat(random)),
  float: makeFloat,
  string: makeText,
  bytes: (random) => random.bytes(40),
  timestamp: (random) => new Date(Number(makeMicros(random, 125_000) / 1000n)),
  timestampMicros: (random) => makeMicros(random, 15_625),
  date: makeDay,
  int16Array: (random) => new Int16Array(aligned(random)),
  int32Array: (random) => new Int32Array(aligned(random)),
  int64Array: (random) => new BigInt64Array(aligned(random)),
  uint16Array: (random) => new Uint16Array(aligned(random)),
  uint32Array: (random) => new Uint32Array(aligned(random)),
  uint64Array: (random) => new BigUint64Array(aligned(random)),
  float32Array: (random) => new Float32Array(aligned(random)),
  float64Array: (random) => new Float64Array(aligned(random)),
};

/** Bytes for up to six items of any size. */
function aligned(random: Random): ArrayBuffer {
  return Uint8Array.from({ length: 8 * random.below(7) }, () => random.bits()).buffer;
}

/** Makes values for the types of one world. */
export class ValueMaker {
  readonly #random: Random;
  readonly #schemas: ReadonlyMap<string, Loose>;
  readonly #types: ReadonlyMap<string, MessageType | EnumType>;
  /** The number of containers and messages that the value may still contain. */
  #fuel = 0;
  /** The values made so far, by type, which may be used at other positions too. Null without references. */
  #made: Map<string, Loose[]> | null;
  /** Positions to fill with such a value after all values are made. This makes cycles. */
  #open: { readonly object: Loose; readonly name: string; readonly type: string }[] = [];

  constructor(random: Random, world: World, schemas: ReadonlyMap<string, Loose>) {
    this.#random = random;
    this.#schemas = schemas;
    this.#types = new Map(world.map((type) => [type.tag, type]));
    this.#made = world.some((type) => type.kind === "message" && type.refs) ? new Map() : null;
  }

  /** A value of a message type, for encoding. */
  root(tag: string): Loose {
    this.#fuel = this.#random.pick([5, 15, 40]);
    this.#made?.clear();
    this.#open = [];
    const root = this.#message(tag, 0);
    for (const { object, name, type } of this.#open)
      object[name] = this.#random.pick(this.#made?.get(type) ?? [null]);
    return root;
  }

  #message(tag: string, depth: number): Loose {
    this.#fuel--;
    const { fields } = this.#types.get(tag) as MessageType;
    const members = fields.map(({ name, type, shared }) => [
      name,
      shared ? this.#shareable(type, depth + 1) : this.#value(type, depth + 1),
    ]);
    const object = this.#schemas.get(tag).of(Object.fromEntries(members));
    for (const { name, type, shared } of fields) {
      const open = shared && object[name] === null && typeof type === "object" && "optional" in type;
      if (open && this.#random.once(2))
        this.#open.push({ object, name, type: JSON.stringify(type.optional) });
    }
    this.#keep({ message: tag }, object);
    return object;
  }

  #keep(type: Type, value: Loose): void {
    const key = JSON.stringify(type);
    this.#made?.set(key, [...(this.#made.get(key) ?? []), value]);
  }

  /** A value for a position that tracks references: a new value, or one that is used elsewhere too. */
  #shareable(type: Type, depth: number): Loose {
    const known = this.#made?.get(JSON.stringify(type));
    return known !== undefined && this.#random.once(3) ? this.#random.pick(known) : this.#value(type, depth);
  }

  #count(depth: number): number {
    const most = this.#fuel <= 0 || depth > 20 ? 0 : this.#random.once(25) ? 300 : 5;
    return this.#random.below(Math.min(most, Math.max(this.#fuel, 0) + 3) + 1) * (most > 0 ? 1 : 0);
  }

  #value(type: Type, depth: number): Loose {
    const random = this.#random;
    if (typeof type === "string") {
      const scalar = scalars[type];
      if (scalar !== undefined) return scalar(random);
      return type === "any"
        ? this.dynamic(depth)
        : this.#dynamicContainer(type === "anyMap" ? "map" : "list", depth);
    }
    if ("optional" in type) {
      return random.once(3) || this.#fuel <= 0 || depth > 20 ? null : this.#value(type.optional, depth);
    }
    if ("message" in type) return this.#message(type.message, depth);
    if ("union" in type) return this.#message(random.pick(type.union), depth);
    if ("enum" in type) return random.pick((this.#types.get(type.enum) as EnumType).members);
    this.#fuel--;
    const length = this.#count(depth);
    const items = <V>(make: () => V): V[] => Array.from({ length }, make);
    const made = this.#collection(type, items, depth + 1);
    this.#keep(type, made);
    return made;
  }

  #collection(
    type: Exclude<Type, string>,
    items: <V>(make: () => V) => V[],
    depth: number,
  ): Loose[] | Set<Loose> | Map<Loose, Loose> {
    if ("list" in type) return items(() => this.#shareable(type.list, depth));
    if ("set" in type) return new Set(items(() => this.#value(type.set, depth)));
    const [key, value] = (type as { map: readonly [Type, Type] }).map;
    return new Map(items(() => [this.#value(key, depth), this.#shareable(value, depth)]));
  }

  /** A value for a position without a type. */
  dynamic(depth: number): unknown {
    const random = this.#random;
    const tags = [...this.#types.keys()];
    const roll = random.below(16);
    if (roll === 0) return null;
    if (roll === 1) return random.once(2);
    if (roll <= 4) return signed(random, 64);
    if (roll === 5) return makeDynamicFloat(random);
    if (roll <= 8) return makeText(random);
    if (roll === 9) return random.bytes(20);
    if (roll === 10) return new PlainDate(makeDay(random));
    if (roll === 11) return scalars.timestamp?.(random);
    if (depth > 20 || this.#fuel <= 0) return random.below(100);
    if (roll === 12) return this.#dynamicContainer("list", depth);
    if (roll === 13) return this.#dynamicContainer("map", depth);
    if (roll === 14) return new Set(Array.from({ length: this.#count(depth) }, () => makeText(random)));
    const type = this.#types.get(random.pick(tags)) as MessageType | EnumType;
    if (type.kind === "enum") return this.#schemas.get(type.tag).value(random.pick(type.members));
    return this.#message(type.tag, depth);
  }

  #dynamicContainer(kind: "list" | "map", depth: number): unknown {
    this.#fuel--;
    const random = this.#random;
    const length = this.#count(depth);
    if (kind === "list") return Array.from({ length }, () => this.dynamic(depth + 1));
    const key = random.once(3) ? () => BigInt.asIntN(40, random.long()) : () => makeText(random);
    return new Map(Array.from({ length }, () => [key(), this.dynamic(depth + 1)]));
  }
}

function makeDynamicFloat(random: Random): unknown {
  return asFloat(makeFloat(random));
}
