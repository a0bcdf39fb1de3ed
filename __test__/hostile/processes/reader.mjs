/**
 * A client of the target service at a raw server. It prints `ready`. Commands on stdin: `memory` and `peak` as in target.mjs,
 * `unary N` makes calls, `streams N` makes calls of which only the first item is read; both print `asked`. `codes` prints how
 * many calls ended with each code. Run it with `--expose-gc`.
 *
 *   node reader.mjs ADDRESS
 */
import { createInterface } from "node:readline";
import { AsterClient } from "aster-rpc";
import { local } from "../support/hoard.mjs";
import { Target } from "../support/target.mjs";

const say = (event, members = {}) => process.stdout.write(`${JSON.stringify({ event, ...members })}\n`);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
// The least time that a response may wait for room.
const limits = { headerTimeoutMs: 2000, bodyTimeoutMs: 2000 };
const client = await AsterClient.connect(process.argv[2], { ...local, limits, logger: quiet });
const stub = client.stub(Target, { contract: "ignore" });
say("ready");

const codes = {};
const streams = [];
const note = (promise) =>
  promise.then(
    () => {
      codes.OK = (codes.OK ?? 0) + 1;
    },
    (error) => {
      const name = `${error.codeName}${error.isLocal ? " here" : ""}`;
      codes[name] = (codes[name] ?? 0) + 1;
    },
  );
const collect = globalThis.gc;
const words = {
  memory() {
    collect();
    say("memory", { mib: process.memoryUsage.rss() / 1024 / 1024 });
  },
  peak: () => say("peak", { mib: process.resourceUsage().maxRSS / 1024 }),
  unary(count) {
    for (let at = 0; at < Number(count); at++) void note(stub.any({ count: 1 }, { timeoutMs: null }));
    say("asked");
  },
  streams(count) {
    for (let at = 0; at < Number(count); at++) {
      const stream = stub.give({ count: 1 }, { timeoutMs: null });
      streams.push(stream);
      void note(stream.next());
    }
    say("asked");
  },
  codes: () => say("codes", { codes }),
  async leave() {
    for (const stream of streams.splice(0)) await stream.return();
    say("left");
  },
};
createInterface({ input: process.stdin }).on("line", (line) => {
  const [word, argument] = line.split(" ");
  void words[word](argument);
});
