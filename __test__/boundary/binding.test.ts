/**
 * The internal binding with arguments that `ts/src/native` never passes: an Error, but never a crash, an endless loop, or
 * damage to another port.
 */
import { createRequire } from "node:module";
import { AsterClient, AsterServer } from "aster-rpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fresh, local, Probe, probe } from "./support/probe.mjs";

const native = createRequire(import.meta.url)(
  "../../dist/native/binding.cjs",
) as typeof import("../../dist/native/binding.cjs");
// Without exact types, because the test passes wrong arguments.
const loose = native as unknown as Record<string, (...args: unknown[]) => unknown>;

const HEAD = 24;
const events: number[] = [];
let port: number;
let server: AsterServer;
let client: AsterClient;
beforeAll(async () => {
  port = native.openPort(() => events.push(1));
  server = await AsterServer.start({ ...fresh, services: [probe()], access: "open" });
  client = await AsterClient.connect(server.ticket, local);
});
afterAll(async () => {
  native.closePort(port);
  await client.close();
  await server.close();
});

interface Head {
  readonly payload?: number;
  readonly call?: number;
  readonly op?: number;
  readonly flags?: number;
  readonly argument?: number;
  readonly timeout?: number;
  readonly metadata?: number;
}

function record(head: Head, body: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array((HEAD + body.length + 7) & ~7);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, head.payload ?? body.length, true);
  view.setUint32(4, head.call ?? 1, true);
  bytes[8] = head.op ?? 1;
  bytes[9] = head.flags ?? 0;
  view.setUint32(12, head.argument ?? 0, true);
  view.setUint32(16, head.timeout ?? 0xffff_ffff, true);
  view.setUint32(20, head.metadata ?? 0, true);
  bytes.set(body, HEAD);
  return bytes;
}

function emptied(): void {
  while (native.drain(port, new Uint8Array(65_536)) !== 0);
}

// xorshift, so that a failure can be repeated.
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const numbers = [undefined, null, "1", {}, [], Number.NaN, -1, 2 ** 32, 2 ** 53, 1n, true];
const gone = 4_000_000_000;
const method = { service: "A", version: 1, method: "b", pattern: "unary", mode: "json", compress: "auto" };
Object.assign(method, { plan: 0, request: 0, response: 0 });

describe("wrong arguments", () => {
  it.each(Object.keys(native).filter((name) => name !== "__napiBindingTarget" && name !== "closePort"))(
    "%s throws or does nothing, with any arguments",
    (name) => {
      const attempts: unknown[][] = [[], ...numbers.map((value) => [value, value, value, value])];
      attempts.push([gone, gone, gone, "{}"]);
      // Ports and connections have the same numbers, so this call would close the client's connection.
      if (name !== "connectionClose") {
        attempts.push([port, 1, gone, "{"], [port, gone, "[]"], [port, 1, "null"]);
      }
      for (const args of attempts) {
        try {
          const result = loose[name]!(...args);
          expect(["string", "number", "undefined", "object"]).toContain(typeof result);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }
    },
  );

  it.each([
    ["submit", [gone, new Uint8Array(8), 0]],
    ["drain", [gone, new Uint8Array(8)]],
    ["submit", [0, new Uint8Array(8), 8]],
    ["nodeInfo", [0, 1, gone]],
    ["nodeDrain", [0, 1, gone, 5]],
    ["nodeServe", [gone, gone, []]],
    ["methodRegister", [gone, gone, method]],
    ["takeDone", [gone, 1]],
    ["takeNodeFacts", [0, gone]],
    ["connectionInfo", [gone, 1, gone]],
    ["planToJson", [gone, 0, new Uint8Array(4)]],
    ["planFromJson", [gone, 0, "{}"]],
    ["planCheck", [0, gone, new Uint8Array(4)]],
  ])("%s(%j) says that there is no such thing", (name, args) => {
    expect(() => loose[name]!(...args)).toThrow(Error);
  });

  it.each([
    ["publicKeyOf", ["xyz"], { code: "INVALID_OPTION", path: "secretKey", message: "must be 32 bytes" }],
    ["ticketParse", ["aster1"], { code: "INVALID_ARGUMENT", path: null }],
    ["nodeInfo", [gone, 1, gone], { code: "FAILED_PRECONDITION", message: "the node is closed" }],
  ])("%s(%j) throws an Error whose facts are properties", (name, args, facts) => {
    const rest = { reason: null, details: {}, peer: null, isLocal: true, notSent: false };
    let thrown: unknown;
    try {
      loose[name]!(...args);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Error);
    expect(thrown).toMatchObject({ ...rest, ...facts });
  });

  it("a result of another type is refused", async () => {
    const rung = events.length;
    native.nodeClose(port, 77, gone);
    await expect.poll(() => events.length).toBeGreaterThan(rung);
    expect(() => native.takeNodeFacts(port, 77)).toThrow(/another type of result/);
    expect(() => native.takeDone(port, 77)).toThrow(/closed/);
  });

  it("closePort does nothing for a port that does not exist", () => {
    for (const number of [0, gone]) expect(() => native.closePort(number)).not.toThrow();
  });
});

describe("invalid operation batches", () => {
  const item = record({ op: 2, call: 7 }, new Uint8Array(100));

  it("are refused when a record is cut at any byte", () => {
    for (let length = 1; length < HEAD + 100; length++) {
      expect(() => native.submit(port, item, length), `${length} bytes`).toThrow(Error);
    }
    expect(() => native.submit(port, item, 0)).not.toThrow();
    expect(() => native.submit(port, item, item.length)).not.toThrow();
  });

  it.each([
    ["a length beyond the buffer", new Uint8Array(8), 9],
    ["a length of 4 GiB", record({ op: 2, payload: 0xffff_ffff }), HEAD],
    ["a payload length beyond the batch", record({ op: 2, payload: 1 }), HEAD],
    ["metadata longer than the payload", record({ op: 1, metadata: 9 }, new Uint8Array(8)), HEAD + 8],
    ["metadata with a wrong count", record({ metadata: 2 }, Uint8Array.of(255, 255)), HEAD + 2],
    ["metadata with a wrong length", record({ metadata: 4 }, Uint8Array.of(1, 0, 255, 255)), HEAD + 4],
    ["metadata that is not UTF-8", record({ metadata: 6 }, Uint8Array.of(1, 0, 2, 0, 255, 254)), HEAD + 6],
    ["an unknown operation", record({ op: 99 }), HEAD],
    ["operation 0", record({ op: 0 }), HEAD],
  ])("are refused: %s", (_, bytes, length) => {
    expect(() => native.submit(port, bytes, length)).toThrow(Error);
  });

  it("may name calls and methods that do not exist", () => {
    for (let op = 2; op <= 7; op++) {
      const bytes = record({ op, call: 4242, argument: 0xffff_ffff }, new Uint8Array(8));
      expect(() => native.submit(port, bytes, bytes.length)).not.toThrow();
    }
  });

  it("that open an unknown method end only that call", async () => {
    emptied();
    const rung = events.length;
    const bytes = record({ op: 1, call: 9, argument: 77, flags: 7 }, new Uint8Array(8));
    native.submit(port, bytes, bytes.length);
    await expect.poll(() => events.length).toBeGreaterThan(rung);
    const slab = new Uint8Array(4096);
    expect(native.drain(port, slab)).toBeGreaterThan(0);
    const view = new DataView(slab.buffer);
    const [ENDED, hereAndNotSent] = [3, 3];
    expect([view.getUint32(4, true), slab[8], slab[9]]).toEqual([9, ENDED, hereAndNotSent]);
    expect(view.getUint16(10, true)).not.toBe(0);
  });

  it("of random bytes are refused or ignored", () => {
    const next = noise(20_260_723);
    for (let round = 0; round < 3000; round++) {
      const bytes = Uint8Array.from({ length: next() % 200 }, () => next() & 0xff);
      // Half of them begin like a valid record.
      if (round % 2 === 0 && bytes.length > HEAD) {
        bytes.set(
          record({ op: 1 + (next() % 7), payload: next() % 64, call: next() % 32 }).subarray(0, HEAD),
        );
      }
      try {
        native.submit(port, bytes, bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});

describe("slabs that are too small", () => {
  it("get no event, and drain returns the needed size; the event stays", async () => {
    emptied();
    const rung = events.length;
    const bytes = record({ op: 1, call: 11, argument: 77 });
    native.submit(port, bytes, bytes.length);
    await expect.poll(() => events.length).toBeGreaterThan(rung);
    for (const size of [0, 1, 23, 24, 31]) {
      expect(native.drain(port, new Uint8Array(size))).toBeLessThan(-24);
    }
    const needed = -native.drain(port, new Uint8Array(0));
    expect(native.drain(port, new Uint8Array(needed))).toBe(needed);
    expect(native.drain(port, new Uint8Array(needed))).toBe(0);
  });
});

it("a port that was closed twice is gone, and other ports still work", async () => {
  const other = native.openPort(() => {});
  native.closePort(other);
  native.closePort(other);
  expect(() => native.submit(other, new Uint8Array(8), 0)).toThrow(/closed/);
  expect(() => native.drain(other, new Uint8Array(8))).toThrow(/closed/);
  expect(await client.stub(Probe).echo({ id: 5 })).toMatchObject({ id: 5 });
});
