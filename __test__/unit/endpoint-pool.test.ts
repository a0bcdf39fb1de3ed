/** A pool of endpoints: which one gets a call, which one is left out, and what happens when endpoints come and go. */
import { describe, expect, it } from "vitest";
import { AsterError, Code } from "../../ts/src/errors.js";
import type { EndpointChange, FoundEndpoint } from "../../ts/src/native/documents.js";
import { EndpointPool, type Policy } from "../../ts/src/node/endpoint-pool.js";
import { type Member, type PoolClient, SLOW_START_MS } from "../../ts/src/node/pool-member.js";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** An endpoint of a test, by a letter. */
function endpoint(letter: string, more: Partial<FoundEndpoint> = {}): FoundEndpoint {
  return {
    endpointId: letter.repeat(64),
    address: letter,
    version: 1,
    contractId: "c".repeat(64),
    health: "ready",
    load: null,
    ageMs: 0,
    source: "lease",
    tags: [],
    ...more,
  };
}

const up = (found: FoundEndpoint): EndpointChange => ({
  up: true,
  endpointId: found.endpointId,
  version: found.version,
  contractId: found.contractId,
  why: null,
  endpoint: found,
});
const down = (found: FoundEndpoint, why: EndpointChange["why"] = "withdrawn"): EndpointChange => ({
  ...up(found),
  up: false,
  why,
  endpoint: null,
});

class FakeClient {
  closed = 0;
  readonly rttMs: number;
  constructor(rttMs: number) {
    this.rttMs = rttMs;
  }
  async info() {
    return { rttMs: this.rttMs };
  }
  async close() {
    this.closed += 1;
  }
}

/** A pool with a clock, a source of random numbers and a registry that the test drives. */
class World {
  now = 0;
  /** The numbers that `random` gives, in turn. */
  randoms: readonly number[] = [0];
  readonly clients = new Map<string, FakeClient>();
  readonly unreachable = new Set<string>();
  readonly pool: EndpointPool;
  readonly dials: string[] = [];
  readonly #changes: EndpointChange[] = [];
  #drawn = 0;
  #wake: (() => void) | null = null;
  #taken = 0;
  #ended = false;

  constructor(
    policy: Policy = "roundRobin",
    rtts: Readonly<Record<string, number>> = {},
    version: number | null = 1,
  ) {
    const world = this;
    this.pool = new EndpointPool({
      async connect(found) {
        world.dials.push(found.address);
        if (world.unreachable.has(found.address))
          throw new AsterError(Code.UNAVAILABLE, "no answer", { isLocal: true, notSent: true });
        const client = new FakeClient(rtts[found.address] ?? 1);
        world.clients.set(found.address, client);
        return client as unknown as PoolClient;
      },
      async *changes(signal) {
        signal.addEventListener("abort", () => {
          world.#ended = true;
          world.#wake?.();
        });
        while (!world.#ended) {
          const change = world.#changes.shift();
          if (change !== undefined) {
            yield change;
            world.#taken += 1;
          } else {
            await new Promise<void>((resolve) => {
              world.#wake = resolve;
            });
          }
        }
      },
      wanted: (found) => version === null || found.version === version,
      policy,
      logger: silent,
      now: () => world.now,
      random: () => world.randoms[world.#drawn++ % world.randoms.length] ?? 0,
    });
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Says what changed, and waits until the pool has taken it and has no more to do. */
  async say(...changes: readonly EndpointChange[]): Promise<void> {
    const expected = this.#taken + changes.length;
    this.#changes.push(...changes);
    this.#wake?.();
    while (this.#taken < expected) await settled();
    await settled();
  }

  /** The letters of the endpoints in turn. */
  turn(): string {
    return this.pool.inTurn().map(letterOf).join("");
  }

  /** How many of so many calls each endpoint gets first. */
  counts(calls: number): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let call = 0; call < calls; call += 1) {
      const first = this.turn()[0] ?? "";
      counts[first] = (counts[first] ?? 0) + 1;
    }
    return counts;
  }

  member(letter: string): Member {
    const found = this.pool.inTurn().find((member) => letterOf(member) === letter);
    if (found === undefined) throw new Error(`${letter} is not in the pool`);
    return found;
  }
}

const letterOf = (member: Member): string => member.found.address;

/** All promises that can settle have settled. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function world(
  letters: string,
  policy: Policy = "roundRobin",
  rtts: Readonly<Record<string, number>> = {},
): Promise<World> {
  const made = new World(policy, rtts);
  await made.pool.start([...letters].map((letter) => endpoint(letter)));
  await settled();
  // The slow start is over.
  made.now += SLOW_START_MS;
  return made;
}

const unreachable = new AsterError(Code.UNAVAILABLE, "lost", { isLocal: true });

describe("a policy", () => {
  it("roundRobin gives each endpoint the same number of calls", async () => {
    expect((await world("abc")).counts(300)).toEqual({ a: 100, b: 100, c: 100 });
  });

  it("random gives the endpoint that the number points at", async () => {
    const made = await world("abc", "random");
    // Two numbers are drawn for each call: which is first, and whether it gives its place away.
    made.randoms = [0, 0, 0.34, 0, 0.99, 0, 0.99, 0];
    expect(made.counts(400)).toEqual({ a: 100, b: 100, c: 200 });
  });

  it("nearest gives all calls to the shortest round trip", async () => {
    expect((await world("abc", "nearest", { a: 9, b: 2, c: 5 })).turn()).toBe("bca");
  });

  it("leastLoad prefers the least busy endpoint, and counts the calls that run from here", async () => {
    const made = await world("ab", "leastLoad");
    await made.say(up(endpoint("a", { load: 0.2 })), up(endpoint("b", { load: 0.9 })));
    expect(made.turn()).toBe("ab");
    const ended = made.member("a").begin();
    expect(made.turn()).toBe("ba");
    ended(null);
    expect(made.turn()).toBe("ab");
  });

  it("puts degraded endpoints after ready ones", async () => {
    const made = await world("abc");
    await made.say(up(endpoint("b", { health: "degraded" })));
    expect(made.counts(100)).toEqual({ a: 50, c: 50 });
    expect(made.turn().at(-1)).toBe("b");
    await made.say(...["a", "c"].map((letter) => up(endpoint(letter, { health: "degraded" }))));
    expect(made.counts(300)).toEqual({ a: 100, b: 100, c: 100 });
  });
});

describe("an endpoint that fails", () => {
  it("gets no calls after three failures in a row, and is the last resort meanwhile", async () => {
    const made = await world("ab");
    const fail = () => made.member("a").begin()(unreachable);
    fail();
    fail();
    expect(made.counts(10)).toEqual({ a: 5, b: 5 });
    fail();
    expect(made.counts(10)).toEqual({ b: 10 });
    expect(made.turn()).toBe("ba");
  });

  it("comes back after a second, after two when it fails again, and after at most thirty", async () => {
    const made = await world("ab");
    const pauseAfterFailing = (): number => {
      for (let time = 0; time < 3; time += 1) made.member("a").begin()(unreachable);
      const from = made.now;
      while (made.member("a").isPaused) made.now += 500;
      return made.now - from;
    };
    const pauses = [1, 2, 3, 4, 5, 6, 7].map(pauseAfterFailing);
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    made.member("a").begin()(null);
    expect(pauseAfterFailing()).toBe(1000);
  });

  it("is one that cannot be reached: other errors show that it is there, and end the row", async () => {
    const made = await world("ab");
    const ends = [
      new AsterError(Code.UNAVAILABLE, "from the handler", { isLocal: false }),
      new AsterError(Code.DEADLINE_EXCEEDED, "slow", { isLocal: true }),
      new TypeError("of the program"),
    ];
    for (const end of ends) {
      made.member("a").begin()(unreachable);
      made.member("a").begin()(unreachable);
      made.member("a").begin()(end);
    }
    expect(made.counts(10)).toEqual({ a: 5, b: 5 });
  });

  it("is also one to which no connection was made before the deadline", async () => {
    const made = await world("ab");
    const facts = { isLocal: true, notSent: true };
    const late = new AsterError(Code.DEADLINE_EXCEEDED, "no connection", facts);
    for (let time = 0; time < 3; time += 1) made.member("a").begin()(late);
    expect(made.counts(10)).toEqual({ b: 10 });
  });

  it("is called when all fail", async () => {
    const made = await world("ab");
    for (const letter of ["a", "b"])
      for (let time = 0; time < 3; time += 1) made.member(letter).begin()(unreachable);
    expect(made.counts(10)).toEqual({ a: 5, b: 5 });
  });
});

describe("a new endpoint", () => {
  it("gets a tenth of its share at first, and all of it after five seconds", async () => {
    const made = await world("a");
    await made.say(up(endpoint("b")));
    // Evenly spread numbers instead of random ones.
    made.randoms = Array.from({ length: 100 }, (_, at) => ((at * 37) % 100) / 100);
    const share = () => (made.counts(1000).b ?? 0) / 500;
    expect(share()).toBeCloseTo(0.1, 1);
    made.now += SLOW_START_MS / 2;
    expect(share()).toBeCloseTo(0.55, 1);
    made.now += SLOW_START_MS / 2;
    expect(share()).toBe(1);
  });

  it("is connected to as soon as it is known, and again with its next lease when it did not answer", async () => {
    const made = await world("a");
    made.unreachable.add("b");
    await made.say(up(endpoint("b")));
    expect(made.pool.connected()).toHaveLength(1);
    made.unreachable.clear();
    await made.say(up(endpoint("b")));
    expect(made.pool.connected()).toHaveLength(2);
    expect(made.dials).toEqual(["a", "b", "b"]);
  });

  it("waits for a place when there are 64, and takes the first that is free", async () => {
    const letters = Array.from({ length: 65 }, (_, at) => String.fromCodePoint(0x100 + at)).join("");
    const made = await world(letters);
    expect(made.pool.connected()).toHaveLength(64);
    const last = letters.at(-1) ?? "";
    expect(made.clients.has(last)).toBe(false);
    await made.say(down(endpoint(letters[3] ?? "")));
    expect(made.clients.has(last)).toBe(true);
    expect(made.pool.connected()).toHaveLength(64);
  });
});

describe("an endpoint that leaves", () => {
  it.each(["withdrawn", "notReady", "expired", "forgotten"] as const)(
    "gets no new calls when it is %s, and is closed after its last call",
    async (why) => {
      const made = await world("ab");
      const [first, second] = [made.member("a").begin(), made.member("a").begin()];
      await made.say(down(endpoint("a"), why));
      expect(made.counts(4)).toEqual({ b: 4 });
      first(null);
      first(null);
      await settled();
      expect(made.clients.get("a")?.closed).toBe(0);
      second(unreachable);
      await settled();
      expect(made.clients.get("a")?.closed).toBe(1);
    },
  );

  it("is closed at once when nothing runs", async () => {
    const made = await world("ab");
    await made.say(down(endpoint("a")));
    expect([made.clients.get("a")?.closed, made.turn()]).toEqual([1, "b"]);
  });

  it("is closed when it leaves while it is being connected to", async () => {
    const made = await world("a");
    await made.say(up(endpoint("b")), down(endpoint("b")));
    expect([made.clients.get("b")?.closed, made.turn()]).toEqual([1, "a"]);
  });

  it("comes back with a new connection", async () => {
    const made = await world("ab");
    await made.say(down(endpoint("a")), up(endpoint("a")));
    expect(made.dials).toEqual(["a", "b", "a"]);
    expect(made.pool.connected()).toHaveLength(2);
  });

  it("stays for the version that is wanted when another version of it comes, changes and goes", async () => {
    const made = await world("ab");
    const other = endpoint("a", { version: 2, contractId: "d".repeat(64) });
    await made.say(up(other), up(other), down(other));
    expect(made.counts(4)).toEqual({ a: 2, b: 2 });
    expect(made.member("a").found.version).toBe(1);
  });

  it("stays while one of its versions is there, when any is wanted", async () => {
    const made = new World("roundRobin", {}, null);
    const [one, two] = [endpoint("a"), endpoint("a", { version: 2, contractId: "d".repeat(64) })];
    await made.pool.start([one, two]);
    await settled();
    expect(made.dials).toEqual(["a"]);
    await made.say(down(one));
    expect([made.turn(), made.member("a").found.version]).toEqual(["a", 2]);
    await made.say(down(two));
    expect(made.turn()).toBe("");
  });
});

describe("a pool", () => {
  it("starts with the first endpoint that answers, and fails with the last error when none does", async () => {
    const made = new World();
    made.unreachable.add("a");
    await made.pool.start([endpoint("a"), endpoint("b")]);
    expect(made.turn()).toBe("b");
    const none = new World();
    none.unreachable.add("a");
    await expect(none.pool.start([endpoint("a")])).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  });

  it("is empty when all endpoints left, and fills again", async () => {
    const made = await world("ab");
    await made.say(down(endpoint("a"), "expired"), down(endpoint("b"), "expired"));
    expect(made.turn()).toBe("");
    await made.say(up(endpoint("b")));
    expect(made.turn()).toBe("b");
  });

  it("closes every connection once, also of endpoints that left, and ends its watch", async () => {
    const made = await world("abc");
    made.member("a").begin();
    await made.say(down(endpoint("a")));
    await Promise.all([made.pool.close(), made.pool.close()]);
    await settled();
    expect([...made.clients.values()].map(({ closed }) => closed)).toEqual([1, 1, 1]);
    expect([made.hasEnded, made.turn()]).toEqual([true, ""]);
  });
});
