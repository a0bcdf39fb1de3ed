// One measurement in its own process: `node measure.mjs CODEC MESSAGE encode|decode '{"warmUpMs":...}'`.
// Prints one line of JSON. Before the measurement, every variant must survive a round trip.
import { deepStrictEqual } from "node:assert";
import { quantile } from "../statistics.mjs";
import { loadCodec } from "./codecs/index.mjs";
import { makeVariants, messages } from "./messages.mjs";

const [codecName, messageName, direction, plan] = process.argv.slice(2);
const { open } = await loadCodec(codecName);
const codec = open(messages[messageName].type);
const values = makeVariants(messageName);
const inputs = values.map((value) => codec.input?.(value) ?? value);
// Copies the bytes: the results of `encode` may share one large buffer, but decoding must start from separate bytes.
const encoded = inputs.map((input) => Buffer.from(codec.encode(input)));

values.forEach((value, index) => {
  deepStrictEqual(visibleMembers(codec.decode(encoded[index]), value), value);
  if (codec.sameBytesAs !== undefined) deepStrictEqual(encoded[index], Buffer.from(codec.sameBytesAs(value)));
});

/** The last result. It is kept, so the optimiser cannot remove the work. */
let kept = null;
const result = direction === "encode" ? time(codec.encode, inputs) : time(codec.decode, encoded);
if (kept === null) throw new Error("nothing was measured");
const bytes = Math.round(encoded.reduce((sum, { length }) => sum + length, 0) / encoded.length);
console.log(JSON.stringify({ ...result, bytes }));

/** Microseconds for one operation: the median over batches of about 10 ms, after a warm-up by time. */
function time(operate, subjects) {
  const { warmUpMs, measureMs } = JSON.parse(plan);
  const batch = (rounds) => {
    const start = performance.now();
    for (let round = 0; round < rounds; round += 1) {
      for (let i = 0; i < subjects.length; i += 1) kept = operate(subjects[i]);
    }
    return performance.now() - start;
  };
  let rounds = 1;
  const started = performance.now();
  while (performance.now() - started < warmUpMs) {
    const took = batch(rounds);
    if (took < 8) rounds = Math.max(rounds + 1, Math.floor(rounds * Math.min(2, 10 / Math.max(took, 0.001))));
  }
  const samples = [];
  const cpu = process.cpuUsage();
  const from = performance.now();
  while (performance.now() - from < measureMs)
    samples.push((batch(rounds) * 1000) / (rounds * subjects.length));
  const { user, system } = process.cpuUsage(cpu);
  samples.sort((a, b) => a - b);
  // Above 1 if garbage collection runs on other threads; the calling thread does not measure this time.
  const cpuShare = (user + system) / 1000 / (performance.now() - from);
  return { us: quantile(samples, 0.5), cpuShare, batches: samples.length };
}

/** The members that a user reads from `value`: those of `expected`, also from the prototype, and all own members. */
function visibleMembers(value, expected) {
  if (Array.isArray(expected))
    return Array.from(value, (element, index) => visibleMembers(element, expected[index]));
  if (typeof expected !== "object" || expected === null) return value;
  const own = Object.keys(value).filter((key) => !key.startsWith("$")); // "$typeName" and the like
  const keys = [...new Set([...Object.keys(expected), ...own])];
  return Object.fromEntries(keys.map((key) => [key, visibleMembers(value[key], expected[key])]));
}
