// `npm run bench:loss`: head-of-line blocking. How many of 100 concurrent calls does one lost packet delay, and how long do small
// calls take beside a bulk stream when packets are lost? Beside grpc-js over TLS, which has one TCP connection.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../scripts/support/console.mjs";
import { readCommandLine } from "../command-line.mjs";
import { describeEnvironment } from "../environment.mjs";
import { publish } from "../results.mjs";
import { setUp } from "../setup.mjs";
import { renderLoss } from "./render.mjs";

const NAMES = ["aster-rpc", "@grpc/grpc-js"];
const RTT_MS = 60;
const SEED = 20_261_130;

await main(async () => {
  const options = readCommandLine(process.argv.slice(2), {
    command: "bench:loss",
    name: "loss",
    rounds: 3,
    groups: { peers: NAMES, workloads: ["one-packet", "beside-bulk"] },
  });
  return options === null ? 0 : run(options);
});

async function run({ peers: names, workloads, rounds, quick, json, out }) {
  setUp({ library: true });
  // Loads the library, so it can only be imported now.
  const { peers } = await import("./peers.mjs");
  const measures = await import("./workloads.mjs");
  const plan = {
    rttMs: RTT_MS,
    bursts: quick ? 2 : 10,
    seconds: quick ? 2 : 8,
    callsPerSecond: 200,
    loss: 0.01,
  };
  const scratch = mkdtempSync(join(tmpdir(), "aster-loss-"));
  const cells = names.flatMap((peer) => workloads.map((workload) => ({ peer, workload, samples: [] })));
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const cell of cells) {
        const random = generator(SEED + round);
        const network = { rttMs: RTT_MS, seed: SEED + round, random, scratch: join(scratch, String(round)) };
        const peer = await peers[cell.peer](network);
        const sample =
          cell.workload === "one-packet"
            ? await measures.onePacket(peer, { rounds: plan.bursts, rttMs: RTT_MS, random })
            : await measures.besideBulk(peer, plan);
        await peer.stop();
        cell.samples.push(sample);
        console.error(`round ${round}  ${cell.workload}  ${cell.peer}  ${JSON.stringify(sample)}`);
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const environment = describeEnvironment(names);
  publish({ kind: "loss", quick, rounds, plan, environment, cells }, { out, json, render: renderLoss });
  // The connections of the peers keep the process alive.
  setImmediate(() => process.exit());
  return 0;
}

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
