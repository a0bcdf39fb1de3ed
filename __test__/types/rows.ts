/** Compile-time tests of rows, views and columns. */
import {
  type Infer,
  type Message,
  message,
  type OwnBytes,
  type RowList,
  type RowMap,
  type RowSet,
  type RowView,
  rows,
  t,
} from "aster-rpc";

/** True when two types are the same, not only assignable. */
type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
declare function is<_Yes extends true>(): void;

const Line = message("b/Line", { sku: t.string, quantity: t.int });
const Invoice = message("b/Invoice", {
  invoiceId: t.string,
  cents: t.int,
  serial: t.bigint,
  paid: t.bool,
  lines: t.list(Line),
  first: t.optional(Line),
  labels: t.map(t.string, t.float),
  record: t.record(t.int),
  members: t.set(t.int16),
  blob: t.bytes,
  note: t.optional(t.string),
  currency: t.string.default("EUR"),
});
type Invoice = Infer<typeof Invoice>;
type Line = Infer<typeof Line>;

const form = rows(Invoice);
const bytes = form.encode({
  invoiceId: "a",
  cents: 1,
  serial: 1n,
  paid: true,
  lines: [{ sku: "a", quantity: 1 }],
  labels: { a: 1 },
  record: {},
  members: new Set([1]),
  blob: new Uint8Array(),
});
const view = form.row(bytes);

is<Equal<typeof view.invoiceId, string>>();
is<Equal<typeof view.paid, boolean>>();
is<Equal<typeof view.note, string | null>>();
is<Equal<typeof view.lines, RowList<Line>>>();
is<Equal<typeof view.first, RowView<Line> | null>>();
is<Equal<typeof view.labels, RowMap<string, number>>>();
is<Equal<typeof view.record, RowMap<string, number>>>();
is<Equal<typeof view.members, RowSet<number>>>();
is<Equal<typeof view.blob, OwnBytes>>();
is<Equal<ReturnType<typeof view.toObject>, Invoice>>();

const sku: string | undefined = view.lines.at(0)?.sku;
const price: number | undefined = view.labels.get("a");
const table = form.table(bytes);
const cents: Float64Array = table.column("cents").toTypedArray();
const serials: BigInt64Array = table.column("serial").toTypedArray();
const paid: Uint8Array = table.column("paid").toTypedArray();
const notes: (string | null)[] = table.column("note").toArray();
const all: Invoice[] = table.toArray();
export const used: unknown[] = [sku, price, cents, serials, paid, notes, all];

// @ts-expect-error: views are read only
view.cents = 2;
// @ts-expect-error: no such field
view.missing;
// @ts-expect-error: no such column
table.column("missing");
// A column of strings has no typed array; asking for one throws.
const texts: never = table.column("invoiceId").toTypedArray();
// @ts-expect-error: a member is missing
form.encode({ invoiceId: "a" });

const Ticks = message("b/Ticks", { price: t.list(t.float), time: t.list(t.bigint) });
const ticks = rows(Ticks);
const one = ticks.row(ticks.encode({ price: new Float64Array(2), time: new BigInt64Array(2) }));
const prices: Float64Array = one.price.asTypedArray(Float64Array);
// @ts-expect-error: bigints are not numbers
ticks.encode({ price: new BigInt64Array(2), time: [] });
used.push(texts, prices);

// An annotated message, as in projects with isolatedDeclarations.
const Annotated: Message<Line> = Line;
const annotated: number = rows(Annotated).row(bytes).quantity;
used.push(annotated);
