/**
 * One node with two worker threads that answer its calls.
 *
 *   node examples/workers/main.ts                 Node 22.18 and newer
 *   node --import tsx examples/workers/main.ts    Node 20
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { AsterClient, AsterNode } from "aster-rpc";
import { Primes } from "./contract.ts";

const node = await AsterNode.start({ bind: "127.0.0.1:0", relay: "disabled", identity: "ephemeral" });
const workers: Worker[] = [];
for (let index = 0; index < 2; index += 1) {
  const worker = new Worker(new URL("./start.mjs", import.meta.url), { workerData: node.share() });
  await once(worker, "message"); // the worker serves now
  workers.push(worker);
}

const client = await AsterClient.connect(node.ticket, { relay: "disabled" });
try {
  const primes = client.stub(Primes);
  const answers = await Promise.all([10, 100, 1000, 10_000].map((below) => primes.count({ below })));
  for (const { below, count, thread } of answers) {
    console.log(`${count} primes below ${below}, counted by thread ${thread}`);
  }
} finally {
  await client.close();
  await node.drain();
  await Promise.all(workers.map((worker) => worker.terminate()));
}
