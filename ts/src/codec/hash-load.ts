// The work that the keys of a decoded map or set cause in the hash table of V8.
//
// V8 does not seed its hash of numbers and bigints, nor in older releases that of strings such as "17". A peer can
// choose keys that all fall into one chain of the table, and each new key walks along its chain. Owns: the same hashes, and
// the count of these steps. The count stays below two steps a key for keys that nobody chose, so the limit refuses no honest
// message (docs/security.md#chosen-keys).

import { arrayIndexOf } from "./costs.js";

/** The steps along chains that one message may cause: about 50 ms. */
export const MAX_STEPS = 16_777_216;

/** Collections with up to this many keys are not counted: their chains are short. */
export const UNCOUNTED_KEYS = 16;

/** Counts the steps of all collections of one message. */
export interface StepCounter {
  /** Adds steps, and fails above the limit. */
  addSteps(steps: number): void;
}

const float = new Float64Array(1);
const integer = new BigUint64Array(float.buffer);
const halves = new Uint32Array(float.buffer);

/** The hash of a 32-bit integer in V8 (`ComputeUnseededHash`). */
function hashOfInt32(key: number): number {
  let hash = (~key + (key << 15)) | 0;
  hash ^= hash >>> 12;
  hash = (hash + (hash << 2)) | 0;
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 2057);
  return (hash ^ (hash >>> 16)) & 0x3fffffff;
}

/** The hash of 64 bits in V8 (`ComputeLongHash`), in two halves. The bits are in `halves`. */
function hashOfHalves(): number {
  let low = halves[0] as number;
  let high = halves[1] as number;
  let sum = (~low >>> 0) + ((low << 18) >>> 0);
  high = (~high + ((high << 18) | (low >>> 14)) + (sum > 0xffffffff ? 1 : 0)) | 0;
  low = sum | 0;
  low ^= (low >>> 31) | (high << 1);
  high ^= high >>> 31;
  sum = (low >>> 0) * 21;
  high = (Math.imul(high, 21) + Math.floor(sum / 2 ** 32)) | 0;
  low = sum | 0;
  low ^= (low >>> 11) | (high << 21);
  high ^= high >>> 11;
  sum = (low >>> 0) + ((low << 6) >>> 0);
  high = (high + ((high << 6) | (low >>> 26)) + (sum > 0xffffffff ? 1 : 0)) | 0;
  low = sum | 0;
  return (low ^ ((low >>> 22) | (high << 10))) & 0x3fffffff;
}

/** The hash of a key that a peer can compute, or -1 for a key whose hash it does not know. */
export function predictableHash(key: unknown): number {
  if (typeof key === "number") {
    if ((key | 0) === key) return hashOfInt32(key);
    float[0] = key;
    return hashOfHalves();
  }
  if (typeof key === "bigint") {
    if (key === 0n) return 0;
    integer[0] = key < 0n ? -key : key;
    return hashOfHalves();
  }
  if (typeof key !== "string") return -1;
  const index = arrayIndexOf(key);
  return index < 0 ? -1 : (index & 0xffffff) | (key.length << 24);
}

/** The chains of one map or set, as V8 has them: two keys for each chain on average, twice the chains when it is full. */
export class HashLoad {
  readonly #steps: StepCounter;
  #hashes: Uint32Array | null = null;
  #chains = NO_CHAINS;
  #count = 0;

  constructor(steps: StepCounter) {
    this.#steps = steps;
  }

  /** Counts a key before it is added. */
  add(key: unknown): void {
    const hash = predictableHash(key);
    if (hash < 0) return;
    let hashes = this.#hashes;
    if (hashes === null || this.#count === hashes.length) hashes = this.#grow(hashes);
    hashes[this.#count++] = hash;
    const chain = hash & (this.#chains.length - 1);
    const steps = this.#chains[chain] as number;
    this.#chains[chain] = steps + 1;
    if (steps > 2) this.#steps.addSteps(steps);
  }

  /** Counts the keys of a set before it is made. */
  addAll(keys: readonly unknown[]): void {
    for (const key of keys) this.add(key);
  }

  #grow(full: Uint32Array | null): Uint32Array {
    const hashes = new Uint32Array(full === null ? 4 * UNCOUNTED_KEYS : full.length * 2);
    const chains = new Uint32Array(hashes.length / 2);
    if (full !== null) hashes.set(full);
    for (let at = 0; at < this.#count; at++) {
      const chain = (hashes[at] as number) & (chains.length - 1);
      chains[chain] = (chains[chain] as number) + 1;
    }
    this.#hashes = hashes;
    this.#chains = chains;
    return hashes;
  }
}

const NO_CHAINS = new Uint32Array(0);
