/** The ledger finds each broken rule, and none in entries that satisfy all rules. */
import { describe, expect, it } from "vitest";
import type { LedgerEntry } from "../../ts/src/testing/ledger-entry.ts";
import { checkLedger, type ViolationRule } from "../../ts/src/testing/ledger-rules.ts";

type Facts = Partial<LedgerEntry>;
type Write = (facts?: Facts) => LedgerEntry;

const entry =
  (side: "client" | "server", event: LedgerEntry["event"], fixed: Facts = {}): Write =>
  (facts = {}) => ({
    side,
    event,
    call: "c",
    ...(side === "server" ? { run: "1" } : {}),
    ...fixed,
    ...facts,
  });

const began = entry("client", "began", { method: "S.m" });
const sent = (item: string): LedgerEntry => entry("client", "sent", { item })();
const received = (item: string): LedgerEntry => entry("client", "received", { item })();
const ended = entry("client", "ended", { code: 0 });
const accepted = entry("server", "began", { method: "S.m" });
const read = (item: string): LedgerEntry => entry("server", "received", { item })();
const yielded = (item: string): LedgerEntry => entry("server", "sent", { item })();
const inputEnded = entry("server", "inputEnded");
const finished = entry("server", "ended", { code: 0 });

const rules = (...entries: LedgerEntry[]): ViolationRule[] => checkLedger(entries).map(({ rule }) => rule);
/** A call that both sides ended well, with these responses. */
const ok = (arrived: string[], responses: string[]): ViolationRule[] =>
  rules(began(), accepted(), ...responses.map(yielded), finished(), ...arrived.map(received), ended());

describe("entries without a violation", () => {
  it.each<[string, LedgerEntry[]]>([
    ["nothing", []],
    [
      "a unary call",
      [began(), sent("a"), accepted(), read("a"), yielded("b"), finished(), received("b"), ended()],
    ],
    ["a call that was not sent", [began(), sent("a"), ended({ code: 14, notSent: true })]],
    ["a call whose outcome is unknown", [began(), accepted(), finished(), ended({ code: 4 })]],
    [
      "a stream that failed after a prefix",
      [
        began(),
        accepted(),
        yielded("1"),
        yielded("2"),
        received("1"),
        finished({ code: 14 }),
        ended({ code: 14, itemsReceived: 1 }),
      ],
    ],
    [
      "a handler that leaves its input",
      [began(), sent("1"), sent("2"), accepted(), read("1"), finished(), ended()],
    ],
    [
      "an idempotent call that ran twice",
      [
        began({ idempotent: true }),
        accepted(),
        finished({ code: 14 }),
        accepted({ run: "2" }),
        finished({ run: "2" }),
        ended(),
      ],
    ],
    ["a client alone", [began(), ended(), began({ call: "d" }), ended({ call: "d", code: 5 })]],
    [
      "equal items",
      [began(), accepted(), yielded("x"), yielded("x"), finished(), received("x"), received("x"), ended()],
    ],
  ])("%s", (_, entries) => {
    expect(checkLedger(entries)).toEqual([]);
  });
});

describe("each broken rule is found", () => {
  it.each<[ViolationRule, string, LedgerEntry[]]>([
    ["NEVER_ENDED", "a call without an outcome", [began()]],
    ["NEVER_ENDED", "a handler that does not end", [began(), accepted(), ended({ code: 4 })]],
    ["ENDED_TWICE", "two outcomes", [began(), ended({ code: 4 }), ended({ code: 4 })]],
    [
      "OK_WITHOUT_HANDLER",
      "OK of a handler that failed",
      [began(), accepted(), finished({ code: 13 }), ended()],
    ],
    [
      "RAN_THOUGH_NOT_SENT",
      "a handler of a call that was not sent",
      [began(), accepted(), finished({ code: 1 }), ended({ code: 14, notSent: true })],
    ],
    [
      "RAN_TWICE",
      "two handlers",
      [
        began(),
        accepted(),
        finished({ code: 1 }),
        accepted({ run: "2" }),
        finished({ run: "2", code: 1 }),
        ended({ code: 4 }),
      ],
    ],
    [
      "LOST",
      "a request that the handler did not get before the end of its input",
      [began(), sent("1"), sent("2"), accepted(), read("1"), inputEnded(), finished(), ended()],
    ],
    ["CHANGED", "another request", [began(), sent("1"), accepted(), read("2"), finished(), ended()]],
    ["WRONG_COUNT", "a wrong number of items", [began(), ended({ code: 14, itemsReceived: 3 })]],
  ])("%s: %s", (rule, _, entries) => {
    const others =
      rule === "OK_WITHOUT_HANDLER" || rule === "ENDED_TWICE" ? [] : [accepted({ call: "other" })];
    const found = checkLedger([...entries, ...others]).filter(({ call }) => call === "c");
    expect(found.map((one) => one.rule)).toEqual([rule]);
  });

  it("in the responses of a call", () => {
    expect(ok(["1", "2"], ["1", "2"])).toEqual([]);
    expect(ok(["1"], ["1", "2"])).toEqual(["LOST"]);
    expect(ok(["1", "3"], ["1", "2", "3"])).toEqual(["LOST"]);
    expect(ok(["1", "1", "2"], ["1", "2"])).toEqual(["DUPLICATED"]);
    expect(ok(["2", "1"], ["1", "2"])).toEqual(["REORDERED"]);
    expect(ok(["1", "x"], ["1", "2"])).toEqual(["CHANGED"]);
  });

  it("when OK has no handler at all", () => {
    expect(rules(began(), ended(), accepted({ call: "other" }), finished({ call: "other" }))).toEqual([
      "OK_WITHOUT_HANDLER",
    ]);
  });
});

describe("sessions", () => {
  const call = (id: string, facts: Facts = {}): LedgerEntry =>
    accepted({ call: id, run: id, session: "s", ...facts });
  const done = (id: string, code = 0): LedgerEntry => finished({ call: id, run: id, code });
  const over = entry("server", "sessionEnded", { session: "s" });

  it("run one handler after the other and end once", () => {
    expect(rules(call("1"), done("1"), call("2"), done("2"), over())).toEqual([]);
  });

  it("need not wait for a handler whose call was aborted", () => {
    expect(rules(call("1"), call("2"), done("1", 1), done("2"), over())).toEqual([]);
  });

  it.each<[ViolationRule, LedgerEntry[]]>([
    ["OVERLAPPED", [call("1"), call("2"), done("1"), done("2")]],
    ["RAN_AFTER_END", [call("1"), done("1"), over(), call("2"), done("2")]],
    ["SESSION_ENDED_TWICE", [call("1"), done("1"), over(), over()]],
  ])("%s is found", (rule, entries) => {
    expect(rules(...entries)).toEqual([rule]);
  });

  it("of other sessions and calls without a session are apart", () => {
    expect(rules(call("1"), call("2", { session: "t" }), done("1"), done("2"), over())).toEqual([]);
  });
});
