/**
 * Many calls, connects and sessions in one process, with the ledger. Prints a line `sample` after each part, and `over` at the end.
 *
 *   node --expose-gc soak.mjs CALLS CONNECTS SESSIONS
 */
import { getEventListeners } from "node:events";
import { readdirSync } from "node:fs";
import { AsterClient, AsterServer } from "aster-rpc";
import { ledger } from "aster-rpc/testing";
import { fresh, local, Probe, probe } from "../../boundary/support/probe.mjs";
import { SessionProbe, sessionProbe } from "../support/session-probe.mjs";

const [calls, connects, sessions] = process.argv.slice(2).map(Number);
const PARTS = 5;
const AT_ONCE = 64;
/** The ledger is checked and emptied after so many calls. */
const CHECKED = 6400;

const say = (event, members) => process.stdout.write(`${JSON.stringify({ event, ...members })}\n`);
const books = ledger();
const server = await AsterServer.start({
  ...fresh,
  services: [probe(), sessionProbe()],
  access: "open",
  interceptors: [books.server],
});
// The server calls this client back, too.
const client = await AsterClient.connect(server.ticket, {
  ...local,
  interceptors: [books.client],
  services: [probe(), sessionProbe()],
  serving: { interceptors: [books.server] },
});
// Holds the endpoint that the connects share. Each of them would start and close an endpoint otherwise.
const sharing = await AsterClient.connect(server.ticket, local);
const stub = client.stub(Probe);
const { signal } = new AbortController();
const data = new Uint8Array(100);
/** Items so large that few of them fit into the budget of a stream that nobody reads on. */
const large = new Uint8Array(16_384);
let violations = 0;
/** The client, as the server sees it. */
const worker = () => server.peers().find(({ services }) => services.length > 0);

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
    case 5:
      // The server calls back.
      await worker()
        .stub(Probe, { interceptors: [books.client] })
        .echo({ id: n, data }, { signal });
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
    await checked();
  }
}

/** The ledger is checked and emptied, so that it does not grow. */
async function checked() {
  await books.settled();
  violations += books.check().length + books.open;
  books.clear();
}

async function manyConnects(count) {
  for (let n = 0; n < count; n += 1) {
    const one = await AsterClient.connect(server.ticket, local);
    if (n % 10 === 0) await one.stub(Probe).echo({ id: n });
    await one.close();
  }
}

/** Every other session is one of the server at its client. */
async function manySessions(count) {
  for (let done = 0; done < count; done += CHECKED) await someSessions(Math.min(CHECKED, count - done));
}

async function someSessions(count) {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const n = next++;
      const side = n % 2 === 0 ? client : worker();
      const session = await side.session(SessionProbe, n % 10 === 1 ? { signal } : {});
      await session.echo({ id: n });
      if (n % 7 === 0) for await (const _ of session.count({ id: 3, data })) if (n % 2 === 0) break;
      await session.close();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  await checked();
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
for (let part = 0; part < PARTS; part += 1) {
  await manySessions(sessions / PARTS);
  await sample("sessions", (part + 1) * (sessions / PARTS));
}
await sharing.close();
await client.close();
await server.close();
say("over", {});
