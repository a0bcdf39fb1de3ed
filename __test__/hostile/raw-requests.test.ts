/**
 * Raw clients, which write bytes that no honest client sends: messages that are a few hundred bytes on the wire and gigabytes
 * when decoded, in each pattern, mode and role of a call. The server refuses them, answers others, and returns the memory.
 */
import { AsterClient, Code } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Child } from "../boundary/support/child.js";
import { chosenBigints, chosenFloats } from "../unit/support/chosen-keys.js";
import { callHeader, flag, frame, header, mode, varint, zstd } from "./support/bytes.mjs";
import { local } from "./support/hoard.mjs";
import { RawClient, rawPeers } from "./support/raw.js";
import { Any, Blobs, SessionTarget, Target, Wides } from "./support/target.mjs";

const FULL = process.env.ASTER_TEST_FULL === "1";
const RESOURCE_EXHAUSTED = 8;
const MILLION = 1_000_000;
/** The bytes of a message, the limit on its decoded size, and garbage of both. */
const MOST_MIB = 384;
/** What may remain after an attack. */
const REST_MIB = 32;
const processes = new URL("./processes/", import.meta.url);

let victim: Child;
let ticket: string;
let honest: AsterClient;
let raw: RawClient | null = null;

beforeAll(async () => {
  victim = new Child("target.mjs", [], ["--expose-gc"], processes);
  ticket = (await victim.line("ready")).ticket as string;
  honest = await AsterClient.connect(ticket, local);
  if (rawPeers) raw = await RawClient.connect(ticket);
  // The first calls load code, and make the buffers of the port and the heap of JavaScript.
  for (let at = 0; at < 20; at++) await honest.stub(Target).blobs({ list: [new Uint8Array(100_000)] });
  await raw?.statusOf(Buffer.concat([header("Target", "hold"), packed(lists(16, 0x29))]));
});
afterAll(async () => {
  await raw?.close();
  await honest.close();
  await victim.kill();
});

async function asked(word: string): Promise<number> {
  victim.lines.length = 0;
  victim.say(word);
  return (await victim.line(word)).mib as number;
}

/** The memory returns. JavaScript and the allocator give it back some time after it is free. */
async function rests(before: number): Promise<void> {
  await expect.poll(async () => (await asked("memory")) - before, { timeout: 20_000 }).toBeLessThan(REST_MIB);
}

async function serves(): Promise<void> {
  expect(await honest.stub(Target).blobs({ list: [new Uint8Array(3)] })).toEqual({ count: 1 });
}

type Part = Uint8Array | { byte: number; count: number };

const bytes = (...values: number[]): Buffer => Buffer.from(values);
/** The start of an Any, up to the value. */
const anyHead = (): Buffer => Buffer.from(Any.encode({ value: null })).subarray(0, -1);
/** A list of so many lists of a million elements of a type, in `t.any`. */
function lists(count: number, type: number, byte = 0): Part[] {
  const parts: Part[] = [Buffer.concat([anyHead(), bytes(0x16), varint(count), bytes(0x08, 0x16)])];
  for (let at = 0; at < count; at++)
    parts.push(Buffer.concat([varint(MILLION), bytes(0x08, type)]), { byte, count: MILLION });
  return parts;
}
/** A million elements of `t.list(t.bytes)`. */
function typed(): Part[] {
  const one = Buffer.from(Blobs.encode({ list: [new Uint8Array(0)] }));
  const head = one.subarray(0, one.length - 3);
  return [Buffer.concat([head, varint(MILLION), one.subarray(-2, -1)]), { byte: 0, count: MILLION }];
}
/** Messages that leave out all 16 fields. */
function leftOut(): Part[] {
  const count = 900_000;
  const whole = Buffer.from(Wides.encode({ list: Array(count).fill({}), any: new Uint8Array(count) }));
  return [whole.subarray(0, whole.length - count), { byte: 0, count }];
}

const packed = (parts: Part[]): Buffer => frame(flag.COMPRESSED, zstd(parts));

/** What makes a server of a few bytes allocate much: a name, and the frame of the message. */
const bombs: readonly (readonly [string, () => Buffer])[] = [
  ["empty byte strings", () => packed(lists(16, 0x29))],
  ["empty strings", () => packed(lists(16, 0x15))],
  ["lists", () => packed(lists(16, 0x16))],
  ["maps", () => packed(lists(16, 0x18))],
  ["sets", () => packed(lists(16, 0x17))],
  ["typed arrays", () => packed(lists(16, 0x38))],
];

/** The bytes of a call that brings a message, for each place where a server reads one. */
const places: readonly (readonly [string, (message: Buffer) => Buffer])[] = [
  ["the request of a unary call", (message) => Buffer.concat([header("Target", "hold"), message])],
  ["an item of a client stream", (message) => Buffer.concat([header("Target", "upload"), message])],
  ["an item of a bidi stream", (message) => Buffer.concat([header("Target", "chat"), message])],
  [
    "the request of a call in a session",
    (message) => Buffer.concat([header("SessionTarget", ""), callHeader("hold"), message]),
  ],
  [
    "an item of a stream in a session",
    (message) => Buffer.concat([header("SessionTarget", ""), callHeader("upload"), message]),
  ],
];

describe.skipIf(!rawPeers)("a message of a kilobyte that would take gigabytes", () => {
  it.each(places)("is refused as %s", async (_, call) => {
    const before = await asked("memory");
    for (const [name, bomb] of bombs) {
      const message = bomb();
      expect(message.length, name).toBeLessThan(2000);
      expect(await raw?.statusOf(call(message)), name).toBe(RESOURCE_EXHAUSTED);
      await serves();
    }
    await rests(before);
  });

  it("is refused in a declared field, in a compatible message, and as JSON", async () => {
    const before = await asked("memory");
    const json = Buffer.from(`{"list":[${"{},".repeat(MILLION - 1)}{}]}`);
    const calls = [
      Buffer.concat([header("Target", "blobs"), packed(typed())]),
      Buffer.concat([header("CompatibleTarget", "hold", { mode: mode.COMPATIBLE }), packed(leftOut())]),
      Buffer.concat([header("JsonTarget", "hold", { mode: mode.JSON }), frame(flag.DATA, json)]),
    ];
    for (const call of calls) {
      expect(await raw?.statusOf(call)).toBe(RESOURCE_EXHAUSTED);
      await serves();
    }
    await rests(before);
  });
});

describe("keys that are chosen so that their hashes collide", () => {
  const chosen = chosenFloats(8000);
  const exhausted = { code: Code.RESOURCE_EXHAUSTED, isLocal: false };

  it("are refused in a declared map", async () => {
    const map = new Map(chosen.map((key) => [key, 1]));
    await expect(honest.stub(Target).floats({ map })).rejects.toMatchObject(exhausted);
    await serves();
  });

  it("are refused in t.any, in each pattern and in sessions", async () => {
    const request = { value: new Set<unknown>(chosenBigints(8000)) };
    await using session = await honest.session(SessionTarget);
    await expect(honest.stub(Target).hold(request)).rejects.toMatchObject(exhausted);
    await expect(honest.stub(Target).upload([request])).rejects.toMatchObject(exhausted);
    await expect(session.hold(request)).rejects.toMatchObject(exhausted);
    await expect(session.upload([request])).rejects.toMatchObject(exhausted);
    await serves();
  });
});

describe.skipIf(!rawPeers)("calls that end while the event loop is busy", () => {
  it("leave no messages in the queue beyond the budget of the connection", async () => {
    const before = await asked("memory");
    victim.say("block 4000");
    const head = Buffer.concat([anyHead(), bytes(0x29), varint(15 << 20)]);
    const message = packed([head, { byte: 0, count: 15 << 20 }]);
    const calls = FULL ? 300 : 100;
    for (let at = 0; at < calls; at++) {
      const deadline = Date.now() + 20;
      raw?.send(Buffer.concat([header("Target", "hold", { deadline }), message]));
    }
    await victim.line("over");
    await serves();
    expect((await asked("peak")) - before).toBeLessThan(MOST_MIB);
    await rests(before);
  });
});
