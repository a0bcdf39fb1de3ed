/** Numbers that collide in the hash table of a Map or Set: V8 hashes their bits without a seed. */

const MASK = (1n << 64n) - 1n;

/** The inverse of an odd factor, modulo 2^64. */
function inverse(factor: bigint): bigint {
  let result = factor;
  for (let step = 0; step < 6; step++) result = (result * (2n - factor * result)) & MASK;
  return result;
}

/** The inverse of `x ^ (x >> shift)`. */
function unshift(value: bigint, shift: bigint): bigint {
  let result = value;
  for (let step = 0n; step < 64n; step += shift) result = value ^ (result >> shift);
  return result & MASK;
}

const [by65, by21, by2To18] = [inverse(65n), inverse(21n), inverse((1n << 18n) - 1n)];

/** 64 bits with the given hash of 64 bits in V8. */
function bitsWithHash(hash: bigint): bigint {
  let bits = unshift(hash, 22n);
  bits = unshift((bits * by65) & MASK, 11n);
  bits = unshift((bits * by21) & MASK, 31n);
  return ((bits + 1n) * by2To18) & MASK;
}

const view = new DataView(new ArrayBuffer(8));

function floatOf(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

/** Different numbers, which all have the hash 12345. */
export function chosenFloats(count: number): number[] {
  const chosen: number[] = [];
  for (let index = 1n; chosen.length < count; index++) {
    const float = floatOf(bitsWithHash((index << 30n) | 12345n));
    if (Number.isFinite(float) && Math.abs(float) > 1e-300) chosen.push(float);
  }
  return chosen;
}

/** Different bigints, which all have the same hash. */
export function chosenBigints(count: number): bigint[] {
  const chosen: bigint[] = [];
  for (let index = 1n; chosen.length < count; index++) {
    const bits = bitsWithHash((index << 30n) | 12345n);
    if (bits >> 63n === 0n) chosen.push(bits);
  }
  return chosen;
}
