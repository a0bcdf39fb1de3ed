/** Graphs between TypeScript and the codec of the wheel: the same bytes for the same graph, and the same identities. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Infer, message, t } from "aster-rpc";
import { expect, it } from "vitest";
import { Person } from "../integration/fixtures/person.ts";
import { describeInterop } from "./support/python.ts";

const Town = message(
  "graph.v1/Town",
  {
    people: t.list(Person),
    byName: t.map(t.string, Person),
    flags: t.map(t.string, t.bool),
    rows: t.list(t.list(t.int)),
    mayor: t.optional(t.shared(Person)),
    notes: t.any,
  },
  { refs: true },
);
type Town = Infer<typeof Town>;

/** The graph that `graph.py` makes. */
function made(): Town {
  const ada = Person.of({ name: "Ada", friends: [] });
  const ben = Person.of({ name: "Ben", friends: [ada], partner: ada });
  ada.partner = ben;
  ada.friends = [ben, ada];
  const row = [1, 300];
  return {
    people: [ada, ben, ada],
    byName: new Map([
      ["ada", ada],
      ["ben", ben],
    ]),
    flags: new Map([
      ["a", true],
      ["b", true],
      ["c", false],
    ]),
    rows: [row, row, []],
    mayor: ben,
    notes: [ada, row, [row], null, "x", 1.5],
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

interface Answer {
  readonly hex: string;
  readonly facts: Readonly<Record<string, boolean>>;
}

/** Python's answer for messages, after one that it makes itself. */
function askPython(messages: readonly Uint8Array[]): Answer[] {
  const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const input = messages.map((bytes) => `${hex(bytes)}\n`).join("");
  const options = { input, encoding: "utf8", timeout: 60_000 } as const;
  const text = execFileSync(file("./.venv/bin/python"), [file("./python/graph.py"), "make"], options);
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
}

describeInterop("graphs and the wheel's codec", () => {
  it("write the same bytes for the same graph, and decode the same objects", () => {
    const ours = Town.encode(made());
    const [theirs, read] = askPython([ours]) as [Answer, Answer];
    expect(hex(ours)).toBe(theirs.hex);
    for (const { facts } of [theirs, read]) {
      expect(Object.keys(facts)).toHaveLength(7);
      expect(Object.entries(facts).filter(([, holds]) => !holds)).toEqual([]);
    }
    expect(read.hex).toBe(theirs.hex);
    const town = Town.decode(Buffer.from(read.hex, "hex"));
    const [ada, ben, again] = town.people;
    expect(again).toBe(ada);
    expect(town.mayor).toBe(ben);
    expect(ada?.partner).toBe(ben);
    expect(ben?.partner).toBe(ada);
    expect(ada?.friends[1]).toBe(ada);
    expect(town.byName.get("ben")).toBe(ben);
    const notes = town.notes as [unknown, unknown, [unknown]];
    expect(notes[0]).toBe(ada);
    expect(notes[1]).toBe(town.rows[0]);
    expect(notes[2][0]).toBe(town.rows[1]);
    expect(hex(Town.encode(town))).toBe(theirs.hex);
  });
});
