// `node bench/codec/rows.mjs`: reads a table of a million rows: one column, all rows, and as JSON. Each measurement runs in
// its own process, interleaved; the bytes are created once before.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../scripts/support/console.mjs";
import { readCommandLine } from "../command-line.mjs";
import { childEnvironment, describeEnvironment, reasonOf } from "../environment.mjs";
import { publish } from "../results.mjs";
import { setUp } from "../setup.mjs";
import { format } from "../statistics.mjs";
import { renderRows, ways } from "./rows-render.mjs";

const [step, ...given] = process.argv.slice(2);
if (step === "--measure") {
  console.log(JSON.stringify(await measure(...given)));
} else {
  await main(async () => {
    const groups = { ways: Object.keys(ways) };
    const options = readCommandLine(process.argv.slice(2), {
      command: "bench:rows",
      name: "rows",
      rounds: 5,
      groups,
    });
    return options === null ? undefined : run(options);
  });
}

function run({ ways: names, rounds, quick, json, out }) {
  setUp({ library: true });
  const rows = quick ? 20_000 : 1_000_000;
  const folder = mkdtempSync(join(tmpdir(), "aster-rows-"));
  try {
    const sizes = make(folder, rows);
    const cells = names.map((way) => ({ way, samples: [] }));
    for (let round = 1; round <= rounds; round += 1) {
      for (const { way, samples } of cells) {
        const sample = measureOnce(way, folder);
        samples.push(sample);
        console.error(`round ${round}  ${way.padEnd(12)} ${sample.error ?? `${format(sample.ms)} ms`}`);
      }
    }
    const environment = describeEnvironment(["aster-rpc"]);
    publish(
      { kind: "rows", quick, rounds, rows, sizes, environment, cells },
      { out, json, render: renderRows },
    );
    return cells.some(({ samples }) => samples.some(({ error }) => error !== undefined)) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes the table and the JSON text, in a separate process that then frees its memory. */
function make(folder, rows) {
  return child("make", folder, String(rows));
}

function measureOnce(way, folder) {
  try {
    return child(way, folder);
  } catch (error) {
    return { error: reasonOf(error.stderr || error.message) };
  }
}

function child(...args) {
  const flags = ["--expose-gc", "--max-old-space-size=3072", import.meta.filename, "--measure"];
  const text = execFileSync(process.execPath, [...flags, ...args], {
    env: childEnvironment(),
    encoding: "utf8",
    stdio: "pipe",
    timeout: 300_000,
  });
  return JSON.parse(text);
}

async function measure(way, folder, rows) {
  const { message, rows: rowsOf, t } = await import("../../dist/index.js");
  const Sale = message("bench/Sale", {
    saleId: t.string,
    customer: t.string,
    city: t.string,
    amountCents: t.int,
    quantity: t.int32,
    price: t.float,
    paid: t.bool,
    note: t.optional(t.string),
  });
  const form = rowsOf(Sale);
  const [table, text] = [join(folder, "table"), join(folder, "json")];
  if (way === "make") {
    const sales = Array.from({ length: Number(rows) }, (_, n) => sale(n));
    const bytes = form.encodeTable(sales);
    writeFileSync(table, bytes);
    const json = JSON.stringify(sales);
    writeFileSync(text, json);
    return { table: bytes.length, json: Buffer.byteLength(json) };
  }
  const bytes = readFileSync(way === "json" ? text : table);
  globalThis.gc();
  const before = process.memoryUsage();
  const peakBefore = process.resourceUsage().maxRSS;
  const start = performance.now();
  const { kept, sum } = ways[way].read(form, bytes);
  const ms = performance.now() - start;
  const peakMiB = (process.resourceUsage().maxRSS - peakBefore) / 1024;
  globalThis.gc();
  const after = process.memoryUsage();
  const keptMiB = (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 2 ** 20;
  if (sum === 0 || kept === null) throw new Error("nothing was read");
  return { ms, keptMiB, peakMiB, sum };
}

function sale(n) {
  return {
    saleId: `sale-${n}`,
    customer: `customer number ${n % 5000}`,
    city: ["Ghent", "Zürich", "Oslo"][n % 3],
    amountCents: (n * 7919) % 100_000,
    quantity: n % 50,
    price: n / 4,
    paid: n % 2 === 0,
    note: n % 4 === 0 ? "a note about this sale" : null,
  };
}
