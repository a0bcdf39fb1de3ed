// The endpoints of a service: a connection to each, and which one is next.
//
// Owns: following the registry, connecting in the background, and the order of endpoints. Does not own: calls
// (service-client.ts), one endpoint (pool-member.ts), what is known of endpoints (registry.ts).

import { type Logger, logSafely } from "../logging.js";
import type { EndpointChange, FoundEndpoint } from "../native/documents.js";
import { Member, type PoolClient, SLOW_START_MS } from "./pool-member.js";

/** Endpoints to which there is a connection at the same time. */
const MOST_ENDPOINTS = 64;

/** By what the next endpoint is chosen. */
export type Policy = "roundRobin" | "leastLoad" | "nearest" | "random";

/** What a pool needs of its node. */
export interface PoolGround {
  /** Connects to an endpoint. */
  connect(found: FoundEndpoint): Promise<PoolClient>;
  /** The changes of the service, in the background, until the signal aborts. */
  changes(signal: AbortSignal): AsyncIterable<EndpointChange>;
  /** Whether an endpoint is one of those that are wanted. */
  wanted(found: FoundEndpoint): boolean;
  readonly policy: Policy;
  readonly logger: Logger;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** A number from 0 to 1. */
  random(): number;
}

/** The endpoints of one service. */
export class EndpointPool {
  readonly #ground: PoolGround;
  readonly #members = new Map<string, Member>();
  /** What is known of each endpoint, by contract: an endpoint may serve several versions. */
  readonly #known = new Map<string, Map<string, FoundEndpoint>>();
  readonly #connecting = new Set<string>();
  readonly #ended = new AbortController();
  /** Endpoints that left, whose calls go on. */
  readonly #retired = new Set<Member>();
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
    for (const endpoint of found) this.#learn(endpoint);
    for (const endpoint of found) {
      if (this.#members.size > 0) break;
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
  inTurn(): readonly Member[] {
    const members = [...this.#members.values()];
    if (members.length < 2) return members;
    this.#turn += 1;
    const usable = members.filter((member) => !member.isPaused);
    // When all fail, a call is better than none.
    const candidates = usable.length === 0 ? members : usable;
    const ordered = this.#ordered(candidates);
    return [...ordered, ...members.filter((member) => !ordered.includes(member))];
  }

  #ordered(members: readonly Member[]): Member[] {
    const ready = members.filter((member) => member.found.health === "ready");
    const preferred = ready.length === 0 ? members : ready;
    const rest = members.filter((member) => !preferred.includes(member));
    return [...this.#byPolicy(preferred), ...rest];
  }

  #byPolicy(members: readonly Member[]): Member[] {
    const { policy, random } = this.#ground;
    const inTurn = [...members].sort((a, b) => (a.found.endpointId < b.found.endpointId ? -1 : 1));
    const start = policy === "random" ? Math.floor(random() * inTurn.length) : this.#turn;
    const rotated = inTurn.map((_, index) => inTurn[(index + start) % inTurn.length] as Member);
    const weight = this.#weight();
    if (weight !== null) rotated.sort((a, b) => weight(a) - weight(b));
    // An endpoint in its slow start gives its place to the next one, more often than not.
    const [first, second] = rotated;
    if (first !== undefined && second !== undefined && random() > first.share / second.share) {
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

  #learn(found: FoundEndpoint): void {
    const contracts = this.#known.get(found.endpointId) ?? new Map<string, FoundEndpoint>();
    this.#known.set(found.endpointId, contracts.set(found.contractId, found));
  }

  /** What is known of an endpoint: of the contract that it has, or of any other one that is wanted. */
  #facts(endpointId: string, contractId: string | undefined): FoundEndpoint | undefined {
    const contracts = this.#known.get(endpointId);
    return contracts?.get(contractId ?? "") ?? contracts?.values().next().value;
  }

  async #connect(found: FoundEndpoint): Promise<void> {
    const { endpointId } = found;
    this.#connecting.add(endpointId);
    try {
      const client = await this.#ground.connect(found);
      const { rttMs } = await client.info().catch(async (error: unknown) => {
        await client.close();
        throw error;
      });
      const known = this.#facts(endpointId, found.contractId);
      if (this.#closing !== null || known === undefined) return void client.close();
      const alone = this.#members.size === 0;
      const since = this.#ground.now() - (alone ? SLOW_START_MS : 0);
      const facts = { since, rttMs: rttMs ?? Number.MAX_SAFE_INTEGER };
      this.#members.set(endpointId, new Member(known, client, facts, this.#ground.now));
    } finally {
      this.#connecting.delete(endpointId);
    }
  }

  /** Connects to endpoints that are known and not connected, without waiting. */
  #connectMore(): void {
    for (const endpointId of this.#known.keys()) {
      if (this.#closing !== null || this.#members.size + this.#connecting.size >= MOST_ENDPOINTS) return;
      if (this.#members.has(endpointId) || this.#connecting.has(endpointId)) continue;
      const found = this.#facts(endpointId, undefined);
      if (found === undefined) continue;
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

  #take({ up, endpointId, contractId, endpoint }: EndpointChange): void {
    if (up && endpoint !== null && this.#ground.wanted(endpoint)) this.#learn(endpoint);
    else if (!this.#forget(endpointId, contractId)) return;
    const member = this.#members.get(endpointId);
    const known = this.#facts(endpointId, member?.found.contractId);
    if (member !== undefined && known !== undefined) member.found = known;
    else if (member !== undefined) this.#retire(endpointId, member);
    // Somebody may wait for a free place.
    this.#connectMore();
  }

  /** Forgets one contract of an endpoint. False when it was not known, as of a version that is not wanted. */
  #forget(endpointId: string, contractId: string): boolean {
    const contracts = this.#known.get(endpointId);
    if (contracts?.delete(contractId) !== true) return false;
    if (contracts.size === 0) this.#known.delete(endpointId);
    return true;
  }

  /** Whatever ended its lease: its connection may be alive, so its calls go on. A connection that is dead ends by itself. */
  #retire(endpointId: string, member: Member): void {
    this.#members.delete(endpointId);
    this.#retired.add(member);
    void member
      .retire()
      .catch(() => {})
      .then(() => this.#retired.delete(member));
  }

  /** Closes all connections. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ended.abort();
    const members = [...this.#members.values(), ...this.#retired];
    this.#members.clear();
    this.#known.clear();
    await Promise.all(members.map((member) => member.client.close()));
  }
}
