// `npm run bench`: runs every workload with every peer in interleaved rounds, then writes a table and a JSON file.
// It prints ratios, and a slow result is not a failure. The exit code is 1 only if a cell has no figure.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../scripts/support/console.mjs";
import { describeEnvironment } from "../environment.mjs";
import { publish } from "../results.mjs";
import { setUp } from "../setup.mjs";
import { format } from "../statistics.mjs";
import { runCell } from "./cell.mjs";
import { readOptions } from "./options.mjs";
import { loadPeer, peers } from "./peers/index.mjs";
import { renderRpc } from "./render.mjs";

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  if (options !== null) return run(options);
});

async function run({ peers: names, workloads, rounds, plan, quick, json, out }) {
  setUp({ library: names.some((name) => peers[name].packages.includes("aster-rpc")) });
  const scratch = mkdtempSync(join(tmpdir(), "aster-bench-"));
  const prepared = new Map();
  const cells = names.flatMap((peer) =>
    workloads
      .filter((workload) => takesPart(peer, workload))
      .map((workload) => ({ peer, workload, samples: [] })),
  );
  try {
    for (const name of names) prepared.set(name, await preparePeer(name, scratch));
    for (let round = 1; round <= rounds; round += 1) {
      for (const workload of workloads) {
        for (const cell of cells.filter((one) => one.workload === workload)) {
          await addSample(cell, plan, prepared.get(cell.peer).settings, round);
        }
      }
    }
  } finally {
    for (const { dispose } of prepared.values()) await dispose?.();
    rmSync(scratch, { recursive: true, force: true });
  }
  return report({ names, rounds, plan, quick, json, out, cells });
}

async function preparePeer(name, scratch) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  try {
    const { prepare } = await loadPeer(name);
    return (await prepare?.(folder)) ?? { settings: null };
  } catch (error) {
    console.error(`${name}: cannot be prepared, its cells will have this error: ${error.message}`);
    return { settings: null };
  }
}

function takesPart(peer, workload) {
  return peers[peer].workloads?.includes(workload) ?? true;
}

async function addSample({ peer: name, workload, samples }, plan, settings, round) {
  const share = peers[name].share?.[workload] ?? 1;
  const scaled = { ...plan, items: plan.items * share, uploadMiB: plan.uploadMiB * share };
  const sample = await runCell({ name, settings, workload, plan: scaled });
  samples.push(sample);
  const outcome =
    sample.error !== undefined
      ? `failed: ${sample.error}`
      : workload === "W5"
        ? `${format(sample.serverKiBPerConnection)} KiB, client ${format(sample.clientKiBPerConnection)} KiB`
        : `${format(sample.perSecond)}/s, ${format(sample.cpuUsPerUnit)} us CPU each`;
  console.error(`round ${round}  ${workload}  ${name.padEnd(12)}  ${outcome}`);
}

/** Writes and prints the results. Returns the exit code. */
function report({ names, rounds, plan, quick, json, out, cells }) {
  const packages = [...new Set(names.flatMap((name) => peers[name].packages))];
  const results = { kind: "rpc", quick, rounds, plan, environment: describeEnvironment(packages), cells };
  publish(results, { out, json, render: renderRpc });
  return cells.some(({ samples }) => samples.some((sample) => sample.error !== undefined)) ? 1 : 0;
}
