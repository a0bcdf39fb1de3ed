/** Worker threads on the nodes of one process, which end during their calls. */
import { Worker } from "node:worker_threads";
import { AsterClient, AsterNode, Code } from "aster-rpc";
import { describe, expect, it } from "vitest";
import { child } from "./support/child.js";
import { Order, order } from "./support/order.mjs";
import { fresh, local, Probe, probe, tally } from "./support/probe.mjs";
import { failureOf } from "./support/until.js";

const script = new URL("./processes/serving-worker.mjs", import.meta.url);

interface Answer {
  readonly thread: number;
  readonly started: number;
}

class Thread {
  readonly worker: Worker;
  readonly #answers: Answer[] = [];
  readonly #waiting: ((answer: Answer) => void)[] = [];

  constructor(node: AsterNode) {
    this.worker = new Worker(script, { workerData: { handle: node.share() } });
    this.worker.on("message", (answer: Answer) => {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#answers.push(answer);
      else waiting(answer);
    });
  }

  next(): Promise<Answer> {
    const answer = this.#answers.shift();
    return answer === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(answer);
  }

  started(): Promise<Answer> {
    this.worker.postMessage("tally");
    return this.next();
  }
}

describe("several threads on one node", () => {
  it("share its calls, and continue when one of them is terminated", async () => {
    const node = await AsterNode.start(fresh);
    const seen = tally();
    node.serve({ services: [probe(seen)], access: "open" });
    const threads = [new Thread(node), new Thread(node), new Thread(node)];
    await Promise.all(threads.map((thread) => thread.next()));
    const client = await AsterClient.connect(node.ticket, local);
    const stub = client.stub(Probe);
    const echoes = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, id) => stub.echo({ id })));
    try {
      await echoes(40);
      const counts = await Promise.all(threads.map((thread) => thread.started()));
      expect([seen.started, ...counts.map(({ started }) => started)]).toEqual([10, 10, 10, 10]);

      // One call that never ends in each of the four threads.
      const hanging = Array.from({ length: 4 }, (_, id) =>
        failureOf(stub.hang({ id }, { timeoutMs: 20_000 })),
      );
      await echoes(4);
      const [lost] = await Promise.all([Promise.race(hanging), threads[1]!.worker.terminate()]);
      expect(lost).toMatchObject({ code: Code.UNAVAILABLE, isLocal: false });

      const answers = await echoes(30);
      expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 30 }, (_, id) => id));
      expect(seen.started).toBe(10 + 2 + 10);
      expect((await node.info()).openCalls).toBe(3);
      await client.close();
      await Promise.all(hanging);
    } finally {
      await client.close();
      for (const thread of threads) await thread.worker.terminate();
      await node.close();
    }
  });

  it("can each connect through it, and their connections close when they end", async () => {
    const server = await AsterNode.start(fresh);
    server.serve({ services: [probe()], access: "open" });
    const node = await AsterNode.start(fresh);
    const busy = new Worker(new URL("./processes/storm-worker.mjs", import.meta.url), {
      workerData: { role: "client", handle: node.share(), ticket: server.ticket, payload: 10 },
    });
    await new Promise((resolve) => busy.once("message", resolve));
    await expect.poll(async () => (await server.info()).openCalls, { timeout: 5000 }).toBeGreaterThan(5);
    await busy.terminate();
    await expect.poll(async () => (await server.info()).openCalls, { timeout: 5000 }).toBe(0);
    await node.close();
    await server.close();
  });
});

describe("208 threads that are terminated or end during calls", () => {
  it("leave the process intact: exit code 0, no open call, no growth of memory", {
    timeout: 120_000,
  }, async () => {
    const storm = child("worker-storm.mjs", ["208", "1"]);
    const { outcomes, memory, openCalls } = (await storm.line("done")) as unknown as {
      outcomes: Record<string, number>;
      memory: number[];
      openCalls: number;
    };
    const ending = await storm.ended;
    expect(ending).toMatchObject({ code: 0, signal: null });
    const { client, server, both, dialling, leaves, throws } = outcomes;
    expect({ client, server, both, dialling, leaves, throws }).toEqual({
      client: 52,
      server: 52,
      both: 26,
      dialling: 26,
      leaves: 26,
      throws: 26,
    });
    expect(openCalls).toBe(0);
    // A leak of one connection or one slab for each thread would be far more than this.
    expect(memory.at(-1)! - memory[0]!, `MiB after each 50 threads: ${memory}`).toBeLessThan(120);
  });
});

describe("a thread whose service differs from the one that a node serves", () => {
  const otherScript = new URL("./processes/other-definition-worker.mjs", import.meta.url);

  it("is refused and told why; with the same definition it shares the calls", async () => {
    const node = await AsterNode.start(fresh);
    node.serve({ services: [order()], access: "open" });
    const variants = [
      ["reordered", {}],
      ["shorter", {}],
      ["retyped", {}],
      ["same", { maxCallMs: 1000 }],
      ["same", {}],
    ];
    const worker = new Worker(otherScript, { workerData: { handle: node.share(), variants } });
    const outcomes = await new Promise<unknown[]>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    const refused = {
      name: "AsterError",
      codeName: "FAILED_PRECONDITION",
      reason: "OTHER_DEFINITION",
      message: expect.stringMatching(/Order v1 is already served on this node with another definition: /),
    };
    expect(outcomes).toEqual([refused, refused, refused, refused, "served"]);
    const client = await AsterClient.connect(node.ticket, local);
    const stub = client.stub(Order);
    try {
      // Both threads answer, in turn, and each calls the handler of the method's name.
      for (let round = 0; round < 4; round++) {
        expect(await stub.first({ text: "" })).toMatchObject({ text: "first" });
        expect(await stub.second({ text: "" })).toMatchObject({ text: "second" });
      }
    } finally {
      await client.close();
      await worker.terminate();
      await node.close();
    }
  });
});
