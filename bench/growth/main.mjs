// `npm run bench:growth`: how calls/s and memory change with the size of messages, the number of calls at once and the number
// of connections. Every point echoes bytes with every peer, in interleaved rounds. Prints ratios, as `npm run bench` does.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../scripts/support/console.mjs";
import { readCommandLine } from "../command-line.mjs";
import { describeEnvironment } from "../environment.mjs";
import { publish } from "../results.mjs";
import { runCell } from "../rpc/cell.mjs";
import { loadPeer, peers } from "../rpc/peers/index.mjs";
import { setUp } from "../setup.mjs";
import { format } from "../statistics.mjs";
import { axes, peerNames } from "./points.mjs";
import { renderGrowth } from "./render.mjs";

await main(async () => {
  const groups = { peers: peerNames, axes: Object.keys(axes) };
  const options = readCommandLine(process.argv.slice(2), {
    command: "bench:growth",
    name: "growth",
    rounds: 3,
    groups,
  });
  if (options !== null) return run(options);
});

async function run({ peers: names, axes: chosen, rounds, quick, json, out }) {
  setUp({ library: names.includes("ours") });
  const scratch = mkdtempSync(join(tmpdir(), "aster-bench-"));
  const prepared = new Map();
  const cells = chosen.flatMap((axis) =>
    axes[axis].points.flatMap((point) => names.map((peer) => ({ axis, point, peer, samples: [] }))),
  );
  try {
    for (const name of names) prepared.set(name, await prepare(name, scratch));
    for (let round = 1; round <= rounds; round += 1) {
      for (const cell of cells) {
        const { settings } = prepared.get(cell.peer);
        cell.samples.push(await sampleOf(cell, settings, quick));
        report(cell, round);
      }
    }
  } finally {
    for (const { dispose } of prepared.values()) await dispose?.();
    rmSync(scratch, { recursive: true, force: true });
  }
  const packages = names.flatMap((name) => peers[name].packages);
  const results = { environment: describeEnvironment(packages), rounds, quick, cells };
  publish(results, { out, json, render: renderGrowth });
  return cells.some(({ samples }) => samples.some(({ error }) => error !== undefined)) ? 1 : 0;
}

async function prepare(name, scratch) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  const { prepare: start } = await loadPeer(name);
  return (await start?.(folder)) ?? { settings: null };
}

function sampleOf({ point, peer }, settings, quick) {
  const plan = { ...point, measureMs: quick ? 500 : 3000, warmUpMs: { echo: quick ? 100 : 1500 } };
  return runCell({ name: peer, settings, workload: "echo", plan });
}

function report({ axis, point, peer, samples }, round) {
  const { error, perSecond } = samples.at(-1);
  const what = `round ${round}, ${axes[axis].label(point)}, ${peers[peer].title}`;
  console.error(`${what}: ${error ?? `${format(perSecond)} calls/s`}`);
}
