// The program of the two measured processes: server or client of one peer for one workload. cell.mjs controls it over
// the IPC channel, with one reply to each request, in order.

import { loadPeer } from "./peers/index.mjs";
import { difference, usage } from "./usage.mjs";
import { measure, openAll, warmUp } from "./workloads.mjs";

let peer;
let connection;
let before;

const commands = {
  async serve({ name, settings }) {
    peer = await loadPeer(name);
    return peer.serve(settings);
  },
  async connect({ name, settings, address, workload, plan }) {
    peer = await loadPeer(name);
    connection = await peer.connect(settings, address);
    if (workload === "echo") {
      connection = await openAll(connection, { ...plan, connect: () => peer.connect(settings, address) });
    }
    await warmUp(workload, connection, plan);
  },
  /** Begins a measured section. */
  begin() {
    before = usage();
  },
  /** Ends a measured section and returns the usage of this process in it. */
  end() {
    return difference(before, usage());
  },
  async measure({ settings, address, workload, plan }) {
    const start = usage();
    const connect = () => peer.connect(settings, address);
    const { open, ...result } = await measure(workload, connection, { ...plan, connect });
    globalThis.openConnections = open; // prevents their collection before the server's memory is read
    return { ...result, ...difference(start, usage()) };
  },
  /** Resident memory after full collections (both sides of W5 and of the echo run with --expose-gc). */
  async memory() {
    for (let i = 0; i < 3; i += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return process.memoryUsage.rss();
  },
};

process.on("message", async ({ command, ...parameters }) => {
  try {
    process.send({ value: await commands[command](parameters) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
// The process ends when its parent ends.
process.on("disconnect", () => process.exit());
