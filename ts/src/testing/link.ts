// A UDP link with faults between a client and a server.
//
// Owns: its options, and the ticket that leads through it. Does not own: what happens to packets, and the ranges of the
// settings, which are Rust's (crates/link).

import type { LinkStats } from "../native/documents.js";
import { controlCall } from "../native/index.js";
import { type AsterClient, AsterClient as Client, type ConnectOptions } from "../node/aster-client.js";
import {
  type Check,
  checkOptions,
  describeValue,
  integer,
  milliseconds,
  nullable,
  type OptionChecksOf,
  object,
  oneOf,
  optional,
  optionError,
  text,
} from "../options.js";
import { environmentPort } from "../port/environment.js";
import { Ticket } from "../ticket.js";

/**
 * A direction of a link.
 *
 * @example
 * const answers: LinkDirection = "toClient";
 * lossy.set({ loss: 0.2 }, answers); // requests still arrive
 */
export type LinkDirection = "toServer" | "toClient";

/**
 * Loss in bursts: the two-state model of Gilbert and Elliott. All members are probabilities from 0 to 1.
 *
 * @example
 * const burst: BurstLoss = { enter: 0.01, leave: 0.25, loss: 1 }; // bursts of 4 packets on average
 * lossy.set({ burst });
 */
export interface BurstLoss {
  /** That a burst begins, for each packet outside of a burst. */
  readonly enter: number;
  /** That the burst ends, for each packet inside of a burst. */
  readonly leave: number;
  /** That a packet inside of a burst is lost. */
  readonly loss: number;
}

/**
 * The faults of a link. Probabilities are from 0 to 1, for each packet.
 *
 * @example
 * const slow: LinkFaults = { delayMs: 30, jitterMs: 10, loss: 0.01 };
 * lossy.set(slow);
 */
export interface LinkFaults {
  /** The delay of every packet. Both directions together are the round-trip time. Default 0. */
  readonly delayMs?: number | undefined;
  /** The upper end of a random delay, which is added to `delayMs`. It keeps the order of packets. Default 0. */
  readonly jitterMs?: number | undefined;
  /** The probability that a packet is lost. Default 0. */
  readonly loss?: number | undefined;
  /** Loss in bursts, in addition to `loss`. Default null: none. */
  readonly burst?: BurstLoss | null | undefined;
  /** The probability that a packet arrives twice. Default 0. */
  readonly duplicate?: number | undefined;
  /** The probability that a packet is held back for `reorderMs`, so that later packets overtake it. Default 0. */
  readonly reorder?: number | undefined;
  /** In milliseconds; default 10. */
  readonly reorderMs?: number | undefined;
  /** The probability that one byte changes. Default 0. */
  readonly corrupt?: number | undefined;
  /** The probability that the end of a packet is missing. Default 0. */
  readonly truncate?: number | undefined;
  /** Every packet is lost. Default false. */
  readonly blackhole?: boolean | undefined;
  /** The bytes that pass in a second. Default null: no limit. */
  readonly bytesPerSecond?: number | null | undefined;
  /** The bytes that wait for `bytesPerSecond`. Packets beyond it are lost. Default 65,536. */
  readonly queueBytes?: number | undefined;
  /** Larger UDP payloads are lost. Default null: no limit. QUIC needs 1200. */
  readonly mtu?: number | null | undefined;
}

/**
 * The options of {@link link}.
 *
 * @example
 * const options: LinkOptions = { to: server, seed: 7, loss: 0.05, delayMs: 20 };
 * const lossy = await link(options);
 * await lossy.close();
 */
export interface LinkOptions extends LinkFaults {
  /** The server, or its ticket. Its addresses must be of one IP family, for example by `bind: "127.0.0.1:0"`. */
  readonly to: string | { readonly ticket: string };
  /** An integer that decides about every packet. Default: random. {@link Link.seed} tells it. */
  readonly seed?: number | undefined;
}

/**
 * The packets that {@link Link.dropNext} drops.
 *
 * @example
 * const options: DropOptions = { direction: "toClient", minBytes: 1000 };
 * lossy.dropNext(options);
 */
export interface DropOptions {
  readonly direction: LinkDirection;
  /** Smaller packets are not counted. Default 0. */
  readonly minBytes?: number | undefined;
  /** The packets that pass first. Default 0. */
  readonly skip?: number | undefined;
  /** The packets that are dropped. Default 1. */
  readonly count?: number | undefined;
}

const NO_FAULTS = {
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  burst: null,
  duplicate: 0,
  reorder: 0,
  reorderMs: 10,
  corrupt: 0,
  truncate: 0,
  blackhole: false,
  bytesPerSecond: null,
  queueBytes: 65_536,
  mtu: null,
} as const;

type Settings = { readonly [K in keyof LinkFaults]-?: Exclude<LinkFaults[K], undefined> };

// Their ranges are checked in Rust.
const number: Check<number> = (value, path) => {
  if (typeof value !== "number") throw optionError(path, `must be a number, not ${describeValue(value)}`);
  return value;
};

const yesOrNo: Check<boolean> = (value, path) => {
  if (typeof value !== "boolean")
    throw optionError(path, `must be true or false, not ${describeValue(value)}`);
  return value;
};

const burst: Check<BurstLoss> = (value, path) =>
  checkOptions({ enter: number, leave: number, loss: number }, object(value, path), path);

const MOST = 0xffff_ffff;

const faultChecks: OptionChecksOf<LinkFaults> = {
  delayMs: optional(milliseconds),
  jitterMs: optional(milliseconds),
  loss: optional(number),
  burst: optional(nullable(burst)),
  duplicate: optional(number),
  reorder: optional(number),
  reorderMs: optional(milliseconds),
  corrupt: optional(number),
  truncate: optional(number),
  blackhole: optional(yesOrNo),
  bytesPerSecond: optional(nullable(integer(1))),
  queueBytes: optional(integer(0, MOST)),
  mtu: optional(nullable(integer(1, MOST))),
};

const direction = oneOf("toServer", "toClient");

const to: Check<string> = (value, path) =>
  typeof value === "string" ? text(value, path) : text(object(value, path).ticket, `${path}.ticket`);

/** The checks of {@link LinkOptions} without `to`. */
export const linkChecks: OptionChecksOf<Omit<LinkOptions, "to">> = {
  ...faultChecks,
  seed: optional(integer(0)),
};

const dropChecks = {
  direction,
  minBytes: optional(integer(0, MOST)),
  skip: optional(integer(0, MOST)),
  count: optional(integer(1, MOST)),
};

const DIRECTIONS: readonly LinkDirection[] = ["toServer", "toClient"];

/**
 * Starts a link to a server: a UDP proxy that loses, delays and changes packets as its options say. What happens to a packet
 * depends only on the seed, the direction and the number of the packet.
 *
 * *Shape*: two nodes that can reach each other find that out and leave the link. So the link listens on loopback of the
 * **other IP family** than the server (`[::1]` for a server at `127.0.0.1`), and clients must be bound to that family
 * alone: connect with {@link Link.connect}, or with {@link Link.connectOptions}.
 * *Lifetime*: the link has a thread of its own, so it works while the event loop is blocked. It does not keep the
 * process alive. Close it after its clients.
 *
 * @example
 * const lossy = await link({ to: server, seed: 7, loss: 0.05, delayMs: 20 });
 * const distant = await lossy.connect();
 * await distant.stub(Billing).getInvoice({ customerId: "acme", status: "open" });
 * console.log(lossy.stats().toServer.lost);
 * await distant.close();
 * await lossy.close();
 * @throws {TypeError} with the path of the wrong option
 * @throws {AsterError} FAILED_PRECONDITION with reason `BIND` when this machine has no loopback of the other IP family
 */
export async function link(options: LinkOptions): Promise<Link> {
  const { to: ticket, seed, ...faults } = checkOptions({ to, ...linkChecks }, options);
  return Link.start(ticket, seed ?? Math.floor(Math.random() * 0x1_0000_0000), faults);
}

/**
 * A running link.
 *
 * @example
 * const lossy: Link = await link({ to: server, seed: 7 });
 * lossy.set({ loss: 0.2 }, "toClient"); // answers get lost, requests arrive
 * lossy.blackhole();
 * lossy.clear();
 * await lossy.close();
 */
export class Link {
  /** The seed that decides about every packet. */
  readonly seed: number;
  /** Where clients dial, as `ip:port`. */
  readonly address: string;
  /** The ticket of the server, with the address of the link. */
  readonly ticket: string;
  /** The options without which a client would find a way around the link. */
  readonly connectOptions: { readonly bind: string; readonly relay: "disabled" };
  readonly #number: number;
  readonly #faults = new Map<LinkDirection, Settings>(DIRECTIONS.map((one) => [one, NO_FAULTS]));

  private constructor(number: number, address: string, seed: number, endpointId: string) {
    this.#number = number;
    this.address = address;
    this.seed = seed;
    this.ticket = Ticket.format({ endpointId, directAddresses: [address] });
    this.connectOptions = {
      bind: address.startsWith("[") ? "[::1]:0" : "127.0.0.1:0",
      relay: "disabled",
    };
  }

  /** @internal */
  static start(ticket: string, seed: number, faults: LinkFaults): Link {
    const { endpointId, directAddresses } = Ticket.parse(ticket);
    const port = environmentPort();
    const server = onlyAddress(directAddresses);
    const started = controlCall((native) => native.linkStart(port.number, server, seed));
    const made = new Link(started.link, started.address, seed, endpointId);
    try {
      made.set(faults);
    } catch (error) {
      made.#close();
      throw error;
    }
    return made;
  }

  /** Connects through the link. The same as `AsterClient.connect` with {@link ticket} and {@link connectOptions}. */
  connect(options: ConnectOptions = {}): Promise<AsterClient> {
    return Client.connect(this.ticket, { ...this.connectOptions, ...options });
  }

  /**
   * Changes the given faults, of one direction or of both. The others stay as they are.
   * @throws {TypeError} with the path of the wrong fault
   */
  set(faults: LinkFaults, only?: LinkDirection): void {
    const changed = Object.entries(checkOptions(faultChecks, faults, "faults"));
    const given = Object.fromEntries(changed.filter(([, value]) => value !== undefined)) as Partial<Settings>;
    for (const one of directionsOf(only)) {
      const next: Settings = { ...NO_FAULTS, ...this.#faults.get(one), ...given };
      controlCall((native) => native.linkSet(this.#number, one === "toServer", next));
      this.#faults.set(one, next);
    }
  }

  /** Ends all faults, of one direction or of both. */
  clear(only?: LinkDirection): void {
    this.set(NO_FAULTS, only);
  }

  /** Loses every packet, of one direction or of both. `set({ blackhole: false })` and {@link clear} end it. */
  blackhole(only?: LinkDirection): void {
    this.set({ blackhole: true }, only);
  }

  /**
   * Gives every client another port towards the server, as a NAT does that lost its state. Packets to the old port vanish.
   * With `ip` clients get another address, too; on Linux all of `127.0.0.0/8` is there. Returns the new addresses.
   */
  rebind(ip?: string): readonly string[] {
    const checked = ip === undefined ? null : text(ip, "ip");
    return controlCall((native) => native.linkRebind(this.#number, checked));
  }

  /** Drops packets that come next. A later call replaces what was not dropped yet. */
  dropNext(options: DropOptions): void {
    const { direction: one, minBytes, skip, count } = checkOptions(dropChecks, options);
    controlCall((native) =>
      native.linkTarget(this.#number, one === "toServer", skip ?? 0, count ?? 1, minBytes ?? 0),
    );
  }

  /** What the link did so far. */
  stats(): LinkStats {
    return controlCall((native) => native.linkStats(this.#number));
  }

  /** Closes the link. Packets that wait are lost. It may be called twice. */
  async close(): Promise<void> {
    this.#close();
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #close(): void {
    controlCall((native) => native.linkClose(this.#number));
  }
}

function directionsOf(only: LinkDirection | undefined): readonly LinkDirection[] {
  return only === undefined ? DIRECTIONS : [direction(only, "direction")];
}

/** The address behind the link. A server with addresses of both families would be reached around the link. */
function onlyAddress(addresses: readonly string[]): string {
  const [first] = addresses;
  if (first === undefined)
    throw optionError("options.to", "must have a direct address; start the server with `bind`");
  const isV6 = (address: string) => address.startsWith("[");
  if (addresses.some((address) => isV6(address) !== isV6(first))) {
    throw optionError(
      "options.to",
      'must have addresses of one IP family; start the server with bind: "127.0.0.1:0"',
    );
  }
  return first;
}
