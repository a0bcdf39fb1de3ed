/** Rust without Node: the programs of `crates/rpc/examples` call TypeScript and Python servers, whose clients call them. */
import { type AsterClient, Code } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Lab, LabNext, LabPostponed, pattern } from "./lab/contract.ts";
import { labServices } from "./lab/service.ts";
import { chunks, collect, connect, failure, startNodeServer } from "./support/calls.ts";
import { describeInterop, pythonCases, runPythonClient, startPythonServer } from "./support/python.ts";
import { type RustServer, runRustClient, rustCases, rustPeers, startRustServer } from "./support/rust.ts";

const modes = ["xlang", "json"] as const;

interface Serving {
  readonly ticket: string;
  stop(): Promise<void>;
}

async function startLab(): Promise<Serving> {
  const server = await startNodeServer(labServices());
  return { ticket: server.ticket, stop: () => server.close() };
}

function rustCalls(mode: (typeof modes)[number], serve: () => Promise<Serving>): void {
  let outcome: Awaited<ReturnType<typeof runRustClient>>;

  beforeAll(async () => {
    const server = await serve();
    try {
      outcome = await runRustClient(server.ticket, mode);
    } finally {
      await server.stop();
    }
  }, 120_000);

  it("has the contract id of the peer", () => {
    expect(outcome.contract.here).toBe(Lab.contractId);
    expect(outcome.contract.there).toBe(Lab.contractId);
  });

  it("runs the cases of the list", () => {
    expect([...outcome.cases.keys()]).toEqual(rustCases());
  });

  it.each(rustCases())("%s", (name) => {
    expect(outcome.cases.get(name)).toBeNull();
  });
}

describe.skipIf(!rustPeers)("the Rust client", () => {
  for (const mode of modes) {
    describe(`(${mode}) against our Lab`, () => rustCalls(mode, startLab));
    describeInterop(`(${mode}) against the Python server`, () => rustCalls(mode, startPythonServer));
  }
});

function pythonCalls(mode: (typeof modes)[number]): void {
  let outcomes: Map<string, string | null>;

  beforeAll(async () => {
    const server = await startRustServer();
    try {
      outcomes = await runPythonClient(server.ticket, "lab", mode);
    } finally {
      await server.stop();
    }
  }, 120_000);

  it.each(pythonCases("lab", mode))("%s", (name) => {
    expect(outcomes.get(name)).toBeNull();
  });
}

/** Code and text of a failed call. */
async function status(call: Promise<unknown>): Promise<[number, string]> {
  const { code, rawMessage } = await failure(call);
  return [code, rawMessage];
}

describe.skipIf(!rustPeers)("the Rust server", () => {
  for (const mode of modes) describeInterop(`called by Python (${mode})`, () => pythonCalls(mode));

  describe.each(modes)("called by our client (%s)", (mode) => {
    let server: RustServer;
    let client: AsterClient;
    const stub = () => client.stub(Lab, { mode });

    beforeAll(async () => {
      server = await startRustServer();
      client = await connect(server.ticket);
    });

    afterAll(async () => {
      await client?.close();
      await server?.stop();
    });

    it("announces the contract ids that TypeScript computes", () => {
      const ours = [Lab, LabNext, LabPostponed].map((contract) => contract.contractId);
      expect(Object.values(server.contracts)).toEqual(ours);
      expect(client.services.map(({ contractId }) => contractId)).toEqual(ours);
      expect(client.endpointId).toBe(server.endpointId);
    });

    it("answers a unary call", async () => {
      expect(await stub().text({ text: "né €" })).toEqual({ text: "né €" });
      expect((await stub().make({ size: 100_000 })).text).toBe(pattern(100_000));
      expect(await stub().nothing({})).toBeNull();
      expect(await client.stub(LabNext, { mode }).text({ text: "v3" })).toEqual({ text: "v3" });
    });

    it("streams to us", async () => {
      const items = await collect(stub().count({ count: 10_000 }));
      expect(items.map(({ index }) => index)).toEqual(Array.from({ length: 10_000 }, (_, index) => index));
    });

    it("waits for a slow reader, and continues when a reader cancels", async () => {
      for await (const { index } of stub().count({ count: 1_000_000, size: 1000 })) if (index === 2) break;
      expect(await stub().text({ text: "still here" })).toEqual({ text: "still here" });
    });

    it("accepts a stream from TypeScript", async () => {
      const total = { items: 3000, characters: 15_000, inOrder: true };
      expect(await stub().upload(chunks(3000, 5))).toEqual(total);
    });

    it("never runs an upload that was cancelled", async () => {
      const before = await stub().commits({});
      const leave = new AbortController();
      async function* cutShort() {
        yield* chunks(3);
        leave.abort();
        yield* chunks(1);
      }
      expect((await failure(stub().upload(cutShort(), { signal: leave.signal }))).code).toBe(Code.CANCELLED);
      await stub().upload(chunks(5));
      expect(await stub().commits({})).toMatchObject({ items: before.items + 1, characters: 5 });
    });

    it("exchanges messages in turn", async () => {
      const shout = stub().shout();
      await shout.send({ index: 1, body: "é" });
      expect((await shout.next()).value).toEqual({ index: 1001, body: "É" });
      await shout.end();
      expect((await shout.next()).done).toBe(true);
    });

    it("fails with the code and text of the handler, after the items", async () => {
      for (const code of [1, 5, 16, 101])
        expect(await status(stub().refuse({ code, words: `with ${code}` }))).toEqual([code, `with ${code}`]);
      const seen: number[] = [];
      const read = async () => {
        for await (const { index } of stub().count({ count: 3, code: 8, words: "late" })) seen.push(index);
      };
      expect([await status(read()), seen]).toEqual([
        [8, "late"],
        [0, 1, 2],
      ]);
    });

    it("gets the deadline and the metadata, and is cancelled at the deadline", async () => {
      const seen = await stub().seen({}, { metadata: { a: "1" }, timeoutMs: 30_000 });
      expect(Object.fromEntries(seen.metadata)).toEqual({ a: "1" });
      expect(seen.remainingMillis).toBeGreaterThan(15_000);
      const started = performance.now();
      const { code } = await failure(stub().wait({ waitMillis: 20_000 }, { timeoutMs: 300 }));
      expect(code).toBe(Code.DEADLINE_EXCEEDED);
      expect(performance.now() - started).toBeLessThan(5_000);
    });
  });
});
