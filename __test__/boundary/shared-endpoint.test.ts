/** Clients of one process share an endpoint: which clients share it, and the effect of closing one of them. */
import { Worker } from "node:worker_threads";
import { AsterClient, AsterServer, Code, endpointIdOf, generateSecretKey } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fresh, local } from "./support/probe.mjs";
import { failureOf } from "./support/until.js";
import { Who, who } from "./support/who.mjs";

let server: AsterServer;
beforeAll(async () => {
  server = await AsterServer.start({ ...fresh, services: [who()], access: "open" });
});
afterAll(() => server.close());

const connect = (options: object = {}): Promise<AsterClient> =>
  AsterClient.connect(server.ticket, { ...local, ...options });

/** The endpoint id of a client, as the server sees it. */
async function idOf(client: AsterClient): Promise<string> {
  return (await client.stub(Who).caller({})).endpointId;
}

async function closeAll(clients: readonly AsterClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}

describe("clients with equal options", () => {
  it("have one endpoint, also when many connect at the same time, and can call a server of their own process", async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => connect()));
    const ids = await Promise.all(clients.map(idOf));
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).not.toBe(server.endpointId);
    await closeAll(clients);
  });

  it("get a new one after the last of them was closed", async () => {
    const first = await connect();
    const second = await connect();
    const id = await idOf(first);
    await first.close();
    const third = await connect();
    expect([await idOf(second), await idOf(third)]).toEqual([id, id]);
    await closeAll([second, third]);
    const later = await connect();
    expect(await idOf(later)).not.toBe(id);
    await later.close();
  });

  it("close only their own connections", async () => {
    const clients = await Promise.all([connect(), connect()]);
    const [closing, staying] = clients as [AsterClient, AsterClient];
    const lost = failureOf(closing.stub(Who).hang({}));
    const hanging = new AbortController();
    const held = failureOf(staying.stub(Who).hang({}, { signal: hanging.signal }));
    await Promise.all(clients.map(idOf));
    await Promise.all([closing.close(), closing.close()]);
    expect(await lost).toMatchObject({ code: Code.UNAVAILABLE });
    expect(await staying.info()).toMatchObject({ open: true });
    expect(await idOf(staying)).toMatch(/^[0-9a-f]{64}$/);
    hanging.abort();
    expect(await held).toMatchObject({ code: Code.CANCELLED });
    await staying.close();
  });

  it("keep it when one of them cannot connect", async () => {
    const client = await connect();
    const id = await idOf(client);
    await failureOf(AsterClient.connect("nonsense", local));
    const other = await connect();
    expect([await idOf(client), await idOf(other)]).toEqual([id, id]);
    await closeAll([client, other]);
  });
});

describe("clients with different options", () => {
  it.each([
    ["limits", { limits: { maxStreams: 77 } }],
    ["bind", { bind: "127.0.0.2:0" }],
    ["relay", { relay: { urls: ["http://127.0.0.1:9"] } }],
  ])("have endpoints of their own: %s", async (_, options) => {
    const [one, other] = await Promise.all([connect(), connect(options)]);
    expect(await idOf(one)).not.toBe(await idOf(other));
    await closeAll([one, other]);
  });

  it("share an endpoint when they have the same secret key", async () => {
    const secretKey = generateSecretKey();
    const clients = await Promise.all([
      connect({ secretKey }),
      connect({ secretKey: Buffer.from(secretKey).toString("hex") }),
    ]);
    const ids = await Promise.all(clients.map(idOf));
    expect(ids).toEqual([endpointIdOf(secretKey), endpointIdOf(secretKey)]);
    await closeAll(clients);
  });
});

describe("clients of several threads", () => {
  const script = new URL("./processes/calling-worker.mjs", import.meta.url);

  function threadOf(): {
    worker: Worker;
    ask(what: string): Promise<string | null>;
    started: Promise<string>;
  } {
    const worker = new Worker(script, { workerData: { ticket: server.ticket } });
    const next = () =>
      new Promise<{ endpointId: string } | null>((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
    const started = next().then((answer) => answer?.endpointId ?? "");
    return {
      worker,
      started,
      async ask(what) {
        const answer = next();
        worker.postMessage(what);
        return (await answer)?.endpointId ?? null;
      },
    };
  }

  it("share one endpoint, which stays open when the thread that started it ends", async () => {
    const [binding, other] = [threadOf(), threadOf()];
    const id = await binding.started;
    expect(await other.started).toBe(id);
    const client = await connect();
    expect(await idOf(client)).toBe(id);
    await binding.worker.terminate();
    expect([await idOf(client), await other.ask("call")]).toEqual([id, id]);
    await client.close();
    expect(await other.ask("call")).toBe(id);
    await other.ask("close");
    const later = await connect();
    expect(await idOf(later)).not.toBe(id);
    await later.close();
    await other.worker.terminate();
  });
});
