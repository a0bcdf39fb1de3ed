/**
 * A server of Hoard. It prints `ready` with its ticket. Command on stdin: `memory` collects garbage and prints the
 * resident memory. Run it with `--expose-gc`.
 */
import { randomFillSync } from "node:crypto";
import { createInterface } from "node:readline";
import { AsterServer, implement } from "aster-rpc";
import { Hoard, local } from "../support/hoard.mjs";

const say = (event, members = {}) => process.stdout.write(`${JSON.stringify({ event, ...members })}\n`);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
// Random, because compression would hide the size of the responses.
const noise = randomFillSync(new Uint8Array(16 << 20));
const data = (bytes) => noise.subarray(0, bytes);

const server = await AsterServer.start({
  ...local,
  identity: "ephemeral",
  access: "open",
  logger: quiet,
  services: [
    implement(Hoard, {
      blob: ({ bytes }) => ({ data: data(bytes) }),
      *blobs({ bytes }) {
        for (;;) yield { data: data(bytes) };
      },
      hold: async (_, { signal }) => {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return { bytes: 0 };
      },
    }),
  ],
});
say("ready", { ticket: server.ticket });

const collect = globalThis.gc;
createInterface({ input: process.stdin }).on("line", () => {
  collect();
  say("memory", { mib: process.memoryUsage.rss() / 1024 / 1024 });
});
process.stdin.unref();
