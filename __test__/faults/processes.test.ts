/**
 * The rows of the fault matrix that concern processes: a server that is stopped, killed, replaced or busy, and a client that is
 * killed. Each side keeps its ledger in a file, and the ledgers together judge the cell.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { AsterServer, Code, generateSecretKey } from "aster-rpc";
import { type Ledger, type Link, ledger, link, readLedger } from "aster-rpc/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Child, child } from "../boundary/support/child.js";
import { fresh, probe } from "../boundary/support/probe.mjs";
import { until } from "../boundary/support/until.js";
import { ownAddress } from "../integration/fixtures/own-address.js";
import { eventually, Lanes, time } from "./support/lanes.js";
import { type Pattern, patterns, type Size } from "./support/patterns.js";
import { Shim, shimProblem } from "./support/shim.js";

const FULL = process.env.ASTER_TEST_FULL === "1";
const PATIENCE_MS = 240_000;
const SIZE: Size = { items: 40, bytes: 300, timeoutMs: 1500 };
const LOST: readonly Code[] = [Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "aster-faults-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const ledgerFile = (): string => path.join(folder, `${++files}.ledger`);

/** A server in a process of its own. */
class ServerProcess {
  readonly files: string[] = [];
  readonly #key = Buffer.from(generateSecretKey()).toString("hex");
  #address = ownAddress();
  #child: Child | null = null;
  readonly #env: Readonly<Record<string, string>>;

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.#env = env;
  }

  /** Starts the process, or its successor with the same key at the same address. Returns the ticket. */
  async start(): Promise<string> {
    const file = ledgerFile();
    this.files.push(file);
    this.#child = child("../../faults/processes/server.mjs", [file, this.#key, this.#address], [], this.#env);
    const { ticket, addresses } = await this.#child.line("ready");
    this.#address = (addresses as string[])[0] ?? "";
    return ticket as string;
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.process.kill(name);
  }

  async busy(word: string): Promise<void> {
    this.#child?.say(word);
    await this.#child?.line("over");
  }

  async kill(): Promise<void> {
    await this.#child?.kill();
  }
}

interface ProcessFault {
  readonly name: string;
  readonly long?: boolean;
  readonly timeoutMs?: number;
  readonly may: readonly Code[];
  /** Handlers of a killed process did not end. */
  readonly kills?: boolean;
  /** The faults of the machine, for the server process. */
  readonly shimmed?: boolean;
  during(server: ServerProcess, lanes: Lanes, shim: Shim | null): Promise<void>;
}

/** The clock of the server is set while calls run, and set back. Calls with deadlines go on before, in between and after. */
function clock(name: string, aheadMs: number): ProcessFault {
  return {
    name,
    timeoutMs: 20_000,
    may: [],
    shimmed: true,
    async during(_, lanes, shim) {
      shim?.setClock(aheadMs);
      await lanes.more();
      shim?.setClock(0);
    },
  };
}

function stopped(name: string, ms: number, more: Partial<ProcessFault> = {}): ProcessFault {
  const during = async (server: ServerProcess) => {
    server.signal("SIGSTOP");
    await time(ms);
    server.signal("SIGCONT");
  };
  return { name, may: LOST, during, ...more };
}

function replaced(name: string, ms: number, more: Partial<ProcessFault> = {}): ProcessFault {
  const during = async (server: ServerProcess) => {
    await server.kill();
    await time(ms);
    await server.start();
  };
  return { name, may: LOST, kills: true, during, ...more };
}

const faults: readonly ProcessFault[] = [
  stopped("a server process that is stopped for 500 ms", 500, { timeoutMs: 20_000, may: [] }),
  stopped("a server process that is stopped for 2 s, longer than the deadlines", 2000),
  stopped("a server process that is stopped for 60 s", 60_000, { long: true }),
  replaced("a server process that is killed and replaced at once", 0),
  replaced("a server process that is killed and replaced after 20 s", 20_000, { long: true }),
  {
    name: "a server whose event loop is blocked for 1 s",
    timeoutMs: 20_000,
    may: [],
    during: (server) => server.busy("block 1000"),
  },
  {
    name: "a server whose event loop is blocked for 10 s",
    long: true,
    may: LOST,
    during: (server) => server.busy("block 10000"),
  },
  {
    name: "a server that collects garbage all the time",
    timeoutMs: 20_000,
    may: [],
    during: (server) => server.busy("storm 1500"),
  },
  clock("a server whose clock jumps 10 min ahead and back", 600_000),
  clock("a server whose clock jumps 10 min back and ahead again", -600_000),
  {
    // The registry of the server is on this disk.
    name: "a server whose disk is full",
    timeoutMs: 20_000,
    may: [],
    shimmed: true,
    async during(_, lanes, shim) {
      shim?.setFull(true);
      await lanes.more();
      shim?.setFull(false);
    },
  },
];

async function cell(fault: ProcessFault, pattern: Pattern): Promise<void> {
  const shim = fault.shimmed ? new Shim(path.join(folder, `shim-${++files}`)) : null;
  const server = new ServerProcess(shim?.env);
  const books: Ledger = ledger();
  const between: Link = await link({ to: await server.start(), seed: 1, delayMs: 2 });
  const client = await between.connect({ secretKey: generateSecretKey(), interceptors: [books.client] });
  try {
    const size = { ...SIZE, timeoutMs: fault.timeoutMs ?? SIZE.timeoutMs };
    const lanes = new Lanes(pattern, client, size);
    await lanes.more();
    await fault.during(server, lanes, shim);
    await lanes.more();
    await lanes.stop();
    await books.settled();
    expect(lanes.failures.filter(({ code }) => !fault.may.includes(code))).toEqual([]);
    expect(lanes.late, "calls that ended long after their deadline").toEqual([]);
    // Handlers may end after their callers have left.
    const entries = () => server.files.flatMap(readLedger);
    const open = () =>
      entries().reduce((sum, { event }) => sum + (event === "began" ? 1 : event === "ended" ? -1 : 0), 0);
    if (!fault.kills) await eventually(() => open() === 0, 5000, "every handler has ended");
    const broken = books.check(entries()).filter(({ rule, what }) => {
      const killed = fault.kills && rule === "NEVER_ENDED" && what.includes("handler");
      return !killed;
    });
    expect(broken.slice(0, 5)).toEqual([]);
  } finally {
    await client.close();
    await between.close();
    await server.kill();
  }
}

describe("the fault matrix, processes", () => {
  for (const fault of faults) {
    describe.skipIf((fault.long && !FULL) || (fault.shimmed && shimProblem !== ""))(fault.name, () => {
      it.concurrent.each(patterns)("$name", (pattern) => cell(fault, pattern), PATIENCE_MS);
    });
  }
});

describe("a client process that is killed", () => {
  // The process says no goodbye. The transport would notice it after half a minute; the server watches its peers while calls run.
  it("is noticed within seconds, leaves no handler that runs on, and the ledgers agree", async () => {
    const books = ledger();
    const server = await AsterServer.start({
      ...fresh,
      services: [probe()],
      access: "open",
      interceptors: [books.server],
      limits: { deadAfterMs: 2000 },
    });
    const between = await link({ to: server, seed: 1, delayMs: 2 });
    const file = ledgerFile();
    const { bind } = between.connectOptions;
    const client = child("../../faults/processes/client.mjs", [between.ticket, file, bind]);
    await client.line("ready");
    await until(() => books.entries.length > 500, 10_000, "calls of every pattern run");
    await client.kill();
    await until(async () => (await server.node.info()).openCalls === 0, 20_000, "every handler has ended");
    await books.settled();
    const broken = books.check(readLedger(file)).filter(({ what }) => !what.includes("has no outcome"));
    expect(broken.slice(0, 5)).toEqual([]);
    expect(books.open).toBe(0);
    await server.close();
    await between.close();
  }, 90_000);
});
