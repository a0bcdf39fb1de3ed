/**
 * The Lab services of `python/lab.py` and `python/lab_postponed.py`, declared in TypeScript. Tags, wire names, order and
 * types of the fields must be the same on both sides. The contract ids show whether they are.
 */
import { bidiStream, clientStream, message, serverStream, service, t, unary } from "aster-rpc";

const Hue = t.enum("lab.v1/Hue", { RED: "red", DEEP_BLUE: "deep-blue", GREEN: "green" });
const Rank = t.enum("lab.v1/Rank", { LOW: 1, HIGH: 9 });

export const Kinds = message("lab.v1/Kinds", {
  flag: t.bool,
  tiny: t.int8,
  small: t.int16,
  medium: t.int32,
  wide: t.int,
  fixedMedium: t.fixedInt32,
  fixedWide: t.fixedInt64,
  taggedWide: t.taggedInt64,
  uTiny: t.uint8,
  uSmall: t.uint16,
  uMedium: t.uint32,
  uWide: t.uint64,
  single: t.float32,
  double: t.float,
  text: t.string,
  data: t.bytes,
});

const Moments = message("lab.v1/Moments", { day: t.optional(t.date), at: t.optional(t.timestamp) });

const Point = message("lab.v1/Point", { x: t.int.default(0), y: t.int.default(0) });

export const Shape = message("lab.v1/Shape", {
  name: t.string.default(""),
  origin: Point.default({ x: 0, y: 0 }),
  centre: t.optional(Point),
  corners: t.list(Point).default([]),
  labels: t.list(t.string).default([]),
  weights: t.list(t.float).default([]),
  gaps: t.list(t.optional(t.int)).default([]),
  grid: t.list(t.list(t.int)).default([]),
  counts: t.map(t.string, t.int).default(() => new Map()),
  places: t.map(t.string, Point).default(() => new Map()),
  routes: t.record(t.list(t.string)).default({}),
  remark: t.optional(t.string),
  limit: t.optional(t.int),
  ratio: t.optional(t.float),
  visible: t.optional(t.bool),
  lineNumber2: t.int.name("lineNumber2").default(0),
});

const Numbered = message("lab.v1/Numbered", {
  names: t.map(t.int, t.string),
  tags: t.set(t.string),
  primes: t.set(t.int),
  chunks: t.list(t.bytes),
});

export const Paint = message("lab.v1/Paint", {
  hue: Hue,
  rank: Rank,
  second: t.optional(Hue),
  others: t.list(Hue),
  byName: t.map(t.string, Hue),
});

export const Bag = message("lab.v1/Bag", { thing: t.any, items: t.anyList, pairs: t.anyMap });

const Nothing = message("lab.v1/Nothing", {});

const Text = message("lab.v1/Text", { text: t.string });

export const Order = message("lab.v1/Order", {
  count: t.int.default(0),
  size: t.int.default(0),
  waitMillis: t.int.default(0),
  code: t.int.default(0),
  words: t.string.default(""),
});

export const Chunk = message("lab.v1/Chunk", { index: t.int, body: t.string.default("") });

export const Total = message("lab.v1/Total", { items: t.int, characters: t.int, inOrder: t.bool });

const Seen = message("lab.v1/Seen", {
  metadata: t.map(t.string, t.string),
  hasDeadline: t.bool,
  remainingMillis: t.int,
  peer: t.string,
});

export const Lab = service(
  "Lab",
  { version: 1, types: [Point] },
  {
    kinds: unary(Kinds, Kinds),
    moments: unary(Moments, Moments),
    shape: unary(Shape, Shape),
    numbered: unary(Numbered, Numbered),
    paint: unary(Paint, Paint),
    bag: unary(Bag, Bag),
    text: unary(Text, Text),
    empty: unary(Nothing, Nothing),
    make: unary(Order, Text),
    refuse: unary(Order, Text),
    nothing: unary(Order, t.optional(Text)),
    wait: unary(Order, Text),
    seen: unary(Order, Seen),
    commits: unary(Nothing, Total),
    count: serverStream(Order, Chunk),
    upload: clientStream(Chunk, Total),
    shout: bidiStream(Chunk, Chunk),
  },
);

/**
 * Compatible mode is declared only in TypeScript. A Python peer ignores the announcement, so it is never sent a type
 * description.
 */
const Note = message("lab.v1/Text", { text: t.string }, { compatible: true });
export const LabNext = service("LabNext", { version: 3 }, { text: unary(Note, Note) });

const Question = message("lab.v1/Question", { text: t.string });
const Answer = message("lab.v1/Answer", { text: t.string, length: t.int });

export const LabPostponed = service(
  "LabPostponed",
  { version: 1 },
  { ask: unary(Question, Answer), letters: serverStream(Question, Answer) },
);

/** A text whose length and content show a lost, doubled or moved block, with characters of two encodings. */
export function pattern(size: number): string {
  const unit = "0123456789é€";
  return unit.repeat(Math.floor(size / unit.length) + 1).slice(0, size);
}
