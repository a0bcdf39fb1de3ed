// The two peers of this bench, each behind its network: aster-rpc behind a link, grpc-js behind the TCP proxy.
import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { link } from "../../dist/testing/index.js";
import { childEnvironment } from "../environment.mjs";
import { connect as connectGrpc, prepare as prepareGrpc } from "../rpc/peers/grpc-js.mjs";
import { connectWith } from "../rpc/peers/ours.mjs";
import { startTcpProxy } from "./tcp-proxy.mjs";

const worker = join(import.meta.dirname, "../rpc/worker.mjs");

/** Starts a server process of `bench/rpc`. */
async function startServer(name, settings) {
  const child = fork(worker, { env: childEnvironment(), stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const address = await new Promise((resolve, reject) => {
    child.once("message", ({ value, error }) =>
      error === undefined ? resolve(value) : reject(new Error(error)),
    );
    child.send({ command: "serve", name, settings });
  });
  return { address, stop: () => child.kill("SIGKILL") };
}

/** A peer with a connection over a network with `rttMs`. */
export const peers = {
  async "aster-rpc"({ rttMs, seed }) {
    const server = await startServer("ours", null);
    const between = await link({ to: server.address, seed, delayMs: rttMs / 2 });
    const connection = await connectWith(between.ticket, { compress: "never" }, between.connectOptions);
    return {
      connection,
      // Larger calls before each measurement make the congestion window so large that it limits nothing, also after a loss before.
      warmBytes: 8192,
      setLoss: (loss) => between.set({ loss }),
      dropNext: (direction, skip) => between.dropNext({ direction, skip, minBytes: 1000 }),
      lost: () => {
        const { toServer, toClient } = between.stats();
        return toServer.lost + toServer.targeted + toClient.lost + toClient.targeted;
      },
      stop: async () => {
        await between.close();
        server.stop();
      },
    };
  },
  async "@grpc/grpc-js"({ rttMs, random, scratch }) {
    mkdirSync(scratch, { recursive: true });
    const { settings } = prepareGrpc(scratch);
    const server = await startServer("grpc-js", settings);
    const proxy = await startTcpProxy(server.address, { rttMs, random });
    const connection = await connectGrpc(settings, proxy.address);
    return {
      connection,
      warmBytes: 512, // behind the proxy there is no congestion window
      ...proxy,
      stop: async () => {
        proxy.close();
        server.stop();
      },
    };
  },
};
