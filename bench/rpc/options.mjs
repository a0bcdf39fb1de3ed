// The command line of `npm run bench`, and what a quick and a full run measure.
import { parseArgs } from "node:util";
import { peers } from "./peers/index.mjs";

export const workloads = ["W1", "W2", "W3", "W4", "W5"];

const help = `npm run bench -- [options]
  --only a,b     peers and workloads to run, e.g. --only ours,grpc-js,W1,W2 (default: all)
                 peers: ${Object.keys(peers).join(", ")}
  --rounds n     interleaved rounds (default 3; 1 with --quick)
  --quick        short warm-up and small amounts: proves that everything works, measures nothing
  --json [file]  where the results go (default bench/results/rpc.json; bench/results/raw/ with --quick or --only)
  --help`;

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

/** Options of one run, or null after printing the help. Throws on names that it does not know. */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", default: "" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return null;
  }
  const only = values.only.split(",").filter((name) => name !== "");
  const unknown = only.filter((name) => !(name in peers) && !workloads.includes(name));
  if (unknown.length > 0) throw new Error(`--only: unknown ${unknown.join(", ")}\n${help}`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds wants a positive whole number");
  const partial = values.quick || only.length > 0;
  return {
    peers: pick(Object.keys(peers), only),
    workloads: pick(workloads, only),
    rounds,
    quick: values.quick,
    json: values.json ?? (partial ? "raw/rpc-partial.json" : "rpc.json"),
    plan: values.quick ? quick : full,
  };
}

/** Those of `all` that are named; naming none means all. */
function pick(all, only) {
  const named = all.filter((name) => only.includes(name));
  return named.length > 0 ? named : all;
}
