// Runs targets on damaged messages until a number of inputs or a time is reached.
//
// Owns: the loop, the corpus (inputs with a new outcome are kept and damaged again), the limits for every input, and the
// report of a finding, with everything that is needed to repeat it.

import { hexOf } from "./executors.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import { type Subject, targets } from "./targets.ts";

/** The time limit for an input. Most take microseconds; the rest allows for a busy machine. */
const MOST_MS = 2000;
const INPUTS_OF_A_SUBJECT = 400;
const KEPT = 200;

/** The limits of a run. The first limit that is reached ends it. */
export interface Bound {
  readonly inputs?: number;
  readonly seconds?: number;
}

/** The counts of a run. */
export interface Ran {
  readonly inputs: number;
  readonly subjects: number;
  /** The number of inputs that were decoded, not refused. */
  readonly taken: number;
  /** The number of different outcomes. */
  readonly outcomes: number;
}

const NATIVES = [Object, Array, Map, Set, Date, Function, Uint8Array, String, Number].map(
  ({ prototype }) => prototype,
);
const shapes = (): string => NATIVES.map((prototype) => Reflect.ownKeys(prototype).length).join();
const SHAPES = shapes();

/** Fuzzes a target. @throws at the first finding, with the seed of the subject and the input */
export function fuzz(name: string, seed: number, bound: Bound): Ran {
  const target = targets[name];
  if (target === undefined) throw new Error(`the targets are ${Object.keys(targets).join(", ")}`);
  const end = performance.now() + (bound.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  const most = bound.inputs ?? Number.POSITIVE_INFINITY;
  const outcomes = new Set<string>();
  const ran = { inputs: 0, subjects: 0, taken: 0, outcomes: 0 };
  while (ran.inputs < most && performance.now() < end) {
    const subjectSeed = (seed + ran.subjects++) | 0;
    const random = new Random(subjectSeed);
    const subject = target(random);
    for (const bytes of inputs(random, subject, outcomes)) {
      const outcome = guarded(() => subject.check(bytes), `${name}, subject ${subjectSeed}`, bytes);
      if (outcome.startsWith("value")) ran.taken++;
      ran.inputs++;
      feedback.last = outcome;
      if (ran.inputs >= most) break;
    }
  }
  return { ...ran, outcomes: outcomes.size };
}

/** The outcome of an input. A new one means that the input is kept. */
const feedback = { last: "" };

/** The seeds first, then damaged inputs. */
function* inputs(random: Random, subject: Subject, outcomes: Set<string>): Generator<Uint8Array> {
  const kept: Uint8Array[] = [];
  for (const seed of subject.seeds) {
    kept.push(seed);
    yield seed;
  }
  for (let count = 0; count < INPUTS_OF_A_SUBJECT; count++) {
    const bytes = mutate(random, random.pick(kept), subject.seeds);
    yield bytes;
    if (outcomes.has(feedback.last) || kept.length >= KEPT || bytes.length > 8192) continue;
    outcomes.add(feedback.last);
    kept.push(bytes);
  }
}

/** Runs one subject on one input, to repeat a finding. */
export function again(name: string, subjectSeed: number, bytes: Uint8Array): string {
  const subject = targets[name]?.(new Random(subjectSeed));
  if (subject === undefined) throw new Error(`no target ${name}`);
  return guarded(() => subject.check(bytes), `${name}, subject ${subjectSeed}`, bytes);
}

function guarded(check: () => string, where: string, bytes: Uint8Array): string {
  const started = performance.now();
  try {
    const outcome = check();
    const took = performance.now() - started;
    if (took > MOST_MS) throw new Error(`it took ${Math.round(took)} ms`);
    if (shapes() !== SHAPES || "polluted" in {}) throw new Error("a prototype was changed");
    return outcome;
  } catch (error) {
    throw new Error(`${where}, input ${hexOf(bytes)}: ${(error as Error).message}`, { cause: error });
  }
}
