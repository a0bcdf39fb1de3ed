/**
 * Starts workers that use two nodes of this process in every role, and ends them during their work.
 *
 *   node worker-storm.mjs WORKERS SEED
 *
 * Prints one JSON line and ends without process.exit(), because the test is about exit code 0.
 */
import { Worker } from "node:worker_threads";
import { AsterNode } from "aster-rpc";
import { fresh, Probe, probe } from "../support/probe.mjs";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const [count, seed] = process.argv.slice(2).map(Number);
const AT_ONCE = 4;
const roles = ["client", "server", "both", "client", "server", "dialling", "leaves", "throws"];

// xorshift: the same seed ends the same workers at the same moments, as far as the scheduler allows.
let state = seed * 2654435761 + 1;
function random(below) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const serving = await AsterNode.start({ ...fresh, logger: quiet });
serving.serve({ services: [probe()], access: "open" });
const calling = await AsterNode.start({ ...fresh, logger: quiet });
const client = await calling.connect(serving.ticket);
const stub = client.stub(Probe);

// Calls that stay open while threads start and end.
const leaving = new AbortController();
const outcomes = {};
const noted = (name) => {
  outcomes[name] = (outcomes[name] ?? 0) + 1;
};

async function one(index) {
  const role = roles[index % roles.length];
  const handle = (role === "server" ? serving : calling).share();
  const payload = random(2) === 0 ? 16 : 20_000;
  const worker = new Worker(new URL("./storm-worker.mjs", import.meta.url), {
    workerData: { role, handle, ticket: serving.ticket, payload },
  });
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  const busy = new Promise((resolve) => worker.once("message", resolve));
  worker.on("error", (error) => noted(error.message));
  await Promise.race([busy, ended]);
  if (role === "leaves" || role === "throws") {
    await ended;
  } else {
    if (role === "server") await callsInFlight();
    const moment = random(4);
    for (let turn = 0; turn < moment * 3; turn++) await new Promise(setImmediate);
    await worker.terminate();
  }
  noted(role);
}

/** Calls for all serving threads, including the worker. Some never end on their own. */
async function callsInFlight() {
  for (let id = 0; id < 8; id++) {
    const signal = random(2) === 0 ? leaving.signal : AbortSignal.timeout(random(40));
    stub.hang({ id }, { timeoutMs: null, signal }).catch(() => noted("calls ended"));
    void drawn(stub.count({ id: -1, data: new Uint8Array(1000) }), 50);
  }
  await Promise.all(Array.from({ length: 16 }, (_, id) => stub.echo({ id }).catch(() => noted("lost echo"))));
}

async function drawn(stream, items) {
  try {
    for await (const { id } of stream) if (id === items) break;
  } catch {
    noted("streams ended");
  }
}

const memory = [];
let next = 0;
async function lane() {
  while (next < count) {
    const index = next++;
    await one(index);
    if (index % 50 === 49) memory.push(Math.round(process.memoryUsage.rss() / 1024 / 1024));
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, lane));

// The nodes of this process still work, and no call goes to an ended thread.
for (let id = 0; id < 32; id++) await stub.echo({ id });
leaving.abort();
let { openCalls } = await serving.info();
for (let left = 500; openCalls > 0 && left > 0; left--) ({ openCalls } = await serving.info());
process.stdout.write(`${JSON.stringify({ event: "done", outcomes, memory, openCalls })}\n`);
await client.close();
await calling.close();
await serving.close();
