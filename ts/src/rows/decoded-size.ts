// The estimated size of what one call decodes from rows, such as `toObject()` or `toArray()`.
//
// Owns: the count and its limit. Does not own: what a value costs (`codec/costs.ts`).

import { COST, capacityFor } from "../codec/costs.js";
import { HashLoad, MAX_STEPS, type StepCounter, UNCOUNTED_KEYS } from "../codec/hash-load.js";
import { AsterError, Code } from "../errors.js";
import type { RowBytes } from "./row-bytes.js";

/** The size of the values that a call has decoded so far. */
export class DecodedSize implements StepCounter {
  readonly #limit: number;
  #room: number;
  #steps = 0;

  constructor({ maxDecoded }: RowBytes) {
    this.#limit = maxDecoded;
    this.#room = maxDecoded;
  }

  /** Counts what a value costs, before it is made. */
  charge(cost: number): void {
    this.#room -= cost;
    if (this.#room < 0) throw exceeded(`more than ${this.#limit} bytes of estimated size when decoded`);
  }

  addSteps(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw exceeded("the keys of a map or set collide too often");
  }

  /** Makes a set of values that were decoded. */
  set(values: readonly unknown[]): Set<unknown> {
    this.charge(COST.set + values.length * COST.element);
    if (values.length > UNCOUNTED_KEYS) new HashLoad(this).addAll(values);
    return new Set(values);
  }

  /** Makes a map of entries that were decoded. */
  map(entries: readonly (readonly [unknown, unknown])[]): Map<unknown, unknown> {
    this.charge(COST.map + entries.length * COST.entry);
    if (entries.length > UNCOUNTED_KEYS) new HashLoad(this).addAll(entries.map(([key]) => key));
    return new Map(entries);
  }

  /** Counts a record of these entries. */
  record(entries: readonly (readonly [unknown, unknown])[]): void {
    this.charge(COST.record + entries.length * COST.property);
    let capacity = 0;
    for (const [key] of entries) {
      const next = capacityFor(key as string, capacity);
      this.charge((next - capacity) * 8);
      capacity = next;
    }
  }
}

function exceeded(message: string): AsterError {
  return new AsterError(Code.RESOURCE_EXHAUSTED, message, { isLocal: true, reason: "LIMIT_EXCEEDED" });
}
