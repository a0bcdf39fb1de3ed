/** Compile-time tests of named messages: their values, recursion, narrowing, generic functions, and refused uses. */

import {
  type AnySchema,
  type AsterClient,
  field,
  type Infer,
  type InferInput,
  type Message,
  message,
  messageOf,
  type OwnBytes,
  type Stub,
  serverStream,
  service,
  t,
  unary,
  wireType,
} from "aster-rpc";

/** True when two types are the same, not only assignable. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
declare function check<_Yes extends true>(): void;

class Line extends message("n/Line", { article: t.string, quantity: t.int.default(1) }) {}
class Order extends message("n/Order", {
  orderId: t.string,
  lines: t.list(Line),
  first: t.optional(Line),
  byName: t.map(t.string, Line),
  label: t.bytes,
}) {
  get empty(): boolean {
    return this.lines.length === 0;
  }
  total(): number {
    return this.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  }
}

// --- Values are instances of the class

check<Same<Infer<typeof Order>, Order>>();
check<Same<Order["lines"], Line[]>>();
check<Same<Order["first"], Line | null>>();
check<Same<Order["byName"], Map<string, Line>>>();
check<Same<Order["label"], OwnBytes>>();
const made: Order = Order.of({
  orderId: "o",
  lines: [{ article: "a" }],
  byName: {},
  label: new Uint8Array(1),
});
const constructed: Order = new Order({ orderId: "o", lines: [], byName: {}, label: new Uint8Array(1) });
const decoded: Order = Order.decode(Order.encode(made));
const parsed: Order = Order.decodeJson(Order.encodeJson({ ...made, first: undefined }));
export const facts: [boolean, number, "n/Order"] = [decoded.empty, parsed.total(), Order.tag];
new Blob([constructed.label]);

// @ts-expect-error a member is missing
Order.of({ orderId: "o", lines: [], byName: {} });
// @ts-expect-error a misspelt member
Order.of({ orderId: "o", lines: [], byName: {}, label: new Uint8Array(1), frist: null });
// @ts-expect-error a misspelt member of an element
Order.encode({ orderId: "o", lines: [{ article: "a", quantiy: 2 }], byName: {}, label: new Uint8Array(1) });
// @ts-expect-error undefined is not a value of a required member
Order.encode({ orderId: undefined, lines: [], byName: {}, label: new Uint8Array(1) });
// @ts-expect-error a literal is not an instance
const literal: Line = { article: "a", quantity: 1 };
void literal;
// @ts-expect-error `name` of a message is the name of the class; a wire name is set with named()
Line.name("line");

// --- Narrowing

declare const unknown: unknown;
if (Order.is(unknown)) check<Same<typeof unknown, Order>>();
declare const either: Order | Line;
if (Order.is(either)) check<Same<typeof either, Order>>();
else check<Same<typeof either, Line>>();
if (either instanceof Line) check<Same<typeof either, Line>>();
else check<Same<typeof either, Order>>();
const A = message("n/A", { a: t.string });
const B = message("n/B", { a: t.string });
const Both = message("n/Both", { part: t.union(A, B), named: t.union(Line, Order) });
declare const both: Infer<typeof Both>;
if (A.is(both.part)) {
  const { a } = both.part;
  // @ts-expect-error a value cannot be both
  const isB: InstanceType<typeof B> = both.part;
  void [a, isB];
}
export const same: boolean = messageOf(decoded) === Order;

// --- Members of unions know their message

Both.encode({ part: A.of({ a: "x" }), named: Line.of({ article: "a" }) });
Both.encode(both);
// @ts-expect-error the message of a plain object is unknown
Both.encode({ part: { a: "x" }, named: Line.of({ article: "a" }) });
// @ts-expect-error a plain object with the fields of a named message
Both.encode({ part: A.of({ a: "x" }), named: { article: "a", quantity: 1 } });
// @ts-expect-error a message that is not a member
Both.encode({ part: A.of({ a: "x" }), named: A.of({ a: "x" }) });

// --- Recursion

class Folder extends message("n/Folder", {
  name: t.string,
  get folders() {
    return t.list(Folder);
  },
  get owner() {
    return t.optional(User);
  },
  get children() {
    return t.map(t.string, Folder);
  },
}) {
  depth(): number {
    return 1 + Math.max(0, ...this.folders.map((folder) => folder.depth()));
  }
}
class User extends message("n/User", {
  name: t.string,
  get home() {
    return t.optional(Folder);
  },
}) {}
const folder = Folder.decode(new Uint8Array());
export const deep: string | undefined = folder.folders[0]?.owner?.home?.folders[0]?.owner?.name;
export const height: number | undefined = folder.children.get("x")?.depth();
Folder.encode({ name: "/", folders: [{ name: "a", folders: [], children: {} }], children: {} });
// @ts-expect-error a misspelt member, three levels deep
folder.folders[0]?.owner?.home?.nmae;
// @ts-expect-error a name of the wrong type, two levels deep
Folder.encode({ name: "/", folders: [{ name: 1, folders: [], children: {} }], children: {} });

// Two messages may refer to each other: the earlier one uses a getter, the later one may use every kind of field.
class First extends message("n/First", {
  a: t.string,
  get next() {
    return t.optional(Second);
  },
  get all() {
    return t.list(Second);
  },
}) {}
class Second extends message("n/Second", { first: First, maybe: t.optional(First), all: t.list(First) }) {}
export const back: string | undefined = Second.decode(new Uint8Array()).maybe?.next?.all[0]?.a;
const Third = message("n/Third", {
  get fourth() {
    return t.optional(Fourth);
  },
});
const Fourth = message("n/Fourth", { third: t.optional(Third), more: t.record(Third) });
export const round: Infer<typeof Fourth> | null | undefined = Third.decode(new Uint8Array()).fourth?.third
  ?.fourth;

interface Row {
  name: string;
  folders: Row[];
  children: Map<string, Row>;
}
declare const row: Row;
Folder.encode(row);

// --- Names, defaults and descriptions of fields

class Named extends message("n/Named", {
  line: Line.named("the_line"),
  other: Line.describe("another one"),
  third: Line.default({ article: "a" }),
  fourth: Line.named("x").default(() => ({ article: "a" })),
}) {}
check<Same<Named["third"], Line>>();
check<Same<Named["line"], Line>>();
const least: InferInput<typeof Named> = { line: { article: "a" }, other: { article: "b" } };
void least;
// @ts-expect-error a default that does not fit
Line.default({ artcle: "a" });

// --- Generic functions over messages

function page<const Tag extends string, M extends AnySchema>(tag: Tag, item: M) {
  return message(tag, { items: t.list(item), first: t.optional(item), next: t.optional(t.string) });
}
class Orders extends page("n/Orders", Order) {}
export const totals: number[] = Orders.decode(new Uint8Array()).items.map((order) => order.total());
check<Same<Orders["first"], Order | null>>();

function copy<V>(of: Message<V>, value: V): V {
  return of.decode(of.encode(value));
}
declare const lineMessage: Message<Line>;
export const copied: Line = copy(lineMessage, Line.of({ article: "a" }));

// --- Only schemas can be fields, elements and requests

class Plain {
  sku = "";
}
@wireType("n/Wire")
class Wire {
  @field(t.string) sku = "";
}
message("n/X", { wire: Wire, list: t.list(Wire), maybe: t.optional(Plain) });
// @ts-expect-error a JavaScript class that is no schema
message("n/X", { a: String });
// @ts-expect-error a JavaScript class that is no schema, next to a getter
class Beside extends message("n/X", { a: Number, get b() { return t.optional(Beside); } }) {} // biome-ignore format: one line for one error
// @ts-expect-error a JavaScript class that is no schema
message("n/X", { a: Uint8Array });
// @ts-expect-error a string
message("n/X", { a: "string" });
// @ts-expect-error a schema builder that was not called
message("n/X", { a: t.list });
// @ts-expect-error fields without a message
message("n/X", { a: { b: t.string } });
// @ts-expect-error a list element that is no schema
t.list(Number);
// @ts-expect-error a map key that is no schema
t.map(String, t.int);
// @ts-expect-error an optional of something that is no schema
t.optional(Date);
// @ts-expect-error a member of a union
t.union(A, Map);
// @ts-expect-error fields without a message
unary({ id: t.string }, A);
// @ts-expect-error a JavaScript class that is no schema
serverStream(A, Promise);

// --- A stub has a name

const Shop = service("Shop", {}, { get: unary(A, Order), watch: serverStream(A, Line) });
export interface ShopStub extends Stub<typeof Shop> {}
export async function use(client: AsterClient): Promise<ShopStub> {
  const shop: ShopStub = client.stub(Shop);
  const order: Order = await shop.get({ a: "x" });
  for await (const line of shop.watch({ a: "x" })) check<Same<typeof line, Line>>();
  // @ts-expect-error a method that the service does not have
  await shop.gte({ a: order.orderId });
  return shop;
}
