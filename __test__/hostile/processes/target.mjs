/**
 * A server of the target services. It prints `ready` with its ticket. Commands on stdin: `memory` collects garbage and prints
 * the resident memory, `peak` prints the largest resident memory since the start, `block MS` holds the event loop, and prints
 * `over`. Run it with `--expose-gc`.
 */
import { createInterface } from "node:readline";
import { AsterServer } from "aster-rpc";
import { local } from "../support/hoard.mjs";
import { services } from "../support/target.mjs";

const say = (event, members = {}) => process.stdout.write(`${JSON.stringify({ event, ...members })}\n`);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const server = await AsterServer.start({
  ...local,
  identity: "ephemeral",
  access: "open",
  logger: quiet,
  services: services(),
});
say("ready", { ticket: server.ticket });

const collect = globalThis.gc;
const words = {
  memory() {
    collect();
    say("memory", { mib: process.memoryUsage.rss() / 1024 / 1024 });
  },
  peak: () => say("peak", { mib: process.resourceUsage().maxRSS / 1024 }),
  block(ms) {
    const until = performance.now() + Number(ms);
    while (performance.now() < until);
    say("over");
  },
};
createInterface({ input: process.stdin }).on("line", (line) => {
  const [word, argument] = line.split(" ");
  words[word](argument);
});
process.stdin.unref();
