/**
 * Many calls and many connects in one process, with the ledger. Prints a line `sample` after each part, and `over` at the end.
 *
 *   node --expose-gc soak.mjs CALLS CONNECTS
 */
import { getEventListeners } from "node:events";
import { readdirSync } from "node:fs";
import { AsterClient, AsterServer } from "aster-rpc";
import { ledger } from "aster-rpc/testing";
import { fresh, local, Probe, probe } from "../../boundary/support/probe.mjs";

const [calls, connects] = process.argv.slice(2).map(Number);
const PARTS = 5;
const AT_ONCE = 64;
/** The ledger is checked and emptied after so many calls. */
const CHECKED = 6400;

const say = (event, members) => process.stdout.write(`${JSON.stringify({ event, ...members })}\n`);
const books = ledger();
const server = await AsterServer.start({
  ...fresh,
  services: [probe()],
  access: "open",
  interceptors: [books.server],
});
const client = await AsterClient.connect(server.ticket, { ...local, interceptors: [books.client] });
const stub = client.stub(Probe);
const { signal } = new AbortController();
const data = new Uint8Array(100);
/** Items so large that few of them fit into the budget of a stream that nobody reads on. */
const large = new Uint8Array(16_384);
let violations = 0;

/** One call of the kind that `n` chooses. All pass the same signal. */
async function call(n) {
  switch (n % 10) {
    case 0: {
      for await (const _ of stub.count({ id: 5, data }, { signal }));
      return;
    }
    case 1:
      await stub.sum([{ id: 1 }, { id: 2, data }], { signal });
      return;
    case 2: {
      const chat = stub.talk({ signal });
      await chat.send({ id: n, data });
      await chat.next();
      await chat.end();
      for await (const _ of chat);
      return;
    }
    case 3: {
      // The caller leaves.
      for await (const _ of stub.count({ id: -1, data: large }, { signal })) return;
      return;
    }
    case 4:
      // The deadline passes.
      await stub.hang({ id: n }, { timeoutMs: 5, signal }).catch(() => {});
      return;
    default:
      await stub.echo({ id: n, data }, { signal });
  }
}

async function manyCalls(count) {
  for (let done = 0; done < count; done += CHECKED) {
    let next = 0;
    const lane = async () => {
      while (next < CHECKED) await call(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    await books.settled();
    violations += books.check().length + books.open;
    books.clear();
  }
}

async function manyConnects(count) {
  for (let n = 0; n < count; n += 1) {
    const one = await AsterClient.connect(server.ticket, local);
    if (n % 10 === 0) await one.stub(Probe).echo({ id: n });
    await one.close();
  }
}

async function sample(part, done) {
  for (let turn = 0; turn < 5; turn += 1) {
    globalThis.gc();
    await new Promise(setImmediate);
  }
  const { heapUsed, rss } = process.memoryUsage();
  say("sample", {
    part,
    done,
    heapMiB: Math.round((heapUsed / 2 ** 20) * 10) / 10,
    rssMiB: Math.round(rss / 2 ** 20),
    descriptors: process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0,
    handles: process.getActiveResourcesInfo().length,
    listeners: getEventListeners(signal, "abort").length,
    openCalls: (await server.node.info()).openCalls,
    violations,
  });
}

// The first part warms up: pools and caches reach their size.
for (let part = 0; part < PARTS; part += 1) {
  await manyCalls(calls / PARTS);
  await sample("calls", (part + 1) * (calls / PARTS));
}
for (let part = 0; part < PARTS; part += 1) {
  await manyConnects(connects / PARTS);
  await sample("connects", (part + 1) * (connects / PARTS));
}
await client.close();
await server.close();
say("over", {});
