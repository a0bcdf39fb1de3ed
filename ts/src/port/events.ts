// Reading the events that a drain wrote to the slab (docs/boundary.md, "Events").
//
// Owns: the layout of event records. An error in one event does not stop the others. Does not own: the effect of an event
// on a call. The slab is valid only during the dispatch, so code that keeps bytes must copy them.

import { readPairs, readUtf8 } from "../metadata.js";
import { CallFlag, EndFlag, Event, HEAD_BYTES, MessageFlag } from "../native/constants.js";
import type { PeerPlace } from "./peer-place.js";

const NO_PAIRS: ReadonlyMap<string, string> = new Map();

/** The end of a call. */
export interface Ended {
  /** The status code as it arrived; 0 is OK. */
  readonly code: number;
  readonly message: string;
  readonly details: ReadonlyMap<string, string>;
  readonly itemsReceived: number;
  readonly isLocal: boolean;
  readonly notSent: boolean;
}

/** A batch of stream items, in the slab. */
export interface ItemBatch {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly count: number;
  readonly creditBytes: number;
  readonly presenceFlagged: boolean;
}

/** A call as the receiver of events. */
export interface CallSink {
  onMessage(bytes: Uint8Array, start: number, end: number, presenceFlagged: boolean): void;
  onItems(batch: ItemBatch): void;
  onEnded(ended: Ended): void;
  /** `bytes` were written; the call may have `window` bytes queued. */
  onCredit(bytes: number, window: number): void;
  onInputEnd(): void;
  onAborted(code: number): void;
  /** Called when an event of this call could not be handled. The call must end. */
  onFault(error: unknown): void;
  onPortClosed(): void;
}

/** A call that begins on this server. `bytes` is the slab. */
export interface IncomingCall {
  readonly number: number;
  readonly method: number;
  /** The number of the connection; of the session, if `inSession`. */
  readonly connection: number;
  readonly inSession: boolean;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly hasMessage: boolean;
  readonly inputEnded: boolean;
  readonly presenceFlagged: boolean;
  /** True when the messages of the call, in both directions, are in NATIVE mode. */
  readonly native: boolean;
  /** Milliseconds since 1970; 0 for none. */
  readonly deadline: number;
  readonly callId: string;
  readonly metadata: ReadonlyMap<string, string> | null;
}

/** A session of a peer that begins on this server. */
export interface IncomingSession {
  readonly number: number;
  /** The handle of the first method of its service. */
  readonly method: number;
  readonly connection: number;
  readonly id: string;
  readonly metadata: ReadonlyMap<string, string>;
}

/** The end of a session. */
export interface EndedSession {
  /** One of `SessionEnder`. */
  readonly by: number;
  /** The status code; 0 when the session was closed in order. */
  readonly code: number;
  readonly message: string;
  readonly details: ReadonlyMap<string, string>;
  /** The last call of which the server is known to be done; 0 for none. */
  readonly lastFinished: number;
  readonly isLocal: boolean;
  /** The session was never opened. */
  readonly notSent: boolean;
}

/** A session as the receiver of events. */
export interface SessionSink {
  onSessionOpened(): void;
  /** The peer of a served session was admitted again: its connection has another number for the calls that follow. */
  onSessionPeer(connection: number): void;
  onSessionEnded(ended: EndedSession): void;
}

/** The other side of a connection. */
export interface PeerInfo {
  readonly endpointId: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly roles?: readonly string[];
  /** Where its path is read. The port adds it. */
  readonly at?: PeerPlace;
  /** When the admission ends, in milliseconds since 1970; 0 for never. */
  readonly expiresAt?: number;
}

/** The receiver of the events of a port. */
export interface EventTarget {
  call(number: number): CallSink | undefined;
  incoming(call: IncomingCall): void;
  settled(request: number): void;
  logged(line: string): void;
  peerKnown(connection: number, peer: PeerInfo): void;
  peerGone(connection: number): void;
  sessionBegins(session: IncomingSession): void;
  sessionOpened(number: number): void;
  sessionPeer(number: number, connection: number): void;
  sessionEnded(number: number, ended: EndedSession): void;
  /** The program is asked whether a peer may be admitted at a node. */
  asked(question: number, node: number, peer: PeerInfo): void;
  /** An event that is not about a call could not be handled. */
  faulty(error: unknown): void;
  /** An event of this call could not be handled. */
  faultyCall(number: number, error: unknown): void;
}

/** Calls the receiver of each event in the slab. */
export function dispatchEvents(slab: Uint8Array, length: number, target: EventTarget): void {
  const view = new DataView(slab.buffer, slab.byteOffset, slab.byteLength);
  let at = 0;
  while (at + HEAD_BYTES <= length) {
    const payload = view.getUint32(at, true);
    try {
      dispatchOne(slab, view, at, payload, target);
    } catch (error) {
      report(view, at, error, target);
    }
    at += HEAD_BYTES + ((payload + 7) & ~7);
  }
}

/** An error ends only the call of its event. */
function report(view: DataView, at: number, error: unknown, target: EventTarget): void {
  const kind = view.getUint8(at + 8);
  try {
    if (kind >= Event.MESSAGE && kind <= Event.ABORTED)
      target.faultyCall(view.getUint32(at + 4, true), error);
    else target.faulty(error);
  } catch (second) {
    target.faulty(second);
  }
}

function dispatchOne(
  slab: Uint8Array,
  view: DataView,
  at: number,
  payload: number,
  target: EventTarget,
): void {
  const number = view.getUint32(at + 4, true);
  const kind = slab[at + 8];
  const start = at + HEAD_BYTES;
  const end = start + payload;
  // Events of a call that was cancelled here may still arrive. Its number is unknown then, and they are dropped.
  switch (kind) {
    case Event.MESSAGE:
      target
        .call(number)
        ?.onMessage(slab, start, end, ((slab[at + 9] ?? 0) & MessageFlag.PRESENCE_FLAGGED) !== 0);
      return;
    case Event.ITEMS:
      target.call(number)?.onItems(readItems(slab, view, at, end));
      return;
    case Event.ENDED:
      target.call(number)?.onEnded(readEnded(slab, view, at, end));
      return;
    case Event.CREDIT:
      target.call(number)?.onCredit(view.getUint32(at + 12, true), view.getUint32(at + 16, true));
      return;
    case Event.CALL:
      target.incoming(readCall(slab, view, at, end));
      return;
    case Event.INPUT_END:
      target.call(number)?.onInputEnd();
      return;
    case Event.ABORTED:
      target.call(number)?.onAborted(view.getUint32(at + 12, true));
      return;
    default:
      dispatchRare(slab, view, at, end, target);
  }
}

function dispatchRare(slab: Uint8Array, view: DataView, at: number, end: number, target: EventTarget): void {
  const start = at + HEAD_BYTES;
  switch (slab[at + 8]) {
    case Event.PEER:
      target.peerKnown(view.getUint32(at + 12, true), readPeer(slab, view, start));
      return;
    case Event.PEER_GONE:
      target.peerGone(view.getUint32(at + 12, true));
      return;
    case Event.SESSION:
      target.sessionBegins(readSession(slab, view, at, end));
      return;
    case Event.SESSION_OPENED:
      target.sessionOpened(view.getUint32(at + 4, true));
      return;
    case Event.SESSION_PEER:
      target.sessionPeer(view.getUint32(at + 4, true), view.getUint32(at + 12, true));
      return;
    case Event.SESSION_ENDED:
      target.sessionEnded(view.getUint32(at + 4, true), readSessionEnd(slab, view, at, end));
      return;
    case Event.QUESTION:
      target.asked(view.getUint32(at + 4, true), view.getUint32(at + 12, true), readPeer(slab, view, start));
      return;
    case Event.SETTLED:
      target.settled(view.getUint32(at + 4, true));
      return;
    case Event.LOG:
      target.logged(readUtf8(slab, start, end));
      return;
    default:
      throw new Error(`the addon sent an event of unknown kind ${slab[at + 8]}`);
  }
}

function readPeer(slab: Uint8Array, view: DataView, start: number): PeerInfo {
  let at = start;
  const text = (): string => {
    const from = at + 2;
    at = from + view.getUint16(at, true);
    return readUtf8(slab, from, at);
  };
  const pairs = (): [string, string][] => {
    const count = view.getUint16(at, true);
    at += 2;
    return Array.from({ length: count }, () => [text(), text()]);
  };
  const endpointId = text();
  const expiresAt = view.getFloat64(at, true);
  at += 8;
  const attributes = Object.fromEntries(pairs());
  const roles = pairs().map(([role]) => role);
  return {
    endpointId,
    attributes,
    roles,
    expiresAt,
  };
}

function readItems(slab: Uint8Array, view: DataView, at: number, end: number): ItemBatch {
  return {
    bytes: slab,
    start: at + HEAD_BYTES,
    end,
    count: view.getUint32(at + 12, true),
    creditBytes: view.getUint32(at + 16, true),
    presenceFlagged: ((slab[at + 9] ?? 0) & MessageFlag.PRESENCE_FLAGGED) !== 0,
  };
}

function readEnded(slab: Uint8Array, view: DataView, at: number, end: number): Ended {
  const flags = slab[at + 9] ?? 0;
  const pairs = view.getUint32(at + 20, true);
  return {
    code: view.getUint16(at + 10, true),
    message: readUtf8(slab, at + HEAD_BYTES, end - pairs),
    details: pairs === 0 ? NO_PAIRS : readPairs(slab, end - pairs, end),
    itemsReceived: view.getUint32(at + 12, true),
    isLocal: (flags & EndFlag.LOCAL) !== 0,
    notSent: (flags & EndFlag.NOT_SENT) !== 0,
  };
}

function readSession(slab: Uint8Array, view: DataView, at: number, end: number): IncomingSession {
  const idStart = at + HEAD_BYTES + 2;
  const idEnd = idStart + view.getUint16(at + HEAD_BYTES, true);
  return {
    number: view.getUint32(at + 4, true),
    method: view.getUint32(at + 12, true),
    connection: view.getUint32(at + 16, true),
    id: readUtf8(slab, idStart, idEnd),
    metadata: readPairs(slab, idEnd, end),
  };
}

function readSessionEnd(slab: Uint8Array, view: DataView, at: number, end: number): EndedSession {
  const { code, message, details, itemsReceived, isLocal, notSent } = readEnded(slab, view, at, end);
  const lastFinished = view.getUint32(at + 16, true);
  return { by: itemsReceived, code, message, details, lastFinished, isLocal, notSent };
}

function readCall(slab: Uint8Array, view: DataView, at: number, end: number): IncomingCall {
  const flags = slab[at + 9] ?? 0;
  const block = view.getUint32(at + 20, true);
  const blockStart = end - block;
  const callIdEnd = block === 0 ? end : blockStart + 10 + view.getUint16(blockStart + 8, true);
  return {
    number: view.getUint32(at + 4, true),
    method: view.getUint32(at + 12, true),
    connection: view.getUint32(at + 16, true),
    inSession: (flags & CallFlag.SESSION) !== 0,
    bytes: slab,
    start: at + HEAD_BYTES,
    end: blockStart,
    hasMessage: (flags & CallFlag.MESSAGE) !== 0,
    inputEnded: (flags & CallFlag.INPUT_ENDED) !== 0,
    presenceFlagged: (flags & CallFlag.PRESENCE_FLAGGED) !== 0,
    native: (flags & CallFlag.NATIVE) !== 0,
    deadline: block === 0 ? 0 : view.getFloat64(blockStart, true),
    callId: block === 0 ? "" : readUtf8(slab, blockStart + 10, callIdEnd),
    metadata: block === 0 ? null : readPairs(slab, callIdEnd, end),
  };
}
