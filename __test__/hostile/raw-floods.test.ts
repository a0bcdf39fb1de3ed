/**
 * Raw clients that open, reset and cancel as fast as they can: calls of other peers are answered meanwhile, the memory of the server
 * stays within a bound, and it returns to what it was before.
 */
import { AsterClient } from "aster-rpc";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Child } from "../boundary/support/child.js";
import { callHeader, flag, frame, header } from "./support/bytes.mjs";
import { local } from "./support/hoard.mjs";
import { Flood, rawPeers } from "./support/raw.js";
import { Any, Blobs, Target } from "./support/target.mjs";

/** What a flood may cost while it lasts, with garbage that was not collected. */
const MOST_MIB = 128;
/** What may remain after it. */
const REST_MIB = 32;
/** Calls of an honest client during a flood. */
const ROUNDS = process.env.ASTER_TEST_FULL === "1" ? 1000 : 50;
const processes = new URL("./processes/", import.meta.url);

let victim: Child;
let ticket: string;
let honest: AsterClient;
const floods: Flood[] = [];

beforeAll(async () => {
  victim = new Child("target.mjs", [], ["--expose-gc"], processes);
  ticket = (await victim.line("ready")).ticket as string;
  honest = await AsterClient.connect(ticket, local);
});
afterEach(async () => {
  for (const flood of floods.splice(0)) await flood.close();
});
afterAll(async () => {
  await honest.close();
  await victim.kill();
});

async function memory(): Promise<number> {
  victim.lines.length = 0;
  victim.say("memory");
  return (await victim.line("memory")).mib as number;
}

const NOTHING = Buffer.alloc(0);
const session = header("SessionTarget", "");
const held = frame(flag.DATA, Any.encode({ value: null }));
const small = frame(flag.DATA, Blobs.encode({ list: [] }));
const cancel = frame(flag.CANCEL);

const kinds: readonly (readonly [string, Buffer, Buffer, "reset" | "end" | "pour"])[] = [
  ["small calls whose answers it does not read", header("Target", "blobs"), small, "end"],
  ["streams that it resets after the header", header("Target", "hold"), NOTHING, "reset"],
  ["calls that it resets while their handlers run", header("Target", "hold"), held, "reset"],
  ["streams with half a header", header("Target", "hold").subarray(0, 10), NOTHING, "reset"],
  ["streams without a byte", NOTHING, NOTHING, "end"],
  ["headers of a service that does not exist", header("Nothing", "at all"), NOTHING, "end"],
  ["sessions that it closes at once", session, NOTHING, "end"],
  ["sessions that it resets", session, NOTHING, "reset"],
  ["sessions that it resets during a call", session, Buffer.concat([callHeader("hold"), held]), "reset"],
  ["calls of a session, each cancelled", session, Buffer.concat([callHeader("hold"), held, cancel]), "pour"],
  ["calls of a session", session, Buffer.concat([callHeader("blobs"), small]), "pour"],
  ["cancellations of nothing in a session", session, cancel, "pour"],
  ["items of an upload", header("Target", "upload"), held, "pour"],
  ["frames that are none", header("Target", "upload"), Buffer.alloc(1000, 0xff), "pour"],
];

describe.skipIf(!rawPeers)("a peer that floods with", () => {
  it.each(kinds)(
    "%s keeps no other peer from being answered, and costs a bounded amount",
    async (_, head, body, way) => {
      const before = await memory();
      const flood = await Flood.start(ticket, head, body, way);
      floods.push(flood);
      await flood.begun();
      let most = 0;
      for (let round = 0; round < ROUNDS; round++) {
        expect(await honest.stub(Target).blobs({ list: [new Uint8Array(3)] })).toEqual({ count: 1 });
        if (round % 10 === 0) most = Math.max(most, (await memory()) - before);
      }
      expect(most).toBeLessThan(MOST_MIB);
      await flood.close();
      await expect.poll(async () => (await memory()) - before, { timeout: 20_000 }).toBeLessThan(REST_MIB);
    },
    60_000,
  );
});
