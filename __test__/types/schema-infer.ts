// Compile-time tests of schemas: the types of `Infer` and `InferInput`, and what the compiler refuses.

import {
  type AnySchema,
  type AnyValue,
  asFloat,
  bidiStream,
  clientStream,
  type EnumMember,
  field,
  type Infer,
  type InferInput,
  type Message,
  type MessageValue,
  message,
  messageOf,
  type OwnBytes,
  PlainDate,
  rpc,
  type Schema,
  type Service,
  serverStream,
  service,
  serviceOf,
  t,
  unary,
  wireType,
} from "aster-rpc";

/** True when two types are the same, not only assignable. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
declare function check<_Yes extends true>(): void;

// --- Scalars and containers

const Everything = message("t/Everything", {
  text: t.string,
  flag: t.bool,
  ratio: t.float,
  count: t.int,
  wide: t.bigint,
  small: t.int8,
  tagged: t.taggedUint64,
  blob: t.bytes,
  view: t.bytes.view,
  base64: t.bytes.base64,
  at: t.timestamp,
  micros: t.timestampMicros,
  day: t.date,
  list: t.list(t.list(t.int)),
  set: t.set(t.string),
  map: t.map(t.int, t.string),
  record: t.record(t.bool),
  maybe: t.optional(t.string),
  color: t.enum("t/Color", ["RED", "GREEN"]),
  any: t.any,
  anyList: t.anyList,
  anyMap: t.anyMap,
});

check<
  Same<
    Infer<typeof Everything>,
    {
      text: string;
      flag: boolean;
      ratio: number;
      count: number;
      wide: bigint;
      small: number;
      tagged: bigint;
      blob: OwnBytes;
      view: Uint8Array;
      base64: OwnBytes;
      at: Date;
      micros: bigint;
      day: string;
      list: number[][];
      set: Set<string>;
      map: Map<number, string>;
      record: { [key: string]: boolean };
      maybe: string | null;
      color: "RED" | "GREEN";
      any: AnyValue;
      anyList: AnyValue[];
      anyMap: Map<AnyValue, AnyValue>;
    }
  >
>();

// --- Members with a default and optional members may be missing in the input, but never in the output

const Item = message("t/Item", {
  id: t.string,
  qty: t.int.default(1),
  note: t.optional(t.string),
  tags: t.list(t.string).default(() => []),
  labels: t.map(t.string, t.int),
});
type Item = Infer<typeof Item>;
type ItemInput = InferInput<typeof Item>;

const least: ItemInput = { id: "a", labels: { a: 1 } };
const most: ItemInput = { id: "a", qty: 2, note: null, tags: ["x"], labels: new Map([["a", 1]]) };
const decoded: Item = Item.decode(Item.encode(least));
const branded: Item = Item.of(most);
const viaJson: Item = Item.decodeJson(Item.encodeJson(branded));
void [decoded, viaJson];

// @ts-expect-error a required member is missing
const noId: ItemInput = { labels: {} };
// An explicit undefined counts as a missing member, and only where the member may be missing.
const undefinedQty: ItemInput = { id: "a", labels: {}, qty: undefined, note: undefined };
// @ts-expect-error a required member
const undefinedId: ItemInput = { id: undefined, labels: {} };
void undefinedId;
// @ts-expect-error decoding always returns every key
const noNote: Item = { id: "a", qty: 1, tags: [], labels: new Map() };
// @ts-expect-error the wrong type
Item.encode({ id: 5, labels: {} });
// @ts-expect-error a default of another type
t.int.default("1");
// @ts-expect-error a plain object has string keys only
message("t/M", { m: t.map(t.int, t.string) }).encode({ m: { 1: "x" } });
// @ts-expect-error an unknown member of an enum
message("t/M", { c: t.enum("t/C", ["A"]) }).encode({ c: "B" });
// @ts-expect-error bigint kinds accept no number
message("t/M", { n: t.bigint }).encode({ n: 1 });
// @ts-expect-error number kinds accept no bigint
message("t/M", { n: t.int }).encode({ n: 1n });
// @ts-expect-error schemas are not functions
t.string();
// @ts-expect-error the option must be a boolean
message("t/M", {}, { refs: 1 });
void [noId, undefinedQty, noNote];

// --- Typed arrays

const Arrays = message("t/Arrays", {
  bools: t.boolArray,
  ints: t.int32Array,
  wide: t.int64Array.default(() => BigInt64Array.of(1n)),
  unsigned: t.uint64Array,
  floats: t.optional(t.float64Array),
  list: t.list(t.uint8Array),
});
check<
  Same<
    Infer<typeof Arrays>,
    {
      bools: OwnBytes;
      ints: Int32Array<ArrayBuffer>;
      wide: BigInt64Array<ArrayBuffer>;
      unsigned: BigUint64Array<ArrayBuffer>;
      floats: Float64Array<ArrayBuffer> | null;
      list: OwnBytes[];
    }
  >
>();
Arrays.encode({
  bools: Uint8Array.of(1),
  ints: Int32Array.of(1),
  unsigned: new BigUint64Array(0),
  list: [Buffer.from("a")],
});
// @ts-expect-error another class of array
message("t/M", { a: t.int32Array }).encode({ a: Float32Array.of(1) });
// @ts-expect-error a plain array is not a typed array
message("t/M", { a: t.int32Array }).encode({ a: [1] });

// --- Extensions

interface Point {
  readonly x: number;
  readonly y: number;
}
declare function isPoint(value: unknown): value is Point;
const PointType = t.extension("t/Point", {
  encode: (point: Point) => Uint8Array.of(point.x, point.y),
  decode: (bytes) => ({ x: bytes[0] ?? 0, y: bytes[1] ?? 0 }),
  is: isPoint,
});
check<Same<Infer<typeof PointType>, Point>>();
check<Same<InferInput<typeof PointType>, Point>>();
const Track = message("t/Track", {
  points: t.list(PointType),
  last: t.optional(PointType),
  either: t.union(PointType, Item),
});
check<Same<Infer<typeof Track>["points"], Point[]>>();
check<Same<Infer<typeof Track>["last"], Point | null>>();
check<Same<Infer<typeof Track>["either"], Point | (Item & MessageValue<"t/Item">)>>();
// @ts-expect-error the value is not a point
message("t/M", { p: PointType }).encode({ p: "x" });
// @ts-expect-error an encoder must return bytes
t.extension("t/X", { encode: (value: string) => value, decode: () => "x" });
// @ts-expect-error encoder and decoder must have one type
t.extension("t/X", { encode: (_: string) => new Uint8Array(0), decode: () => 1 });
// @ts-expect-error the predicate must be for the type of the coder
t.extension("t/X", { encode: (_: string) => new Uint8Array(0), decode: () => "x", is: isPoint });

// --- Names and descriptions keep the type

const renamed = message("t/Renamed", { userIDs: t.list(t.string).name("user_ids").describe("ids") });
check<Same<Infer<typeof renamed>, { userIDs: string[] }>>();
const nested = message("t/Nested", { item: Item.named("thing"), more: t.optional(Item).describe("more") });
check<Same<Infer<typeof nested>["item"], Item>>();
check<Same<Infer<typeof nested>["more"], Item | null>>();

// --- Enums in both forms

const Color = t.enum("t/Color", { RED: "red", GREEN: 2 });
check<Same<Infer<typeof Color>, "RED" | "GREEN">>();
const red: EnumMember<"RED" | "GREEN"> = Color.value("RED");
// @ts-expect-error no such member
Color.value("BLUE");
void red;

// --- Recursion through getters, to itself and to each other

const Node = message("t/Node", {
  value: t.int,
  get next() {
    return t.optional(Node);
  },
  get kids() {
    return t.list(Node);
  },
});
const node: Infer<typeof Node> = { value: 1, next: null, kids: [{ value: 2, next: null, kids: [] }] };
Node.encode({ value: 1, kids: [{ value: 2, kids: [] }] });
// @ts-expect-error two levels down
Node.encode({ value: 1, kids: [{ value: "2", kids: [] }] });
void node;

const Author = message("t/Author", {
  name: t.string,
  get books() {
    return t.list(Book);
  },
});
const Book = message("t/Book", {
  title: t.string,
  get author() {
    return t.optional(Author);
  },
});
declare const author: Infer<typeof Author>;
const title: string | undefined = author.books[0]?.author?.books[0]?.title;
// @ts-expect-error no such member, three levels down
author.books[0]?.author?.books[0]?.tittle;
void title;

// --- Recursion through t.ref, with the constant annotated

interface Tree {
  label: string;
  kids: Tree[];
}
const Tree: Message<Tree> = message("t/Tree", { label: t.string, kids: t.list(t.ref(() => Tree)) });
const tree: Tree = Tree.decode(Tree.encode({ label: "a", kids: [] }));
void tree;
// @ts-expect-error the annotation does not fit the fields
const Wrong: Message<{ label: number }> = message("t/Wrong", { label: t.string });
void Wrong;

// --- Type annotations for isolatedDeclarations

export const Exported: Message<{ id: string; qty: number }, { id: string; qty?: number }> = message(
  "t/Exported",
  {
    id: t.string,
    qty: t.int.default(1),
  },
);

// --- Unions, any, messageOf

const Shape = message("t/Drawing", { shape: t.union(Item, Node) });
type Marked<M extends abstract new (...parameters: never[]) => unknown> = InstanceType<M>;
check<Same<Infer<typeof Shape>["shape"], Marked<typeof Item> | Marked<typeof Node>>>();
const Mixed = message("t/Mixed", { either: t.union(Item, Color), list: t.list(t.union(Color, Node)) });
check<Same<Infer<typeof Mixed>["either"], Marked<typeof Item> | EnumMember<"RED" | "GREEN">>>();
Mixed.encode({ either: Color.value("RED"), list: [] });
// @ts-expect-error a member of an enum is an object in a union
Mixed.encode({ either: "RED", list: [] });
const bag = message("t/Bag", { any: t.any, list: t.anyList, map: t.anyMap });
bag.encode({
  any: asFloat(1),
  list: [1, "x", null, new PlainDate("2024-01-31")],
  map: { a: Color.value("RED") },
});
// @ts-expect-error undefined is not a value
bag.encode({ any: undefined, list: [], map: {} });
const found: Message<unknown> | null = messageOf(branded);
void found;

// --- Standard Schema

const standard = Item["~standard"].validate({});
if ("value" in standard) {
  const value: Item = standard.value;
  void value;
}

// --- Classes

@wireType("t/Line")
class Line {
  @field(t.string) sku = "";
  @field(t.int) qty = 1;
}
const withClass = message("t/Order", { line: Line, lines: t.list(Line) });
check<Same<Infer<typeof withClass>["lines"], Line[]>>();

@service("Lines", { version: 1 })
class Lines {
  @rpc(Line, Line) async get(line: Line): Promise<Line> {
    return line;
  }
  @serverStream(Line, Line) async *watch(line: Line): AsyncGenerator<Line> {
    yield line;
  }
}
const fromClass: Service = serviceOf(Lines);
void fromClass;

// --- Services

const S = service(
  "S",
  { version: 1, modes: ["xlang"] },
  {
    one: unary(Item, t.optional(Item), { idempotent: true, timeoutMs: 5 }),
    down: serverStream(Item, Item),
    up: clientStream(Item, Item, { idempotent: false }),
    both: bidiStream(Item, Item),
  },
);
check<Same<Infer<(typeof S)["methods"]["one"]["response"]>, Item | null>>();
check<Same<(typeof S)["methods"]["down"]["pattern"], "serverStream">>();
const id: string = S.contractId;
void id;
// @ts-expect-error streams of responses are never idempotent
serverStream(Item, Item, { idempotent: true });
// @ts-expect-error an unknown mode
service("S", { modes: ["protobuf"] }, {});
// @ts-expect-error a method that is not a method
service("S", {}, { a: () => 1 });

// --- The result of `message()` has a named type, for code that writes its type

export const WrittenDown: message.Class<"t/Written", { a: t.Number; b: t.List<t.String> }> = message(
  "t/Written",
  {
    a: t.int,
    b: t.list(t.string),
  },
);

// --- Every schema can be a field; the builders of `t` have their own members

export const all: AnySchema[] = [
  t.string,
  t.list(t.int),
  Item,
  Tree,
  Color,
  t.optional(Item),
  t.int.default(1),
];
export const own: Schema[] = [t.string, t.list(t.int), Color, t.optional(Item), t.int.default(1)];
