/** The rows of the fault matrix that need no other process: faults of the network, and of the library's users. */
import { Code } from "aster-rpc";
import type { LinkFaults, LocalPair } from "aster-rpc/testing";
import { type Lanes, time } from "./lanes.ts";
import type { Size } from "./patterns.ts";

export interface Cell {
  readonly pair: LocalPair;
  readonly lanes: Lanes;
}

export interface Fault {
  readonly name: string;
  /** Only with `npm run test:full`, because it takes long. */
  readonly long?: boolean;
  /** The faults of the link from the beginning. */
  readonly link?: LinkFaults;
  readonly size?: Partial<Size>;
  /** How calls may end besides OK. */
  readonly may?: readonly Code[];
  /** What happens while calls run. Default: 100 responses. It ends with calls that succeed, unless the pair was closed. */
  readonly during?: (cell: Cell) => Promise<void>;
}

const LOST = [Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED];
/** A delay that makes calls overlap with what happens. */
const near: LinkFaults = { delayMs: 2 };

/** A fault that begins while calls run and ends after a time. Calls succeed before and after it. */
function passing(
  faults: LinkFaults,
  ms: number,
  only?: "toServer" | "toClient",
): NonNullable<Fault["during"]> {
  return async ({ pair: { link }, lanes }) => {
    await lanes.more();
    link?.set(faults, only);
    await time(ms);
    link?.set(
      Object.fromEntries(Object.keys(faults).map((name) => [name, none[name as keyof LinkFaults]])),
      only,
    );
    await lanes.more();
  };
}

const none: LinkFaults = { blackhole: false, loss: 0, mtu: null, bytesPerSecond: null, delayMs: 2 };

function blackhole(ms: number, only?: "toServer" | "toClient"): Omit<Fault, "name"> {
  return { link: near, size: { timeoutMs: 1500 }, may: LOST, during: passing({ blackhole: true }, ms, only) };
}

const patient = { timeoutMs: 25_000 };

export const faults: readonly Fault[] = [
  { name: "no fault" },
  { name: "1 % loss", link: { ...near, loss: 0.01 } },
  { name: "5 % loss", link: { ...near, loss: 0.05 } },
  { name: "20 % loss", link: { ...near, loss: 0.2 }, size: patient },
  // A burst ends after packets, not after a time: with long bursts all repetitions of 3 s are lost at times, and the client
  // takes another connection.
  { name: "burst loss", link: { ...near, burst: { enter: 0.04, leave: 0.5, loss: 1 } }, size: patient },
  {
    name: "20 % loss of requests alone",
    link: near,
    size: patient,
    during: async ({ pair, lanes }) => {
      pair.link?.set({ loss: 0.2 }, "toServer");
      await lanes.more(100);
    },
  },
  {
    name: "20 % loss of responses alone",
    link: near,
    size: patient,
    during: async ({ pair, lanes }) => {
      pair.link?.set({ loss: 0.2 }, "toClient");
      await lanes.more(100);
    },
  },
  { name: "a delay of 50 ms", link: { delayMs: 50 } },
  {
    name: "a delay of 300 ms",
    link: { delayMs: 300 },
    size: { ...patient, items: 20 },
    during: ({ lanes }) => lanes.more(4),
  },
  {
    name: "another delay in each direction",
    link: { delayMs: 1 },
    during: passing({ delayMs: 100 }, 300, "toClient"),
  },
  { name: "jitter of 50 ms", link: { delayMs: 5, jitterMs: 50 } },
  { name: "reordered packets", link: { ...near, reorder: 0.2 } },
  { name: "far reordered packets", link: { ...near, reorder: 0.05, reorderMs: 80 } },
  { name: "duplicated packets", link: { ...near, duplicate: 0.3 } },
  { name: "every packet twice", link: { ...near, duplicate: 1 } },
  { name: "corrupted packets", link: { ...near, corrupt: 0.05 }, size: patient },
  { name: "truncated packets", link: { ...near, truncate: 0.05 }, size: patient },
  { name: "an MTU of 1200 bytes", link: { ...near, mtu: 1200 } },
  {
    name: "an MTU that falls to 1200 bytes",
    link: near,
    size: patient,
    during: async ({ pair, lanes }) => {
      await lanes.more(200);
      pair.link?.set({ mtu: 1200 });
      await lanes.more();
    },
  },
  {
    name: "256 kbit/s",
    link: { ...near, bytesPerSecond: 32_000 },
    size: { ...patient, items: 10, bytes: 200 },
    during: ({ lanes }) => lanes.more(10),
  },
  {
    name: "256 kbit/s with a queue of a minute",
    link: { ...near, bytesPerSecond: 32_000, queueBytes: 2_000_000 },
    size: { ...patient, items: 10, bytes: 200 },
    during: ({ lanes }) => lanes.more(10),
  },
  {
    name: "a rate that falls",
    link: { ...near, bytesPerSecond: 1_000_000 },
    size: { ...patient, items: 20, bytes: 300 },
    during: passing({ bytesPerSecond: 50_000 }, 500),
  },
  { name: "a blackhole of requests for 400 ms", ...blackhole(400, "toServer"), may: [], size: patient },
  { name: "a blackhole of responses for 400 ms", ...blackhole(400, "toClient"), may: [], size: patient },
  { name: "a blackhole for 400 ms", ...blackhole(400), may: [], size: patient },
  { name: "a blackhole for 2 s, longer than the deadlines", ...blackhole(2000) },
  { name: "a blackhole for 5 s", long: true, ...blackhole(5000) },
  { name: "a blackhole of responses for 5 s", long: true, ...blackhole(5000, "toClient") },
  { name: "a blackhole for 30 s", long: true, ...blackhole(30_000) },
  { name: "a blackhole for 90 s", long: true, ...blackhole(90_000) },
  {
    name: "another port of the client",
    link: near,
    during: async ({ pair, lanes }) => {
      await lanes.more();
      pair.link?.rebind();
      await lanes.more();
    },
  },
  {
    name: "another address of the client",
    link: near,
    during: async ({ pair, lanes }) => {
      await lanes.more();
      pair.link?.rebind("127.0.0.2");
      await lanes.more();
      pair.link?.rebind("127.0.0.3");
      await lanes.more();
    },
  },
  {
    name: "another port of the client twenty times",
    link: near,
    size: patient,
    during: async ({ pair, lanes }) => {
      await lanes.more();
      for (let round = 0; round < 20; round++) {
        pair.link?.rebind();
        await lanes.more(5);
      }
    },
  },
  {
    name: "another port of the client while one packet of ten is lost",
    link: { ...near, loss: 0.1 },
    size: patient,
    during: async ({ pair, lanes }) => {
      for (let round = 0; round < 4; round++) {
        await lanes.more();
        pair.link?.rebind();
        await lanes.more();
      }
    },
  },
  {
    // QUIC has no migration before its handshake is confirmed, so the connection may be lost. Then clients connect again.
    name: "another port of the client at the very beginning",
    link: near,
    may: LOST,
    during: async ({ pair, lanes }) => {
      pair.link?.rebind();
      await lanes.more();
    },
  },
  {
    name: "single lost packets, again and again",
    link: near,
    during: async ({ pair, lanes }) => {
      for (let round = 0; round < 20; round++) {
        pair.link?.dropNext({ direction: round % 2 === 0 ? "toServer" : "toClient", skip: round });
        await lanes.more(5);
      }
    },
  },
  {
    name: "everything at once",
    size: patient,
    link: {
      delayMs: 5,
      jitterMs: 20,
      loss: 0.03,
      burst: { enter: 0.005, leave: 0.3, loss: 0.8 },
      duplicate: 0.1,
      reorder: 0.1,
      corrupt: 0.02,
      truncate: 0.02,
      mtu: 1300,
      bytesPerSecond: 500_000,
    },
    during: async ({ pair, lanes }) => {
      await lanes.more();
      pair.link?.rebind();
      await lanes.more();
    },
  },
  {
    name: "deadlines shorter than the round trip",
    link: { delayMs: 30 },
    size: { timeoutMs: 40 },
    may: LOST,
    during: async ({ pair, lanes }) => {
      await time(500);
      pair.link?.set({ delayMs: 0 });
      await lanes.more();
    },
  },
  {
    name: "a server that drains",
    link: near,
    size: { timeoutMs: 1500 },
    may: LOST,
    during: async ({ pair, lanes }) => {
      await lanes.more();
      await pair.server.drain({ timeoutMs: 5000 });
    },
  },
  {
    name: "a server that closes",
    link: near,
    size: { timeoutMs: 1500 },
    may: LOST,
    during: async ({ pair, lanes }) => {
      await lanes.more();
      await pair.server.close();
    },
  },
  {
    name: "a client that closes",
    link: near,
    may: [Code.UNAVAILABLE, Code.FAILED_PRECONDITION],
    during: async ({ pair, lanes }) => {
      await lanes.more();
      await pair.client.close();
    },
  },
  {
    name: "an event loop of both sides that is blocked for 1 s",
    link: near,
    size: patient,
    during: async ({ lanes }) => {
      await lanes.more();
      const until = performance.now() + 1000;
      while (performance.now() < until);
      await lanes.more();
    },
  },
];
