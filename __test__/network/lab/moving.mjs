/**
 * A host of the migration lab: a server, or a client with live calls, driven by lines of JSON on stdin.
 *
 *   node moving.mjs LEDGER
 *
 * The client keeps a stream with an item every 10 ms, a unary call every 50 ms, and a session with a call every 50 ms.
 */
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { AsterClient, AsterServer, implement, message, serverStream, service, t, unary } from "aster-rpc";
import { ledger } from "aster-rpc/testing";
import { answerLines } from "./lines.mjs";

const Count = message("moving/Count", { count: t.int });
const Moving = service(
  "Moving",
  { version: 1 },
  { echo: unary(Count, Count), ticks: serverStream(Count, Count) },
);
const Counter = service("Counter", { version: 1, scope: "session" }, { next: unary(Count, Count) });
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const books = ledger({ file: process.argv[2] });

const moving = implement(Moving, {
  echo: (request) => request,
  async *ticks(_, { signal }) {
    for (let count = 0; !signal.aborted; count += 1) {
      yield { count };
      await delay(10);
    }
  },
});
const counter = implement(Counter, () => {
  let count = 0;
  const next = () => {
    count += 1;
    return { count };
  };
  return { next };
});

let server = null;
let client = null;
let lanes = null;

/** What the live calls saw. */
class Lanes {
  gapMs = 0;
  failed = [];
  made = 0;
  #last = performance.now();
  #stopping = false;
  #running;

  constructor(connected, session) {
    const stub = connected.stub(Moving);
    this.#running = [
      this.#read(stub),
      this.#call(() => stub.echo({ count: 1 })),
      this.#call(() => session.next({ count: 0 })),
    ];
  }

  async #read(stub) {
    try {
      for await (const _ of stub.ticks({ count: 0 })) {
        const now = performance.now();
        this.gapMs = Math.max(this.gapMs, now - this.#last);
        this.#last = now;
        if (this.#stopping) return;
      }
    } catch (error) {
      this.failed.push(`stream: ${error.message}`);
    }
  }

  async #call(make) {
    while (!this.#stopping) {
      this.made += 1;
      await make().catch((error) => this.failed.push(error.message));
      await delay(50);
    }
  }

  /** Counts gaps from now on. */
  begin() {
    this.gapMs = 0;
    this.#last = performance.now();
  }

  async stop() {
    this.#stopping = true;
    await Promise.all(this.#running);
  }
}

const commands = {
  async serve({ options }) {
    const services = [moving, counter];
    const interceptors = [books.server];
    server = await AsterServer.start({
      ...options,
      services,
      interceptors,
      access: "open",
      identity: "ephemeral",
      registry: "off",
      logger: silent,
    });
    return { ticket: server.ticket };
  },

  /** Begins the live calls, and waits until some have ended on a path of this kind. */
  async live({ address, options, kind }) {
    client = await AsterClient.connect(address, {
      ...options,
      interceptors: [books.client],
      timeoutMs: 20_000,
      logger: silent,
    });
    lanes = new Lanes(client, await client.session(Counter));
    for await (const path of client.paths()) if (path.kind === kind) break;
    while (lanes.made < 10) await delay(20);
    lanes.begin();
    return { kind: client.path.kind };
  },

  /** Waits until so many more calls were made, and the path is of this kind. */
  async more({ calls, kind, withinMs }) {
    const [until, begun] = [lanes.made + calls, performance.now()];
    while ((lanes.made < until || client.path.kind !== kind) && performance.now() - begun < withinMs)
      await delay(20);
    return { tookMs: Math.round(performance.now() - begun), kind: client.path.kind };
  },

  async report() {
    await lanes.stop();
    const { gapMs, failed, made } = lanes;
    const { bytesRelayed, kind } = client.path;
    await client.close();
    await books.settled();
    return { gapMs: Math.round(gapMs), failed, made, bytesRelayed, kind };
  },

  async close() {
    await server?.drain({ timeoutMs: 1000 });
    await books.settled();
    return {};
  },
};

await answerLines(commands);
