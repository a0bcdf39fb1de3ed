/**
 * An addon in memory: it connects the calls of one process through the data plane of docs/boundary.md. It enforces byte
 * budgets and deadlines, and records every operation that it gets.
 */
import type { Failure, NativeBinding } from "../../../ts/src/native/documents.js";

// Taken when the module loads, because fake timers are for the tested code and not for this fake.
const { setImmediate, setTimeout, clearTimeout } = globalThis;
const BUDGET = 1024 * 1024;
const NONE = 0xffff_ffff;
const words = ["", "OPEN", "ITEM", "END", "CANCEL", "CREDIT", "REPLY", "FINISH"];
const text = new TextDecoder();
const utf8 = new TextEncoder();

export interface Op {
  readonly op: string;
  readonly call: number;
  readonly flags: number;
  readonly argument: number;
  readonly timeoutMs: number;
  readonly message: Uint8Array;
  readonly pairs: Uint8Array;
}

interface EventParts {
  readonly kind: number;
  readonly call?: number;
  readonly flags?: number;
  readonly status?: number;
  readonly argument?: number;
  readonly argument2?: number;
  readonly payload?: Uint8Array;
  readonly pairs?: Uint8Array;
}

interface End {
  readonly port: number;
  number: number;
  unread: number;
  held: Uint8Array[];
  ended: boolean;
}

interface Link {
  readonly client: End;
  readonly server: End;
  single: boolean;
  received: number;
  over: boolean;
  timer: NodeJS.Timeout | null;
}

interface PortState {
  readonly doorbell: () => void;
  readonly queue: Uint8Array[];
  ringing: boolean;
  submits: number;
}

interface Route {
  readonly port: number;
  readonly handle: number;
  readonly responseStream: boolean;
}

export class FakeNative {
  readonly ops: Op[] = [];
  /** Decides how a call without a server is answered. Nothing happens automatically. */
  readonly silent: boolean;
  readonly ports = new Map<number, PortState>();
  readonly routes = new Map<number, Route>();
  readonly links = new Map<string, Link>();
  #next = 1;
  #serverCall = 2;
  #peerTold = new Set<number>();
  #outcomes = new Map<string, () => unknown>();

  constructor({ silent = false } = {}) {
    this.silent = silent;
  }

  get binding(): NativeBinding {
    return this as unknown as NativeBinding;
  }

  bridgeVersion = (): string => "0.1.0";

  openPort = (doorbell: () => void): number => {
    const port = this.#next++;
    this.ports.set(port, { doorbell, queue: [], ringing: false, submits: 0 });
    return port;
  };

  /** The windows of calls: what was asked for is granted, except for calls in `narrow`. */
  readonly narrow = new Map<number, number>();

  // A call leaves as soon as its OPEN is submitted.
  withdraw = (_port: number, call: number, _position: number): boolean =>
    !this.ops.some((op) => op.op === "OPEN" && op.call === call);

  widen = (_port: number, call: number, wanted: number, large: boolean): number =>
    this.narrow.get(call) ?? (large ? wanted : Math.max(wanted, BUDGET));

  closePort = (port: number): void => {
    this.ports.delete(port);
  };

  /** Connects a client method to a served one. */
  route(route: Route): number {
    const handle = 1000 + this.routes.size;
    this.routes.set(handle, route);
    return handle;
  }

  submit = (port: number, buffer: Uint8Array, length: number): void => {
    this.#port(port).submits++;
    const view = new DataView(buffer.buffer, buffer.byteOffset);
    for (let at = 0; at < length; ) {
      if (at % 8 !== 0) throw new Error("an operation is not aligned");
      const payload = view.getUint32(at, true);
      const pairs = view.getUint32(at + 20, true);
      const end = at + 24 + payload;
      const op: Op = {
        op: words[buffer[at + 8]!]!,
        call: view.getUint32(at + 4, true),
        flags: buffer[at + 9]!,
        argument: view.getUint32(at + 12, true),
        timeoutMs: view.getUint32(at + 16, true),
        message: buffer.slice(at + 24, end - pairs),
        pairs: buffer.slice(end - pairs, end),
      };
      this.ops.push(op);
      if (!this.silent) this.#apply(port, op);
      at = end + ((8 - (end % 8)) % 8);
    }
  };

  drain = (port: number, slab: Uint8Array): number => {
    const state = this.#port(port);
    let at = 0;
    while (state.queue.length > 0) {
      const record = state.queue[0]!;
      if (at + record.length > slab.length) return at === 0 ? -record.length : at;
      slab.set(record, at);
      at += record.length;
      state.queue.shift();
    }
    return at;
  };

  /** Queues an event and rings the doorbell. */
  event(port: number, parts: EventParts): void {
    const state = this.ports.get(port);
    if (state === undefined) return;
    const { payload = new Uint8Array(), pairs = new Uint8Array() } = parts;
    const length = payload.length + pairs.length;
    const record = new Uint8Array(24 + length + ((8 - (length % 8)) % 8));
    const view = new DataView(record.buffer);
    view.setUint32(0, length, true);
    view.setUint32(4, parts.call ?? 0, true);
    record[8] = parts.kind;
    record[9] = parts.flags ?? 0;
    view.setUint16(10, parts.status ?? 0, true);
    view.setUint32(12, parts.argument ?? 0, true);
    view.setUint32(16, parts.argument2 ?? 0, true);
    view.setUint32(20, pairs.length, true);
    record.set(payload, 24);
    record.set(pairs, 24 + payload.length);
    state.queue.push(record);
    if (state.ringing) return;
    state.ringing = true;
    setImmediate(() => {
      state.ringing = false;
      if (this.ports.get(port) === state) state.doorbell();
    });
  }

  items(port: number, call: number, messages: readonly Uint8Array[], flags = 0): void {
    const bytes = messages.reduce((sum, message) => sum + message.length + 4, 0);
    const payload = new Uint8Array(bytes);
    const view = new DataView(payload.buffer);
    let at = 0;
    for (const message of messages) {
      view.setUint32(at, message.length, true);
      payload.set(message, at + 4);
      at += message.length + 4;
    }
    this.event(port, { kind: 2, call, flags, argument: messages.length, argument2: bytes, payload });
  }

  ended(port: number, call: number, status: number, message = "", more: Partial<EventParts> = {}): void {
    this.event(port, { kind: 3, call, status, payload: utf8.encode(message), ...more });
  }

  /** Settles a request. `outcome` is what the take function returns or throws. */
  settled(port: number, request: number, outcome: () => unknown): void {
    this.#outcomes.set(`${port}/${request}`, outcome);
    this.event(port, { kind: 16, call: request });
  }

  takeDone = (port: number, request: number): unknown => {
    const outcome = this.#outcomes.get(`${port}/${request}`);
    this.#outcomes.delete(`${port}/${request}`);
    if (outcome === undefined) throw failure("the request is closed");
    return outcome();
  };

  /** The lengths of the operations of one kind, or of all kinds. */
  seen(op?: string): Op[] {
    return this.ops.filter((seen) => op === undefined || seen.op === op);
  }

  #apply(port: number, op: Op): void {
    if (op.op === "OPEN") {
      this.#open(port, op);
      return;
    }
    const link = this.links.get(`${port}/${op.call}`);
    if (link === undefined || link.over) return;
    const fromClient = link.client.port === port && link.client.number === op.call;
    const self = fromClient ? link.client : link.server;
    const other = fromClient ? link.server : link.client;
    if (op.op === "ITEM") this.#held(link, other, op.message);
    if (op.op === "END") this.#held(link, other, null);
    if (op.op === "CREDIT") {
      self.unread -= op.argument;
      this.#release(link, self, other);
    }
    if (op.op === "CANCEL") {
      this.#over(link);
      this.event(link.server.port, { kind: 7, call: link.server.number, argument: 1 });
    }
    if (op.op === "REPLY") {
      this.#over(link);
      this.event(link.client.port, { kind: 1, call: link.client.number, payload: op.message });
    }
    if (op.op === "FINISH") this.#finish(link, op);
  }

  #open(port: number, op: Op): void {
    const route = this.routes.get(op.argument);
    if (route === undefined) {
      this.ended(port, op.call, 12, "no such method", { flags: 3 });
      return;
    }
    const number = this.#serverCall;
    this.#serverCall += 2;
    const client = { port, number: op.call, unread: 0, held: [], ended: false };
    const server = { port: route.port, number, unread: 0, held: [], ended: false };
    const link: Link = {
      client,
      server,
      single: !route.responseStream,
      received: 0,
      over: false,
      timer: null,
    };
    this.links.set(`${port}/${op.call}`, link);
    this.links.set(`${route.port}/${number}`, link);
    if (!this.#peerTold.has(route.port)) {
      this.#peerTold.add(route.port);
      this.event(route.port, { kind: 8, argument: 7, pairs: peerOf("caller") });
    }
    const block = new Uint8Array(10 + (op.pairs.length === 0 ? 2 : op.pairs.length));
    const view = new DataView(block.buffer);
    if ((op.flags & 1) !== 0) view.setFloat64(0, Date.now() + op.timeoutMs, true);
    if (op.pairs.length > 0) block.set(op.pairs, 10);
    const flags = 1 | (op.flags & 2) | (op.flags & 4);
    const call = { kind: 5, call: number, flags, argument: route.handle, argument2: 7 };
    this.event(route.port, { ...call, payload: op.message, pairs: block });
    if (op.timeoutMs !== NONE) link.timer = setTimeout(() => this.#expire(link), op.timeoutMs);
  }

  #expire(link: Link): void {
    this.#over(link);
    this.ended(link.client.port, link.client.number, 4, "deadline exceeded", {
      flags: 1,
      argument: link.received,
    });
    this.event(link.server.port, { kind: 7, call: link.server.number, argument: 4 });
  }

  // As in Rust, a message waits here while the reader has not read a whole budget.
  #held(link: Link, reader: End, message: Uint8Array | null): void {
    if (message === null) reader.ended = true;
    else reader.held.push(message);
    this.#release(link, reader, reader === link.client ? link.server : link.client);
  }

  #release(link: Link, reader: End, writer: End): void {
    while (reader.held.length > 0 && reader.unread < BUDGET) {
      const message = reader.held.shift()!;
      reader.unread += message.length + 4;
      if (reader === link.client) link.received++;
      this.items(reader.port, reader.number, [message]);
      this.event(writer.port, {
        kind: 4,
        call: writer.number,
        argument: message.length + 4,
        argument2: this.narrow.get(writer.number) ?? BUDGET,
      });
    }
    if (reader.ended && reader.held.length === 0 && reader === link.server) {
      reader.ended = false;
      this.event(reader.port, { kind: 6, call: reader.number });
    }
  }

  #finish(link: Link, op: Op): void {
    if (link.client.held.length > 0) {
      setImmediate(() => this.#finish(link, op));
      return;
    }
    if (link.over) return;
    this.#over(link);
    const status = { status: op.argument, argument: link.received };
    this.event(link.client.port, {
      kind: 3,
      call: link.client.number,
      ...status,
      payload: op.message,
      pairs: op.pairs,
    });
  }

  #over(link: Link): void {
    link.over = true;
    if (link.timer !== null) clearTimeout(link.timer);
    this.links.delete(`${link.client.port}/${link.client.number}`);
    this.links.delete(`${link.server.port}/${link.server.number}`);
  }

  #port(port: number): PortState {
    const state = this.ports.get(port);
    if (state === undefined) throw failure("the port is closed");
    return state;
  }
}

/** The payload of PEER: endpoint id, no expiry, no attributes, no roles. */
function peerOf(endpointId: string): Uint8Array {
  const id = [endpointId.length, 0, ...utf8.encode(endpointId)];
  return Uint8Array.from([...id, ...new Array(8).fill(0), 0, 0, 0, 0]);
}

/** An error as the addon throws it. */
export function failure(message: string, facts: Partial<Failure> = {}): Error {
  const rest = { path: null, reason: null, details: {}, peer: null, isLocal: true, notSent: false };
  return Object.assign(new Error(message), { code: "FAILED_PRECONDITION", ...rest, ...facts });
}

export const messageText = (op: Op): string => text.decode(op.message);
