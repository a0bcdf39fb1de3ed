/**
 * The changes of the evolution matrix (`docs/contracts.md#the-matrix`): a message before and after, a value of each side,
 * and what readers do with what the other side wrote. The test makes calls of it, the page has it as a table.
 */
import { message, t } from "aster-rpc";

/**
 * The effect on a message: every value that was written arrives, or it arrives without the fields that its reader does not
 * know, or the call ends with a code.
 */
export type Outcome = "works" | "drops" | "refused";

/** New peers that read what old peers wrote, and old peers that read what new peers wrote. */
export interface Reading {
  readonly newReadsOld: Outcome;
  readonly oldReadsNew: Outcome;
}

/** One change of a message. */
export interface Change {
  readonly name: string;
  /** The type of the change, as the comparison names it. */
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: messages with any fields
  readonly old: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly new: any;
  readonly oldValue: object;
  readonly newValue: object;
  /** True when stubs notice the change. */
  readonly stub: "refused" | "opens";
  /** The effect on calls without the contract check. */
  readonly xlang: Reading;
  readonly json: Reading;
  /** The effect when every message of both services is declared compatible. Then stubs accept both versions. */
  readonly compatible: Reading;
  /** The same messages, declared compatible. */
  readonly declared: Readonly<Record<"old" | "new", Change["old"]>>;
}

const both = (outcome: Outcome): Reading => ({ newReadsOld: outcome, oldReadsNew: outcome });
const readers = (newReadsOld: Outcome, oldReadsNew: Outcome): Reading => ({ newReadsOld, oldReadsNew });

type Fields = Readonly<Record<string, unknown>>;
let count = 0;

function change(
  name: string,
  kind: string,
  [oldFields, oldValue]: readonly [Fields, object],
  [newFields, newValue]: readonly [Fields, object],
  expected: Pick<Change, "stub" | "xlang" | "json" | "compatible">,
): Change {
  const tag = `evolution.v1/Item${count++}`;
  return {
    name,
    kind,
    old: message(tag, oldFields as Record<string, never>),
    new: message(tag, newFields as Record<string, never>),
    declared: {
      old: message(tag, oldFields as Record<string, never>, { compatible: true }),
      new: message(tag, newFields as Record<string, never>, { compatible: true }),
    },
    oldValue,
    newValue,
    ...expected,
  };
}

const id = t.int;
const noticed = { stub: "refused", xlang: both("refused") } as const;
const Color = t.enum("evolution.v1/Color", ["RED", "GREEN"]);
const Wider = t.enum("evolution.v1/Color", ["RED", "GREEN", "BLUE"]);
const Moved = t.enum("evolution.v1/Color", ["GREEN", "RED"]);

export const changes: readonly Change[] = [
  change(
    "add a required field",
    "field_added",
    [{ id }, { id: 7 }],
    [
      { id, note: t.string },
      { id: 7, note: "n" },
    ],
    {
      ...noticed,
      json: both("refused"),
      compatible: readers("works", "drops"),
    },
  ),
  change(
    "add a field with a default",
    "field_added",
    [{ id }, { id: 7 }],
    [
      { id, note: t.string.default("-") },
      { id: 7, note: "n" },
    ],
    { ...noticed, json: readers("works", "refused"), compatible: readers("works", "drops") },
  ),
  change(
    "add an optional field",
    "field_added",
    [{ id }, { id: 7 }],
    [
      { id, note: t.optional(t.string) },
      { id: 7, note: null },
    ],
    { ...noticed, json: readers("works", "refused"), compatible: readers("works", "drops") },
  ),
  change(
    "remove a required field",
    "field_removed",
    [
      { id, note: t.string },
      { id: 7, note: "n" },
    ],
    [{ id }, { id: 7 }],
    { ...noticed, json: both("refused"), compatible: readers("drops", "works") },
  ),
  change(
    "remove a field with a default",
    "field_removed",
    [
      { id, note: t.string.default("-") },
      { id: 7, note: "n" },
    ],
    [{ id }, { id: 7 }],
    { ...noticed, json: readers("refused", "works"), compatible: readers("drops", "works") },
  ),
  change(
    "reorder fields",
    "fields_reordered",
    [
      { id, note: t.string },
      { id: 7, note: "n" },
    ],
    [
      { note: t.string, id },
      { note: "n", id: 7 },
    ],
    { stub: "refused", xlang: both("works"), json: both("works"), compatible: both("works") },
  ),
  change(
    "rename a field",
    "field_renamed",
    [
      { id, note: t.string },
      { id: 7, note: "n" },
    ],
    [
      { id, remark: t.string },
      { id: 7, remark: "n" },
    ],
    { ...noticed, json: both("refused"), compatible: both("drops") },
  ),
  change(
    "rename a field, keeping its wire name",
    "",
    [
      { id, note: t.string },
      { id: 7, note: "n" },
    ],
    [
      { id, remark: t.string.name("note") },
      { id: 7, remark: "n" },
    ],
    { stub: "opens", xlang: both("works"), json: both("works"), compatible: both("works") },
  ),
  change(
    "widen int32 to int",
    "field_type_changed",
    [{ size: t.int32 }, { size: 7 }],
    [{ size: t.int }, { size: 2 ** 40 }],
    { ...noticed, json: readers("works", "refused"), compatible: readers("works", "refused") },
  ),
  change(
    "narrow int to int32",
    "field_type_changed",
    [{ size: t.int }, { size: 2 ** 40 }],
    [{ size: t.int32 }, { size: 7 }],
    { ...noticed, json: readers("refused", "works"), compatible: readers("refused", "works") },
  ),
  change(
    "widen int8 to int32, which contracts do not tell apart",
    "field_type_changed",
    [{ size: t.int8 }, { size: 7 }],
    [{ size: t.int32 }, { size: 700 }],
    {
      stub: "refused",
      xlang: both("refused"),
      json: readers("works", "refused"),
      compatible: readers("works", "refused"),
    },
  ),
  change(
    "int to float",
    "field_type_changed",
    [{ size: t.int }, { size: 7 }],
    [{ size: t.float }, { size: 7.5 }],
    { ...noticed, json: readers("works", "refused"), compatible: readers("works", "refused") },
  ),
  change(
    "string to int",
    "field_type_changed",
    [{ size: t.string }, { size: "7" }],
    [{ size: t.int }, { size: 7 }],
    { ...noticed, json: both("refused"), compatible: both("refused") },
  ),
  change(
    "change what a list holds",
    "field_type_changed",
    [{ sizes: t.list(t.string) }, { sizes: ["7"] }],
    [{ sizes: t.list(t.float) }, { sizes: [7.5] }],
    { ...noticed, json: both("refused"), compatible: both("refused") },
  ),
  change(
    "make a field optional",
    "field_optional",
    [{ note: t.string }, { note: "n" }],
    [{ note: t.optional(t.string) }, { note: null }],
    { ...noticed, json: readers("works", "refused"), compatible: readers("works", "refused") },
  ),
  change(
    "make an optional field required",
    "field_required",
    [{ note: t.optional(t.string) }, { note: null }],
    [{ note: t.string }, { note: "n" }],
    { ...noticed, json: readers("refused", "works"), compatible: readers("refused", "works") },
  ),
  change(
    "add a default",
    "default_added",
    [{ note: t.string }, { note: "n" }],
    [{ note: t.string.default("-") }, {}],
    { stub: "opens", xlang: both("works"), json: both("works"), compatible: both("works") },
  ),
  change(
    "change a default",
    "default_changed",
    [{ note: t.string.default("a") }, {}],
    [{ note: t.string.default("b") }, {}],
    { stub: "opens", xlang: both("works"), json: both("works"), compatible: both("works") },
  ),
  change(
    "remove a default",
    "default_removed",
    [{ note: t.string.default("-") }, {}],
    [{ note: t.string }, { note: "n" }],
    { stub: "opens", xlang: both("works"), json: both("works"), compatible: both("works") },
  ),
  change(
    "add a member at the end of an enum",
    "enum_member_added",
    [{ color: Color }, { color: "RED" }],
    [{ color: Wider }, { color: "BLUE" }],
    {
      stub: "refused",
      xlang: readers("works", "refused"),
      json: readers("works", "refused"),
      compatible: readers("works", "refused"),
    },
  ),
];

/** The effect of a new order of an enum: a member is read as another member, without an error. */
export const reorderedEnum: Pick<Change, "old" | "new"> = {
  old: message("evolution.v1/Painted", { color: Color }),
  new: message("evolution.v1/Painted", { color: Moved }),
};

/** The same for the element type of a list: neither the contract id nor the hash of a message contains it. */
export const retypedList: Pick<Change, "old" | "new"> = {
  old: message("evolution.v1/Sizes", { sizes: t.list(t.int8) }),
  new: message("evolution.v1/Sizes", { sizes: t.list(t.uint8) }),
};

/** One tag in two versions of a service. */
export const versions: Pick<Change, "old" | "new"> = {
  old: message("evolution.v1/Grown", { id }),
  new: message("evolution.v1/Grown", { id, note: t.string }),
};
