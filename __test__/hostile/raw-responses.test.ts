/**
 * Raw servers, which answer with bytes that no honest server sends. A client refuses what becomes too large, keeps no more than
 * its budget of answers that are not complete or not read, and returns the memory.
 */
import { afterEach, describe, expect, it } from "vitest";
import { Child } from "../boundary/support/child.js";
import { flag, frame, trailer, varint, zstd } from "./support/bytes.mjs";
import { RawServer, rawPeers } from "./support/raw.js";
import { Any } from "./support/target.mjs";

const FULL = process.env.ASTER_TEST_FULL === "1";
const MIB = 1 << 20;
/** The budget of a connection is 64 MiB; the rest is for QUIC, and for messages that JavaScript holds. */
const MOST_MIB = 256;
const REST_MIB = 32;
const PATIENT = { timeout: 20_000 };
const processes = new URL("./processes/", import.meta.url);

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function attacked(answer: Buffer, how: { times?: number; ends: boolean }) {
  const server = await RawServer.start("Target", answer, how);
  open.push(server);
  const client = new Child("reader.mjs", [server.address], ["--expose-gc"], processes);
  open.push({ close: () => client.kill() });
  await client.line("ready");
  return { client, server };
}

async function asked(client: Child, word: string): Promise<number> {
  client.lines.length = 0;
  client.say(word);
  return (await client.line(word)).mib as number;
}

async function codes(client: Child): Promise<Record<string, number>> {
  client.lines.length = 0;
  client.say("codes");
  return (await client.line("codes")).codes as Record<string, number>;
}

const head = Buffer.from(Any.encode({ value: null })).subarray(0, -1);
/** A message with so many bytes of zeros, which is short on the wire. */
const zeros = (count: number): Buffer =>
  frame(
    flag.COMPRESSED,
    zstd([Buffer.concat([head, Buffer.from([0x29]), varint(count)]), { byte: 0, count }]),
  );
/** A million empty byte strings. */
const bomb = (): Buffer =>
  frame(
    flag.COMPRESSED,
    zstd([
      Buffer.concat([head, Buffer.from([0x16]), varint(1_000_000), Buffer.from([0x08, 0x29])]),
      { byte: 0, count: 1_000_000 },
    ]),
  );

describe.skipIf(!rawPeers)("an answer that would take gigabytes", () => {
  it.each([
    ["unary", "the response of a unary call"],
    ["streams", "an item of a stream"],
  ])("is refused as %s: %s", async (word) => {
    const { client } = await attacked(Buffer.concat([bomb(), trailer(0)]), { ends: true });
    // The first answers load code and make the heap of JavaScript.
    client.say(`${word} 2`);
    await expect.poll(() => codes(client)).toEqual({ "RESOURCE_EXHAUSTED here": 2 });
    const before = await asked(client, "memory");
    client.say(`${word} 20`);
    await expect.poll(() => codes(client), PATIENT).toEqual({ "RESOURCE_EXHAUSTED here": 22 });
    expect((await asked(client, "peak")) - before).toBeLessThan(MOST_MIB);
    await expect.poll(async () => (await asked(client, "memory")) - before, PATIENT).toBeLessThan(REST_MIB);
  });
});

describe.skipIf(!rawPeers)("answers that use the budget of the connection", () => {
  const calls = FULL ? 500 : 100;

  it("and have no trailer wait for each other, and those that find no room are refused", async () => {
    const { client } = await attacked(zeros(15 * MIB), { ends: false });
    const before = await asked(client, "memory");
    client.say(`unary ${calls}`);
    // Four have room. The others end when they have waited for bodyTimeoutMs.
    await expect.poll(() => codes(client), PATIENT).toEqual({ "RESOURCE_EXHAUSTED here": calls - 4 });
    expect((await asked(client, "peak")) - before).toBeLessThan(MOST_MIB);
  });

  it("and are items that nobody reads stay at the server", async () => {
    const { client, server } = await attacked(zeros(MIB), { times: 30, ends: false });
    const before = await asked(client, "memory");
    client.say(`streams ${calls}`);
    await expect.poll(() => server.sent).toBeGreaterThan(calls);
    await expect.poll(async () => (await codes(client)).OK).toBeGreaterThan(10);
    expect((await asked(client, "peak")) - before).toBeLessThan(MOST_MIB);
    client.say("leave");
    await client.line("left");
    await expect.poll(async () => (await asked(client, "memory")) - before, PATIENT).toBeLessThan(REST_MIB);
  });
});
