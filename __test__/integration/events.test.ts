/** `client.events()`: loss, return and the network path of a connection. */
import { AsterClient, AsterServer, type ConnectionEvent, generateSecretKey } from "aster-rpc";
import { afterEach, expect, it } from "vitest";
import { local, Probe, probe } from "../boundary/support/probe.mjs";

const open: { close(): Promise<void> }[] = [];
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

it("a connection that is lost and returns is told to every reader, with the new path", async () => {
  const key = generateSecretKey();
  const first = await serve(key, "127.0.0.1:0");
  const address = first.addresses[0] as string;
  const client = await connect(first.ticket);
  const stub = client.stub(Probe);
  await stub.echo({ id: 1 });
  const readers = [client.events(), client.events()];
  const seen: ConnectionEvent[][] = [[], []];
  const reading = readers.map(async (events, index) => {
    for await (const event of events) seen[index]?.push(event);
  });
  await first.close();
  await expect.poll(() => seen.map((events) => events.at(-1)?.type)).toEqual(["lost", "lost"]);
  await serve(key, address);
  expect(await stub.echo({ id: 2 })).toMatchObject({ id: 2 });
  await expect.poll(() => seen.map((events) => events.at(-1)?.type)).toEqual(["path", "path"]);
  for (const events of seen) {
    const told = events.filter((event) => event.type !== "path" || event.remoteAddress !== "");
    expect(told.map(({ type }) => type).slice(-2)).toEqual(["returned", "path"]);
    expect(told.find((event) => event.type === "lost")).toMatchObject({ reason: expect.stringMatching(/./) });
    expect(told.at(-1)).toEqual({ type: "path", relayed: false, remoteAddress: address });
  }
  await client.close();
  await Promise.all(reading);
});

it("a reader that leaves gets nothing more, and the others go on", async () => {
  const server = await serve(generateSecretKey(), "127.0.0.1:0");
  const client = await connect(server.ticket);
  const [left, stays] = [client.events(), client.events()];
  const waiting = left.next();
  expect(await left.return?.()).toEqual({ done: true, value: undefined });
  expect(await waiting).toEqual({ done: true, value: undefined });
  await server.close();
  let event: IteratorResult<ConnectionEvent, undefined>;
  do event = await stays.next();
  while (event.value?.type === "path");
  expect(event.value).toMatchObject({ type: "lost" });
  expect(await left.next()).toEqual({ done: true, value: undefined });
});

it("the events of a closed client are at their end", async () => {
  const server = await serve(generateSecretKey(), "127.0.0.1:0");
  const client = await connect(server.ticket);
  const before = client.events();
  const waiting = before.next();
  await client.close();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(await client.events().next()).toEqual({ done: true, value: undefined });
});
