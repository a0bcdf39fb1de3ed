// Reads the command line of `npm run bench`: which workloads and peers a run measures.
import { readCommandLine } from "../command-line.mjs";
import { peers } from "./peers/index.mjs";

const full = {
  warmUpMs: { W1: 5000, W2: 5000, W3: 2000, W4: 2000, W5: 0 },
  measureMs: 5000,
  inFlight: 64,
  items: 200_000,
  uploadMiB: 256,
  idleConnections: 200,
};
const quick = {
  warmUpMs: { W1: 300, W2: 300, W3: 300, W4: 300, W5: 0 },
  measureMs: 1000,
  inFlight: 64,
  items: 20_000,
  uploadMiB: 16,
  idleConnections: 20,
};

/** Options of one run, or null after printing the help. */
export function readOptions(args) {
  const groups = { peers: Object.keys(peers), workloads: ["W1", "W2", "W3", "W4", "W5"] };
  const options = readCommandLine(args, { command: "bench", name: "rpc", rounds: 3, groups });
  return options && { ...options, plan: options.quick ? quick : full };
}
