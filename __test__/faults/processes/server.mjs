/**
 * A server of Probe whose ledger is a file, and whose registry is in the folder ASTER_DISK, if that is set. It prints `ready` with
 * its ticket.
 *
 *   node server.mjs LEDGER [KEY ADDRESS]
 *
 * Commands on stdin: `block MS` blocks the event loop, `storm MS` makes garbage, both print `over`.
 */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { AsterServer } from "aster-rpc";
import { ledger } from "aster-rpc/testing";
import { fresh, local, probe } from "../../boundary/support/probe.mjs";
import { sessionProbe } from "../support/session-probe.mjs";

const [file, key, bind] = process.argv.slice(2);
const say = (event, members = {}) => process.stdout.write(`${JSON.stringify({ event, ...members })}\n`);
const books = ledger({ file });
const server = await AsterServer.start({
  ...(key === undefined ? fresh : { ...local, secretKey: key, bind }),
  ...(process.env.ASTER_DISK ? { registry: { path: join(process.env.ASTER_DISK, "registry") } } : {}),
  services: [probe(), sessionProbe()],
  access: "open",
  interceptors: [books.server],
});
say("ready", { ticket: server.ticket, addresses: server.addresses });

const busy = (ms, work) => {
  const until = performance.now() + Number(ms);
  while (performance.now() < until) work();
};
let garbage = [];
const words = {
  block: (ms) => busy(ms, () => {}),
  storm: async (ms) => {
    const until = performance.now() + Number(ms);
    while (performance.now() < until) {
      busy(20, () => {
        garbage.push({ text: "x".repeat(500), list: Array.from({ length: 50 }, (_, n) => ({ n })) });
        if (garbage.length > 20_000) garbage = [];
      });
      await new Promise(setImmediate);
    }
  },
};
createInterface({ input: process.stdin }).on("line", async (line) => {
  const [word, argument] = line.split(" ");
  await words[word](argument);
  say("over");
});
process.stdin.unref();
