/** `client.events()`: loss, return and the network path of a connection. */
import { AsterClient, AsterNode, AsterServer, type ConnectionEvent, generateSecretKey } from "aster-rpc";
import { localPair } from "aster-rpc/testing";
import { afterEach, describe, expect, it } from "vitest";
import { type Child, child } from "../boundary/support/child.js";
import { local, Probe, probe } from "../boundary/support/probe.mjs";
import { ownAddress } from "./fixtures/own-address.js";

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function serve(secretKey: Uint8Array, bind: string): Promise<AsterServer> {
  const server = await AsterServer.start({ ...local, secretKey, bind, services: [probe()], access: "open" });
  open.push(server);
  return server;
}

async function connect(ticket: string): Promise<AsterClient> {
  const client = await AsterClient.connect(ticket, local);
  open.push(client);
  return client;
}

/** A server process that can be replaced by another one with the same key at the same address. */
class ServerProcess {
  readonly #key = Buffer.from(generateSecretKey()).toString("hex");
  #address = ownAddress();
  #child: Child | null = null;

  async start(): Promise<string> {
    this.#child = child("server.mjs", ["--quiet", "--key", this.#key, "--bind", this.#address]);
    const { ticket, addresses } = await this.#child.line("ready");
    this.#address = (addresses as string[])[0] ?? "";
    return ticket as string;
  }

  get process() {
    return this.#child?.process;
  }

  async close(): Promise<void> {
    this.process?.kill("SIGCONT");
    await this.#child?.kill();
  }
}

async function started(): Promise<{ server: ServerProcess; client: AsterClient; seen: Seen }> {
  const server = new ServerProcess();
  open.push(server);
  const client = await connect(await server.start());
  await client.stub(Probe).echo({ id: 1 });
  return { server, client, seen: new Seen(client) };
}

/** Reads the events of a client. */
class Seen {
  readonly events: ConnectionEvent[] = [];
  readonly done: Promise<void>;
  #changed = () => {};

  constructor(client: AsterClient) {
    this.done = this.#read(client.events());
  }

  async #read(events: AsyncIterable<ConnectionEvent>): Promise<void> {
    for await (const event of events) {
      this.events.push(event);
      this.#changed();
    }
  }

  /** The types of all events but those of paths. */
  get types(): string[] {
    return this.events.map(({ type }) => type).filter((type) => type !== "path");
  }

  /** Settles when these events were told, and no others. */
  async told(...types: string[]): Promise<void> {
    while (this.types.length < types.length) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
    expect(this.types).toEqual(types);
  }

  get reason(): string {
    const lost = this.events.find((event) => event.type === "lost");
    return lost?.type === "lost" ? lost.reason : "";
  }
}

describe("a server that closes", () => {
  it("is told to every reader, and so is its successor, with the path", async () => {
    const key = generateSecretKey();
    const first = await serve(key, ownAddress());
    const address = first.addresses[0] as string;
    const client = await connect(first.ticket);
    const stub = client.stub(Probe);
    await stub.echo({ id: 1 });
    const readers = [new Seen(client), new Seen(client)];
    await first.close();
    for (const seen of readers) await seen.told("lost");
    await serve(key, address);
    expect(await stub.echo({ id: 2 })).toMatchObject({ id: 2 });
    for (const seen of readers) {
      await seen.told("lost", "returned");
      expect(seen.reason).toMatch(/./);
      await expect
        .poll(() => seen.events.at(-1))
        .toEqual({ type: "path", relayed: false, remoteAddress: address });
    }
    await client.close();
    for (const seen of readers) await seen.done;
  });
});

describe("a server process that is killed", () => {
  it("is told while the client makes no calls, and its successor with the next call", async () => {
    const { server, client, seen } = await started();
    await server.close();
    await seen.told("lost");
    expect(seen.reason).toBe("the server does not answer");
    await server.start();
    expect(await client.stub(Probe).echo({ id: 2 })).toMatchObject({ id: 2 });
    await seen.told("lost", "returned");
  });

  it("and restarted at once is told, and the client connects again without a new call", async () => {
    const { server, client, seen } = await started();
    await server.close();
    await server.start();
    await seen.told("lost", "returned");
    expect(await client.stub(Probe).echo({ id: 2 })).toMatchObject({ id: 2 });
    expect(seen.types).toEqual(["lost", "returned"]);
  });

  it("fails the calls that run, and the loss is told before", async () => {
    const { server, client, seen } = await started();
    const running = client.stub(Probe).hang({ id: 1 }, { timeoutMs: null });
    const failed = expect(running).rejects.toMatchObject({ codeName: "UNAVAILABLE" });
    await server.close();
    await seen.told("lost");
    await server.start();
    await failed;
    await seen.told("lost", "returned");
  });
});

it.skipIf(process.platform === "win32")(
  "a server process that is stopped and goes on is told as lost and returned",
  async () => {
    const { server, client, seen } = await started();
    server.process?.kill("SIGSTOP");
    await seen.told("lost");
    server.process?.kill("SIGCONT");
    await seen.told("lost", "returned");
    expect(await client.stub(Probe).echo({ id: 2 })).toMatchObject({ id: 2 });
  },
);

it("another address of the client is no loss", async () => {
  const pair = await localPair([probe()], { link: { seed: 3, delayMs: 2 } });
  open.push(pair);
  const seen = new Seen(pair.client);
  const stub = pair.stub(Probe);
  for (let id = 0; id < 100; id++) {
    if (id % 25 === 10) pair.link?.rebind();
    expect(await stub.echo({ id })).toMatchObject({ id });
  }
  await pair.client.close();
  await seen.done;
  expect(seen.types).toEqual([]);
});

it("a reader that leaves gets nothing more, and the others go on", async () => {
  const server = await serve(generateSecretKey(), "127.0.0.1:0");
  const client = await connect(server.ticket);
  const left = client.events();
  const stays = new Seen(client);
  const waiting = [left.next(), left.next()];
  expect(await left.return?.()).toEqual({ done: true, value: undefined });
  for (const end of waiting) expect(await end).toEqual({ done: true, value: undefined });
  await server.close();
  await stays.told("lost");
  expect(await left.next()).toEqual({ done: true, value: undefined });
  const thrown = new Error("left");
  await expect(client.events().throw?.(thrown)).rejects.toBe(thrown);
});

it("the events of a closed client are at their end, also when its node was closed", async () => {
  const server = await serve(generateSecretKey(), "127.0.0.1:0");
  const client = await connect(server.ticket);
  const node = await AsterNode.start({ ...local, identity: "ephemeral" });
  open.push(node);
  const other = await node.connect(server.ticket);
  const waiting = [client.events().next(), other.events().next()];
  await client.close();
  await node.close();
  for (const end of waiting) expect(await end).toEqual({ done: true, value: undefined });
  expect(await client.events().next()).toEqual({ done: true, value: undefined });
});

it("waiting for an event does not keep the process alive", async () => {
  const server = await serve(generateSecretKey(), "127.0.0.1:0");
  const client = child("client.mjs", [server.ticket, "events"]);
  open.push({ close: () => client.kill() });
  await client.line("ready");
  expect(await client.ended).toEqual({ code: 0, signal: null, stderr: "" });
});
