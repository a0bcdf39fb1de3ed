// The rules that the entries of clients and servers must satisfy together.
//
// Owns: the rules. Does not own: how entries are written (ledger.ts).

import type { LedgerEntry } from "./ledger-entry.js";

/**
 * A rule of the ledger.
 *
 * - `NEVER_ENDED`: a call began and has no outcome, or a handler began and did not end.
 * - `ENDED_TWICE`: a call has several outcomes.
 * - `OK_WITHOUT_HANDLER`: the caller got OK, but no handler completed, or several did.
 * - `RAN_THOUGH_NOT_SENT`: the error said that the request was not sent, but a handler ran.
 * - `RAN_TWICE`: handlers ran more than once for a call of a method that is not idempotent.
 * - `LOST`: a message is missing though both sides ended well, or between two messages that arrived.
 * - `DUPLICATED`, `REORDERED`, `CHANGED`: a message arrived twice, too early, or was never sent so.
 * - `WRONG_COUNT`: `itemsReceived` of the error is not the number of items that arrived.
 * - `OVERLAPPED`: a handler of a session began before an earlier handler of the session completed.
 * - `RAN_AFTER_END`: a handler of a session began after the end of the session.
 * - `SESSION_ENDED_TWICE`: `onClose` of a session ran more than once.
 *
 * @example
 * const severe: readonly ViolationRule[] = ["LOST", "RAN_TWICE"];
 * console.log(books.check().filter(({ rule }) => severe.includes(rule)));
 */
export type ViolationRule =
  | "NEVER_ENDED"
  | "ENDED_TWICE"
  | "OK_WITHOUT_HANDLER"
  | "RAN_THOUGH_NOT_SENT"
  | "RAN_TWICE"
  | "LOST"
  | "DUPLICATED"
  | "REORDERED"
  | "CHANGED"
  | "WRONG_COUNT"
  | "OVERLAPPED"
  | "RAN_AFTER_END"
  | "SESSION_ENDED_TWICE";

/**
 * A broken rule.
 *
 * @example
 * const line = ({ rule, call, what }: Violation): string => `${rule} ${call}: ${what}`;
 * for (const violation of books.check()) console.log(line(violation));
 */
export interface Violation {
  readonly rule: ViolationRule;
  /** The id of the call. */
  readonly call: string;
  /** What is wrong, for a reader. */
  readonly what: string;
}

interface Run {
  readonly received: string[];
  readonly sent: string[];
  ended: number | undefined;
  inputEnded: boolean;
}

interface Call {
  method: string;
  idempotent: boolean;
  began: number;
  readonly ends: LedgerEntry[];
  readonly sent: string[];
  readonly received: string[];
  readonly runs: Map<string, Run>;
}

/**
 * Joins the entries of clients and servers, and lists the broken rules. Without an entry of a server, only the rules about
 * clients are checked.
 *
 * @example
 * const both = (file: string): readonly Violation[] => checkLedger([...books.entries, ...readLedger(file)]);
 */
export function checkLedger(entries: readonly LedgerEntry[]): readonly Violation[] {
  const hasServer = entries.some(({ side }) => side === "server");
  const violations: Violation[] = [];
  for (const [id, call] of joined(entries)) {
    const broken = (rule: ViolationRule, what: string) =>
      violations.push({ rule, call: id, what: `${call.method}: ${what}` });
    checkOutcome(call, broken);
    if (hasServer && call.began > 0) checkServer(call, broken);
  }
  return [...violations, ...checkSessions(entries)];
}

interface SessionState {
  /** The run whose handler has not ended. */
  running: string | null;
  /** Runs that had not ended when a later one began. */
  readonly overtaken: Set<string>;
  ends: number;
}

/** The rules about sessions. The entries of one server are in the order in which things happened there. */
function checkSessions(entries: readonly LedgerEntry[]): Violation[] {
  const violations: Violation[] = [];
  const sessions = new Map<string, SessionState>();
  const sessionOf = new Map<string, SessionState>();
  for (const { side, event, call, run, code, session } of entries) {
    if (side !== "server") continue;
    const broken = (rule: ViolationRule, what: string) => violations.push({ rule, call, what });
    if (session !== undefined) {
      const state = sessions.get(session) ?? { running: null, overtaken: new Set(), ends: 0 };
      sessions.set(session, state);
      if (event === "sessionEnded" && ++state.ends === 2)
        broken("SESSION_ENDED_TWICE", `session ${session} ended more than once`);
      if (event === "began" && run !== undefined) {
        if (state.ends > 0) broken("RAN_AFTER_END", `a handler began after the end of session ${session}`);
        if (state.running !== null) state.overtaken.add(state.running);
        state.running = run;
        sessionOf.set(run, state);
      }
    }
    const state = run === undefined ? undefined : sessionOf.get(run);
    if (event !== "ended" || run === undefined || state === undefined) continue;
    if (state.running === run) state.running = null;
    // The next call need not wait for a handler whose call was aborted.
    if (code === 0 && state.overtaken.has(run))
      broken("OVERLAPPED", "a later handler of the session began before this one completed");
  }
  return violations;
}

function joined(entries: readonly LedgerEntry[]): ReadonlyMap<string, Call> {
  const calls = new Map<string, Call>();
  for (const entry of entries) {
    if (entry.event === "sessionEnded") continue;
    let call = calls.get(entry.call);
    if (call === undefined) {
      call = { method: "?", idempotent: false, began: 0, ends: [], sent: [], received: [], runs: new Map() };
      calls.set(entry.call, call);
    }
    if (entry.side === "client") addClient(call, entry);
    else addServer(call, entry);
  }
  return calls;
}

function addClient(call: Call, entry: LedgerEntry): void {
  if (entry.event === "began") {
    call.began += 1;
    call.method = entry.method ?? "?";
    call.idempotent = entry.idempotent ?? false;
  }
  if (entry.event === "ended") call.ends.push(entry);
  if (entry.event === "sent") call.sent.push(entry.item ?? "");
  if (entry.event === "received") call.received.push(entry.item ?? "");
}

function addServer(call: Call, entry: LedgerEntry): void {
  const key = entry.run ?? "";
  let run = call.runs.get(key);
  if (run === undefined) {
    run = { received: [], sent: [], ended: undefined, inputEnded: false };
    call.runs.set(key, run);
  }
  if (entry.event === "inputEnded") run.inputEnded = true;
  if (entry.event === "ended") run.ended = entry.code ?? 0;
  if (entry.event === "sent") run.sent.push(entry.item ?? "");
  if (entry.event === "received") run.received.push(entry.item ?? "");
}

type Broken = (rule: ViolationRule, what: string) => void;

function checkOutcome(call: Call, broken: Broken): void {
  if (call.ends.length < call.began) broken("NEVER_ENDED", "the call has no outcome");
  if (call.ends.length > call.began) broken("ENDED_TWICE", `the call has ${call.ends.length} outcomes`);
  for (const end of call.ends) {
    const told = end.itemsReceived;
    if (told !== undefined && end.code !== 0 && told !== call.received.length)
      broken("WRONG_COUNT", `the error says ${told} items, but ${call.received.length} arrived`);
  }
}

function checkServer(call: Call, broken: Broken): void {
  const runs = [...call.runs.values()];
  const completed = runs.filter(({ ended }) => ended === 0);
  const isOk = call.ends.some(({ code }) => code === 0);
  if (runs.some(({ ended }) => ended === undefined)) broken("NEVER_ENDED", "a handler did not end");
  if (isOk && (completed.length === 0 || (completed.length > 1 && !call.idempotent)))
    broken("OK_WITHOUT_HANDLER", `the caller got OK, and ${completed.length} handlers completed`);
  if (call.ends.some(({ notSent }) => notSent) && runs.length > 0)
    broken("RAN_THOUGH_NOT_SENT", "the error says that the request was not sent, but a handler ran");
  if (runs.length > 1 && !call.idempotent) broken("RAN_TWICE", `${runs.length} handlers ran`);
  for (const run of runs) checkItems("request", call.sent, run.received, run.inputEnded, broken);
  const answering = completed.at(-1) ?? runs.at(-1);
  if (answering !== undefined) checkItems("response", answering.sent, call.received, isOk, broken);
  else if (call.received.length > 0) broken("CHANGED", "responses arrived, but no handler ran");
}

/** What arrived must be a prefix of what was sent, and all of it when `complete`. */
function checkItems(
  what: "request" | "response",
  sent: readonly string[],
  arrived: readonly string[],
  complete: boolean,
  broken: Broken,
): void {
  const wrong = arrived.findIndex((item, index) => item !== sent[index]);
  if (wrong !== -1) {
    const [rule, text] = difference(sent, arrived, wrong);
    broken(rule, `${what} ${wrong} ${text}`);
  } else if (complete && arrived.length < sent.length) {
    broken("LOST", `${sent.length} ${what}s were sent, but ${arrived.length} arrived`);
  }
}

/** Names the first difference. */
function difference(
  sent: readonly string[],
  arrived: readonly string[],
  at: number,
): [ViolationRule, string] {
  const item = arrived[at] as string;
  const later = sent.indexOf(item, at + 1);
  if (arrived.slice(0, at).includes(item) && later === -1) return ["DUPLICATED", "arrived twice"];
  if (later === -1) return ["CHANGED", "was not sent so"];
  const missing = sent[at] as string;
  return arrived.indexOf(missing, at) === -1
    ? ["LOST", "is missing, but later ones arrived"]
    : ["REORDERED", "arrived after later ones"];
}
