// `node bench/codec/costs.mjs`: the memory and the time of each kind of decoded value, beside what it counts in the limit on
// the estimated size of a message (docs/security.md#decoded-size). Each kind is measured in its own process, with generated
// code and with the interpreter, also as the largest message of its kind that the limits allow. It prints a table of Markdown
// and never fails because of a figure.
import { execFileSync } from "node:child_process";
import { main } from "../../scripts/support/console.mjs";
import { setUp } from "../setup.mjs";

// The default limits of one message.
/** Lists, sets, maps and messages, without the message and the list that hold them. */
const MOST_OBJECTS = 1_000_000 - 2;
const MOST_BYTES = 16_000_000;
const MOST_DECODED = 64 * 1024 * 1024;

const [kind] = process.argv.slice(2);

await main(async () => {
  if (kind === undefined) return report();
  console.log(JSON.stringify(await measure(kind)));
});

async function report() {
  setUp({ library: true });
  console.log(
    "| value | counts | memory | memory, interpreter | time, ns | time, interpreter, ns | largest message, ms | interpreter, ms |",
  );
  console.log("|---|---|---|---|---|---|---|---|");
  for (const name of Object.keys(await kinds())) {
    const [generated, interpreted] = ["generated", "interpreted"].map((executor) => run(name, executor));
    const both = [generated, interpreted];
    const figures = ["bytes", "ns", "stall"].flatMap((figure) =>
      both.map((result) => Math.round(result[figure])),
    );
    console.log(`| ${name} | ${Math.round(generated.counts)} | ${figures.join(" | ")} |`);
  }
}

function run(name, executor) {
  const args = ["--expose-gc", "--max-old-space-size=8192", import.meta.filename, name];
  const env = { ...process.env, ASTER_CODEC: executor };
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: "utf8" }));
}

/** Bytes of memory, nanoseconds and counted bytes of one value, without those of its position in a list. */
async function measure(name) {
  const { schema, value, each = 1 } = (await kinds())[name];
  const { message, t } = await import("../../dist/index.js");
  const Holder = message("cost/Holder", { list: t.list(schema) });
  const count = Math.ceil(100_000 / each);
  const encoded = Holder.encode({ list: Array.from({ length: count }, (_, at) => value(at)) });
  const unlimited = { maxDecodedBytes: 2 ** 31 - 1 };
  const warmUp = Holder.encode({ list: Array.from({ length: Math.ceil(100 / each) }, (_, at) => value(at)) });
  for (let round = 0; round < 500; round += 1) Holder.decode(warmUp, unlimited);
  const before = collected();
  const start = performance.now();
  const { list } = Holder.decode(encoded, unlimited);
  const ns = ((performance.now() - start) * 1e6) / count;
  const bytes = (collected() - before) / count - 8;
  if (list.length !== count) throw new Error("the list has another length");
  const limit = leastLimit(Holder, encoded);
  const stall = largest(Holder, value, encoded.length / count, limit / count);
  return { bytes, ns, counts: (limit - encoded.length) / count - 16, stall };
}

/** Milliseconds of the largest message of such values that the default limits allow. */
function largest(Holder, value, wire, counts) {
  const count = Math.floor(Math.min(MOST_OBJECTS, MOST_BYTES / wire, (MOST_DECODED * 0.99) / counts));
  const encoded = Holder.encode({ list: Array.from({ length: count }, (_, at) => value(at)) });
  globalThis.gc();
  const start = performance.now();
  const { list } = Holder.decode(encoded);
  const ms = performance.now() - start;
  if (list.length !== count) throw new Error("the list has another length");
  return ms;
}

/** The memory in use after garbage collection. */
function collected() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function leastLimit(Holder, bytes) {
  let [refused, taken] = [0, 2 ** 31 - 1];
  while (taken - refused > 1) {
    const middle = Math.floor((refused + taken) / 2);
    try {
      Holder.decode(bytes, { maxDecodedBytes: middle });
      taken = middle;
    } catch {
      refused = middle;
    }
  }
  return taken;
}

async function kinds() {
  const { asFloat, message, PlainDate, t } = await import("../../dist/index.js");
  const fields = (count, type) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, type]));
  const values = (count, make) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, make(at)]));
  const times = (count, make) => Array.from({ length: count }, (_, at) => make(at));
  const of = (count, type) => message(`cost/M${count}`, fields(count, type));
  return {
    "bool, small integer": { schema: t.int, value: () => 5 },
    "integer above 31 bits": { schema: t.int, value: (at) => 2 ** 40 + at },
    float: { schema: t.float, value: (at) => at + 0.5 },
    "float beside nulls": { schema: t.optional(t.float), value: (at) => (at % 100 === 0 ? null : at + 0.5) },
    "string, empty": { schema: t.string, value: () => "" },
    "string, 2 characters": { schema: t.string, value: () => "ab" },
    "string, 13 characters": { schema: t.string, value: () => "abcdefghijklm" },
    "string, 40 characters": { schema: t.string, value: () => "abcdefghij".repeat(4) },
    "bigint, small": { schema: t.bigint, value: (at) => BigInt(at) },
    "bigint, 63 bits": { schema: t.bigint, value: (at) => (1n << 62n) + BigInt(at) },
    "bytes, empty": { schema: t.bytes, value: () => new Uint8Array(0) },
    "bytes, 100": { schema: t.bytes, value: () => new Uint8Array(100) },
    "view of bytes": { schema: t.bytes.view, value: () => new Uint8Array(0) },
    "typed array": { schema: t.float64Array, value: () => new Float64Array(1) },
    date: { schema: t.date, value: () => "2024-01-31" },
    timestamp: { schema: t.timestamp, value: (at) => new Date(at) },
    "list, empty": { schema: t.list(t.int), value: () => [] },
    "list of 20": { schema: t.list(t.int), value: () => times(20, () => 1), each: 20 },
    "list of 1000": { schema: t.list(t.int), value: () => times(1000, () => 1), each: 1000 },
    "set, empty": { schema: t.set(t.int), value: () => new Set() },
    "set of 20": { schema: t.set(t.int), value: () => new Set(times(20, (at) => at)), each: 20 },
    "set of 100,000 strings": {
      schema: t.set(t.string),
      value: (set) => new Set(times(100_000, (at) => `k${set}_${at}`)),
      each: 100_000,
    },
    "set of 100,000 floats": {
      schema: t.set(t.float),
      value: () => new Set(times(100_000, (at) => at + 0.5)),
      each: 100_000,
    },
    "map, empty": { schema: t.map(t.int, t.int), value: () => new Map() },
    "map of 20": { schema: t.map(t.int, t.int), value: () => new Map(times(20, (at) => [at, 1])), each: 20 },
    "map of 100,000 strings": {
      schema: t.map(t.string, t.int),
      value: (map) => new Map(times(100_000, (at) => [`k${map}_${at}`, 1])),
      each: 100_000,
    },
    "record, empty": { schema: t.record(t.int), value: () => ({}) },
    "record of 20": { schema: t.record(t.int), value: () => values(20, () => 1), each: 20 },
    "record of 20, each with other keys": {
      schema: t.record(t.int),
      value: (record) => Object.fromEntries(times(20, (at) => [`k${record}_${at}`, 1])),
      each: 20,
    },
    "record with the key 1022": { schema: t.record(t.int), value: () => ({ 1022: 1 }), each: 20 },
    "message without fields": { schema: of(0, t.int), value: () => ({}) },
    "message, 4 integers": { schema: of(4, t.int), value: () => values(4, () => 1) },
    "message, 4 floats": { schema: of(4, t.float), value: () => values(4, () => 0.5) },
    "message, 4 strings": { schema: of(4, t.string), value: () => values(4, () => "ab") },
    "message, 40 integers": { schema: of(40, t.int), value: () => values(40, () => 1), each: 10 },
    "any: null": { schema: t.any, value: () => null },
    "any: mixed scalars": { schema: t.any, value: (at) => [1, "", true][at % 3] },
    "any: float beside others": { schema: t.any, value: (at) => (at % 2 === 0 ? asFloat(0.5) : null) },
    "any: date": { schema: t.any, value: () => new PlainDate("2024-01-31") },
    "any: list": { schema: t.any, value: () => [] },
    "any: map": { schema: t.any, value: () => new Map() },
    "any: map of 100,000": {
      schema: t.anyMap,
      value: (map) => new Map(times(100_000, (at) => [`k${map}_${at}`, at % 2 === 0 ? "ab" : 1])),
      each: 100_000,
    },
    "any: set": { schema: t.any, value: () => new Set() },
  };
}
