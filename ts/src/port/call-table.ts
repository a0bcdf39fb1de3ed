// The table of the running calls, by number.
//
// Owns: open addressing with linear probing, in arrays that live as long as the table. A Map would do the same work, but
// each time that it is full of deleted entries V8 makes a new table for it, and the old one refers to the new one. Once
// one of them is in the old generation, all later ones, and the calls in them, are promoted as well: with 100,000 calls a
// second that is megabytes a second of garbage which only a full collection frees.

const FIRST_SLOTS = 64;
const FREE = 0;

/** Values by number. A number is an integer from 1 to 2^32 - 1. */
export class CallTable<T> {
  // Odd and near 2^32 divided by the golden ratio, so that numbers in sequence are spread evenly. Its other bits are not
  // known to peers: they could leave those calls open whose numbers share a slot.
  readonly #factor = 0x9e000001 + Math.floor(Math.random() * 2 ** 23) * 2;
  #keys = new Uint32Array(FIRST_SLOTS);
  #values: (T | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  #shift = shiftOf(FIRST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(number: number): boolean {
    return this.#keys[this.#slot(number)] === number;
  }

  get(number: number): T | undefined {
    return this.#values[this.#slot(number)];
  }

  set(number: number, value: T): void {
    let slot = this.#slot(number);
    if (this.#keys[slot] === FREE) {
      if (this.#size * 2 >= this.#keys.length) {
        this.#resize(this.#keys.length * 2);
        slot = this.#slot(number);
      }
      this.#keys[slot] = number;
      this.#size += 1;
    }
    this.#values[slot] = value;
  }

  /** Removes an entry. Returns whether it was there. */
  delete(number: number): boolean {
    const slot = this.#slot(number);
    if (this.#keys[slot] === FREE) return false;
    this.#close(slot);
    this.#size -= 1;
    const slots = this.#keys.length;
    if (slots > FIRST_SLOTS && this.#size * 16 < slots) this.#resize(slots / 2);
    return true;
  }

  values(): T[] {
    const found: T[] = [];
    this.#keys.forEach((key, slot) => {
      if (key !== FREE) found.push(this.#values[slot] as T);
    });
    return found;
  }

  /** The slot of a number, or the free slot where it belongs. At least half of the slots are free. */
  #slot(number: number): number {
    const keys = this.#keys;
    const last = keys.length - 1;
    let slot = this.#home(number);
    for (let key = keys[slot]; key !== number && key !== FREE; key = keys[slot]) slot = (slot + 1) & last;
    return slot;
  }

  #home(number: number): number {
    return Math.imul(number, this.#factor) >>> this.#shift;
  }

  /** Frees a slot, and moves those behind it that would not be found any more. */
  #close(gap: number): void {
    const keys = this.#keys;
    const values = this.#values;
    const last = keys.length - 1;
    for (let slot = (gap + 1) & last; keys[slot] !== FREE; slot = (slot + 1) & last) {
      const key = keys[slot] as number;
      const distance = (slot - this.#home(key)) & last;
      if (distance < ((slot - gap) & last)) continue;
      keys[gap] = key;
      values[gap] = values[slot];
      gap = slot;
    }
    keys[gap] = FREE;
    values[gap] = undefined;
  }

  #resize(slots: number): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Uint32Array(slots);
    this.#values = new Array(slots).fill(undefined);
    this.#shift = shiftOf(slots);
    keys.forEach((key, from) => {
      if (key === FREE) return;
      const slot = this.#slot(key);
      this.#keys[slot] = key;
      this.#values[slot] = values[from];
    });
  }
}

function shiftOf(slots: number): number {
  return Math.clz32(slots) + 1;
}
