/**
 * A server of Probe. It prints `ready` with its ticket, and what its handlers do.
 *
 *   node server.mjs [--key HEX] [--bind ADDRESS] [--quiet]
 *
 * Commands on stdin: `tally` prints the counts, `rss` the memory, `drain MS`, `exit`, `throw`, `fall` (stops serving).
 */
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { AsterServer } from "aster-rpc";
import { fresh, plain, probe, tally } from "../support/probe.mjs";

const { values } = parseArgs({
  options: { key: { type: "string" }, bind: { type: "string" }, quiet: { type: "boolean" } },
});
const say = (event, members = {}) => process.stdout.write(`${JSON.stringify({ event, ...members })}\n`);
const seen = tally();
const told = values.quiet ? () => {} : (what, method) => say(`${what} ${method}`);
const { identity, ...local } = fresh;
const server = await AsterServer.start({
  ...local,
  ...(values.bind ? { bind: values.bind } : {}),
  ...(values.key ? { secretKey: values.key } : { identity }),
  services: [probe(seen, told), plain()],
  access: "open",
});
say("ready", { ticket: server.ticket, addresses: server.addresses });

const words = {
  tally: () => say("tally", seen),
  rss: () => say("rss", { mib: process.memoryUsage.rss() / 1024 / 1024, pulled: seen.pulled }),
  drain: async (ms) => {
    const started = performance.now();
    await server.drain({ timeoutMs: Number(ms) });
    say("drained", { ms: performance.now() - started, ...seen });
  },
  exit: () => process.exit(3),
  throw: () => {
    throw new Error("thrown on purpose");
  },
  fall: () => void server.close(),
};
const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const [word, argument] = line.split(" ");
  void words[word](argument);
});
// Only the server keeps this process alive.
process.stdin.unref();
