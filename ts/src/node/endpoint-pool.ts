// The endpoints of a service: a connection to each, and which one is next.
//
// Owns: following the registry, connecting in the background, the order of endpoints, leaving out those that fail, and the slow
// start of those that are new. Does not own: calls (service-client.ts), what is known of endpoints (registry.ts).

import { AsterError, Code } from "../errors.js";
import { type Logger, logSafely } from "../logging.js";
import type { EndpointChange, FoundEndpoint } from "../native/documents.js";
import type { AsterClient } from "./aster-client.js";

/** Endpoints to which there is a connection at the same time. */
const MOST_ENDPOINTS = 64;
/** Failures in a row after which an endpoint gets no calls for a while. */
const FAILURES = 3;
/** How long an endpoint gets no calls, first and at most. It doubles each time. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** For so long a new endpoint gets fewer calls than the others, beside others that are not new. */
const SLOW_START_MS = 5000;
/** The share of the calls that it gets at first. */
const FIRST_SHARE = 0.1;

/** By what the next endpoint is chosen. */
export type Policy = "roundRobin" | "leastLoad" | "nearest" | "random";

/** What a pool needs of its node. */
export interface PoolGround {
  /** Connects to an endpoint. */
  connect(found: FoundEndpoint): Promise<AsterClient>;
  /** The changes of the service, in the background, until the signal aborts. */
  changes(signal: AbortSignal): AsyncIterable<EndpointChange>;
  /** Whether an endpoint is one of those that are wanted. */
  wanted(found: FoundEndpoint): boolean;
  readonly policy: Policy;
  readonly logger: Logger;
}

/** An endpoint that can be called. */
export interface Callable {
  readonly client: AsterClient;
  /** Makes a call, and remembers how it ended. */
  run(call: () => unknown): unknown;
}

const { performance } = globalThis;

/** One endpoint of the pool. */
class Member implements Callable {
  found: FoundEndpoint;
  readonly client: AsterClient;
  readonly since: number;
  readonly rttMs: number;
  running = 0;
  #failures = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #pausedUntil = 0;

  constructor(found: FoundEndpoint, client: AsterClient, since: number, rttMs: number) {
    this.found = found;
    this.client = client;
    this.since = since;
    this.rttMs = rttMs;
  }

  isPaused(now: number): boolean {
    return now < this.#pausedUntil;
  }

  /** Its share of the calls: it grows during the slow start. */
  share(now: number): number {
    return Math.min(1, FIRST_SHARE + ((1 - FIRST_SHARE) * (now - this.since)) / SLOW_START_MS);
  }

  run(call: () => unknown): unknown {
    this.running += 1;
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      this.running -= 1;
      throw error;
    }
    if (!(result instanceof Promise)) {
      this.running -= 1;
      return result;
    }
    return result.then(
      (value: unknown) => {
        this.running -= 1;
        this.#failures = 0;
        this.#pauseMs = FIRST_PAUSE_MS;
        return value;
      },
      (error: unknown) => {
        this.running -= 1;
        this.#failed(error);
        throw error;
      },
    );
  }

  /** Only an endpoint that cannot be reached is left out: any other answer shows that it is there. */
  #failed(error: unknown): void {
    if (!(error instanceof AsterError) || !error.isLocal || error.code !== Code.UNAVAILABLE) return;
    this.#failures += 1;
    if (this.#failures < FAILURES) return;
    this.#failures = 0;
    this.#pausedUntil = performance.now() + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** The endpoints of one service. */
export class EndpointPool {
  readonly #ground: PoolGround;
  readonly #members = new Map<string, Member>();
  readonly #known = new Map<string, FoundEndpoint>();
  readonly #connecting = new Set<string>();
  readonly #ended = new AbortController();
  /** Clients of endpoints that said that they leave. Their calls go on. */
  #retired: AsterClient[] = [];
  #turn = 0;
  #closing: Promise<void> | null = null;

  constructor(ground: PoolGround) {
    this.#ground = ground;
  }

  /**
   * Connects to the first of these endpoints that answers, then follows the registry.
   * @throws the error of the last endpoint when none answers
   */
  async start(found: readonly FoundEndpoint[]): Promise<void> {
    let last: unknown;
    for (const endpoint of found) {
      this.#known.set(endpoint.endpointId, endpoint);
      if (this.#members.size > 0) continue;
      try {
        await this.#connect(endpoint);
      } catch (error) {
        last = error;
      }
    }
    if (this.#members.size === 0) throw last;
    void this.#follow();
    this.#connectMore();
  }

  /** The endpoint ids to which there is a connection. */
  connected(): readonly string[] {
    return [...this.#members.keys()].sort();
  }

  /** The endpoints in the order in which a call tries them. */
  inTurn(): readonly Callable[] {
    const now = performance.now();
    const members = [...this.#members.values()];
    if (members.length < 2) return members;
    this.#turn += 1;
    const usable = members.filter((member) => !member.isPaused(now));
    // When all fail, a call is better than none.
    const candidates = usable.length === 0 ? members : usable;
    const ordered = this.#ordered(candidates, now);
    return [...ordered, ...members.filter((member) => !ordered.includes(member))];
  }

  #ordered(members: readonly Member[], now: number): Member[] {
    const ready = members.filter((member) => member.found.health === "ready");
    const preferred = ready.length === 0 ? members : ready;
    const rest = members.filter((member) => !preferred.includes(member));
    return [...this.#byPolicy(preferred, now), ...rest];
  }

  #byPolicy(members: readonly Member[], now: number): Member[] {
    const inTurn = [...members].sort((a, b) => (a.found.endpointId < b.found.endpointId ? -1 : 1));
    const start = this.#ground.policy === "random" ? Math.floor(Math.random() * inTurn.length) : this.#turn;
    const rotated = inTurn.map((_, index) => inTurn[(index + start) % inTurn.length] as Member);
    const weight = this.#weight();
    if (weight !== null) rotated.sort((a, b) => weight(a) - weight(b));
    // An endpoint in its slow start gives its place to the next one, more often than not.
    const [first, second] = rotated;
    if (first !== undefined && second !== undefined && Math.random() > first.share(now) / second.share(now)) {
      rotated[0] = second;
      rotated[1] = first;
    }
    return rotated;
  }

  #weight(): ((member: Member) => number) | null {
    if (this.#ground.policy === "nearest") return (member) => member.rttMs;
    if (this.#ground.policy !== "leastLoad") return null;
    // What runs from here is newer than what the endpoint said of itself.
    return (member) => (member.found.load ?? 1) + member.running;
  }

  async #connect(found: FoundEndpoint): Promise<void> {
    const { endpointId } = found;
    this.#connecting.add(endpointId);
    try {
      const client = await this.#ground.connect(found);
      const { rttMs } = await client.info();
      if (this.#closing !== null || !this.#known.has(endpointId)) return void client.close();
      const alone = this.#members.size === 0;
      const since = performance.now() - (alone ? SLOW_START_MS : 0);
      this.#members.set(endpointId, new Member(found, client, since, rttMs ?? Number.MAX_SAFE_INTEGER));
    } finally {
      this.#connecting.delete(endpointId);
    }
  }

  /** Connects to endpoints that are known and not connected, without waiting. */
  #connectMore(): void {
    for (const [endpointId, found] of this.#known) {
      if (this.#closing !== null || this.#members.size + this.#connecting.size >= MOST_ENDPOINTS) return;
      if (this.#members.has(endpointId) || this.#connecting.has(endpointId)) continue;
      this.#connect(found).catch((error: unknown) => {
        // Its next lease is another chance.
        logSafely(() => this.#ground.logger.debug("an endpoint does not answer", { endpointId, error }));
      });
    }
  }

  async #follow(): Promise<void> {
    try {
      for await (const change of this.#ground.changes(this.#ended.signal)) this.#take(change);
    } catch (error) {
      logSafely(() =>
        this.#ground.logger.warn("the endpoints of a service are not followed any more", { error }),
      );
    }
  }

  #take({ up, endpointId, endpoint, why }: EndpointChange): void {
    if (up && endpoint !== null && this.#ground.wanted(endpoint)) {
      this.#known.set(endpointId, endpoint);
      const member = this.#members.get(endpointId);
      if (member === undefined) this.#connectMore();
      else member.found = endpoint;
      return;
    }
    this.#known.delete(endpointId);
    const member = this.#members.get(endpointId);
    this.#members.delete(endpointId);
    if (member === undefined) return;
    // Who drains finishes its calls. Who is gone has none.
    if (why === "withdrawn" || why === "notReady") this.#retired.push(member.client);
    else void member.client.close();
    void this.#prune();
  }

  /** Closes the clients of endpoints that left, when their connections have ended. */
  async #prune(): Promise<void> {
    const retired = this.#retired;
    this.#retired = [];
    for (const client of retired) {
      const facts = await client.info().catch(() => null);
      if (facts?.open === true && this.#closing === null) this.#retired.push(client);
      else await client.close();
    }
  }

  /** Closes all connections. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ended.abort();
    const clients = [...[...this.#members.values()].map((member) => member.client), ...this.#retired];
    this.#members.clear();
    this.#known.clear();
    await Promise.all(clients.map((client) => client.close()));
  }
}
