/** Sessions that worker threads serve, and what is left of them when their thread is terminated. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { AsterClient, type AsterError, AsterNode, Code } from "aster-rpc";
import { expect, it } from "vitest";
import { fresh, local } from "./support/probe.mjs";
import { Sitting } from "./support/sitting.mjs";
import { failureOf } from "./support/until.js";

const script = new URL("./processes/session-worker.mjs", import.meta.url);

it("sessions of a thread that is terminated end with UNAVAILABLE, and new ones go to the other thread", async () => {
  const node = await AsterNode.start(fresh);
  const began = [0, 0];
  let noted = (): void => {};
  const threads = [0, 1].map((at) => {
    const worker = new Worker(script, { workerData: { handle: node.share() } });
    worker.on("message", (word) => {
      if (word === "began") began[at] = (began[at] ?? 0) + 1;
      noted();
    });
    return worker;
  });
  await Promise.all(threads.map((thread) => once(thread, "message")));
  /** Settles when so many sessions have begun in each thread. */
  const until = (first: number, second: number): Promise<void> =>
    new Promise((resolve) => {
      noted = () => {
        if (began[0] === first && began[1] === second) resolve();
      };
      noted();
    });
  const client = await AsterClient.connect(node.ticket, local);
  try {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => client.session(Sitting)));
    await Promise.all(sessions.map((session, id) => session.echo({ id })));
    await until(3, 3);
    const hanging = sessions.map((session, id) => failureOf(session.hang({ id }, { timeoutMs: 20_000 })));
    await threads[0]?.terminate();
    const lost = await Promise.race(hanging);
    expect(lost).toMatchObject({ code: Code.UNAVAILABLE });
    const later = await client.session(Sitting);
    expect(await later.echo({ id: 7 })).toMatchObject({ id: 7 });
    await until(3, 4);
    await client.close();
    const codes = (await Promise.all(hanging)).map((error) => (error as AsterError).code);
    expect(codes).toEqual(Array.from({ length: 6 }, () => Code.UNAVAILABLE));
    expect((await Promise.all(sessions.map(({ closed }) => closed))).length).toBe(6);
  } finally {
    await client.close();
    await threads[1]?.terminate();
    await node.close();
  }
});
