// A small random source. It gives the same numbers for the same seed, so that a finding can be repeated.

/** xorshift128 with helpers. Not for secrets. */
export class Random {
  #a: number;
  #b = 0x9e3779b9;
  #c = 0x243f6a88;
  #d = 0xb7e15162;

  constructor(seed: number) {
    this.#a = seed | 0 || 1;
    for (let round = 0; round < 20; round++) this.bits();
  }

  /** 32 random bits, unsigned. */
  bits(): number {
    let t = this.#a;
    t ^= t << 11;
    t ^= t >>> 8;
    this.#a = this.#b;
    this.#b = this.#c;
    this.#c = this.#d;
    this.#d = this.#d ^ (this.#d >>> 19) ^ t;
    return this.#d >>> 0;
  }

  /** An integer from 0 to `bound - 1`; 0 when the bound is 0. */
  below(bound: number): number {
    return bound <= 1 ? 0 : Math.floor((this.bits() / 4294967296) * bound);
  }

  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True once in `times`, on average. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  /** 64 random bits, often with only the low bits set, because small numbers and the ends of varints matter most. */
  long(): bigint {
    const all = (BigInt(this.bits()) << 32n) | BigInt(this.bits());
    const cut = all >> BigInt(this.below(65));
    return this.once(6) ? (1n << BigInt(this.below(64))) - BigInt(this.below(3)) : cut;
  }

  bytes(most: number): Uint8Array {
    return Uint8Array.from({ length: this.below(most + 1) }, () => this.bits() & 255);
  }
}
