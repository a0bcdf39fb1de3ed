// Random graphs: objects that are used several times and refer to each other, in schemas that track references.
//
// Owns: the schema of the graphs, the arbitrary, and the comparison of two graphs by identity.

import fc from "fast-check";
import { message } from "../../ts/src/schema/message.js";
import { PlainDate } from "../../ts/src/schema/plain-values.js";
import { t } from "../../ts/src/schema/t.js";

// biome-ignore lint/suspicious/noExplicitAny: graphs have no static type
type Loose = any;

const Color = t.enum("g/Color", ["RED", "GREEN"]);
/** An extension that is written as a length and one byte. */
const Box = t.extension("g/Box", {
  encode: (box: { readonly boxed: number }) => Uint8Array.of(box.boxed),
  decode: (bytes: Uint8Array) => ({ boxed: bytes[0] ?? 0 }),
  is: (value: unknown): value is { boxed: number } =>
    typeof value === "object" && value !== null && "boxed" in value,
} as Loose) as Loose;
const Tail = message("g/Tail", { n: t.int, end: t.optional(t.shared(t.bytes)) });

/** A node with every kind of position: shared and plain fields, elements of containers, dynamic positions. */
export const Node: Loose = message(
  "g/Node",
  {
    id: t.int,
    label: t.shared(t.string),
    color: t.shared(t.optional(Color)),
    get next() {
      return t.optional(t.shared(Node));
    },
    get peer() {
      return t.shared(Node);
    },
    get all() {
      return t.list(t.optional(Node));
    },
    get byName() {
      return t.map(t.string, Node);
    },
    get byNode() {
      return t.map(
        t.ref(() => Node),
        t.optional(t.bool),
      );
    },
    get group() {
      return t.shared(t.set(Node));
    },
    rows: t.list(t.list(t.int)),
    row: t.shared(t.list(t.int)),
    flags: t.list(t.bool),
    maybeFlags: t.list(t.optional(t.bool)),
    days: t.list(t.date),
    when: t.shared(t.timestamp),
    stamps: t.list(t.timestamp),
    blob: t.shared(t.bytes),
    blobs: t.record(t.bytes),
    any: t.shared(t.any),
    plainAny: t.any,
    list: t.shared(t.anyList),
    map: t.anyMap,
    get either() {
      return t.shared(t.optional(t.union(Node, Tail)));
    },
    tail: Tail,
    box: t.optional(t.shared(Box)),
    boxes: t.list(Box),
    plainBox: Box,
    samples: t.shared(t.int32Array),
    moreSamples: t.map(t.string, t.int32Array),
  },
  { refs: true, types: [Color] },
);

/** Indexes into the objects of a graph. An arbitrary can make them before the objects exist. */
const index = fc.nat(1000);
const indexes = fc.array(index, { maxLength: 4 });

/** A graph as data that can be printed. */
export type Plan = typeof plans extends fc.Arbitrary<infer P> ? P : never;

export const plans = fc.record({
  nodes: fc.array(
    fc.record({
      id: fc.integer({ min: -300, max: 300 }),
      next: fc.option(index),
      peer: index,
      all: fc.array(fc.option(index), { maxLength: 4 }),
      byName: indexes,
      byNode: fc.array(fc.tuple(index, fc.option(fc.boolean())), { maxLength: 3 }),
      group: index,
      rows: indexes,
      row: index,
      flags: fc.array(fc.boolean(), { maxLength: 3 }),
      maybeFlags: fc.array(fc.option(fc.boolean()), { maxLength: 4 }),
      when: index,
      stamps: indexes,
      blob: index,
      blobs: indexes,
      any: index,
      plainAny: index,
      list: index,
      map: fc.array(fc.tuple(index, index), { maxLength: 4 }),
      either: fc.option(index),
      color: fc.constantFrom(null, "RED", "GREEN"),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  rows: fc.array(fc.array(fc.integer(), { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  groups: fc.array(indexes, { minLength: 1, maxLength: 2 }),
  lists: fc.array(indexes, { minLength: 1, maxLength: 3 }),
  maps: fc.array(fc.array(fc.tuple(index, index), { maxLength: 3 }), { minLength: 1, maxLength: 2 }),
});

const at = <V>(values: readonly V[], place: number): V => values[place % values.length] as V;

/** Makes all objects first and then sets their fields, so that any object can be used at any position that allows it. */
export function graphOf({ nodes, rows, groups, lists, maps }: Plan): Loose {
  const made: Loose[] = nodes.map(({ id }) => Object.assign(Object.create(prototype), { id }));
  const tails: Loose[] = [Tail.of({ n: 1 }), Tail.of({ n: 2, end: Uint8Array.of(9) })];
  const madeRows = rows.map((row) => [...row]);
  const sets = groups.map((group) => new Set(group.map((place) => at(made, place))));
  const dates = [new Date(0), new Date(86_400_000)];
  const boxes = [{ boxed: 1 }, { boxed: 2 }];
  const samples = [Int32Array.of(1, -1), Int32Array.of()];
  const blobs = [Uint8Array.of(), Uint8Array.of(1, 2)];
  const madeLists: Loose[][] = lists.map(() => []);
  const madeMaps: Map<Loose, Loose>[] = maps.map(() => new Map());
  const things: Loose[] = [
    ...made,
    ...tails,
    ...madeLists,
    ...madeMaps,
    ...dates,
    ...blobs,
    ...boxes,
    ...samples,
    new Set([1, "x"]),
    new PlainDate("2024-01-31"),
    Color.value("GREEN"),
    ...[null, true, false, 7, 2n ** 60n, 1.5, "text"],
  ];
  for (const [number, list] of lists.entries())
    madeLists[number]?.push(...list.map((place) => at(things, place)));
  for (const [number, entries] of maps.entries())
    for (const [key, value] of entries) madeMaps[number]?.set(at(things, key), at(things, value));
  for (const [number, node] of nodes.entries()) {
    Object.assign(made[number], {
      label: `node ${node.id}`,
      color: node.color,
      next: node.next === null ? null : at(made, node.next),
      peer: at(made, node.peer),
      all: node.all.map((place) => (place === null ? null : at(made, place))),
      byName: new Map(node.byName.map((place, name) => [`n${name}`, at(made, place)])),
      byNode: new Map(node.byNode.map(([place, flag]) => [at(made, place), flag])),
      group: at(sets, node.group),
      rows: node.rows.map((place) => at(madeRows, place)),
      row: at(madeRows, node.row),
      flags: node.flags,
      maybeFlags: node.maybeFlags,
      days: ["2024-01-31", "2024-01-31"],
      when: at(dates, node.when),
      stamps: node.stamps.map((place) => at(dates, place)),
      blob: at(blobs, node.blob),
      blobs: Object.fromEntries(node.blobs.map((place, name) => [`b${name}`, at(blobs, place)])),
      any: at(things, node.any),
      // A plain position keeps no identity, so its value must not lead back to an object around it.
      plainAny: at([null, true, 1.5, "x", dates[0], blobs[1]], node.plainAny),
      list: at(madeLists, node.list),
      map: new Map(node.map.map(([key, value]) => [at(things, key), at(things, value)])),
      either: node.either === null ? null : at([...made, ...tails], node.either),
      tail: at(tails, node.id + 300),
      box: node.next === null ? null : at(boxes, node.next),
      boxes: node.blobs.map((place) => at(boxes, place)),
      plainBox: at(boxes, node.peer),
      samples: at(samples, node.when),
      moreSamples: new Map(node.stamps.map((place, name) => [`s${name}`, at(samples, place)])),
    });
  }
  return made[0];
}

const prototype = Node.prototype as object;

/**
 * The positions where two graphs differ: in their values, or because one object in the first is two objects in the second.
 * @param strict also compares positions where the wire keeps no identity
 */
export function differences(expected: Loose, actual: Loose, strict = false): string[] {
  const found: string[] = [];
  const pairs = new Map<object, object>();
  const back = new Map<object, object>();
  const walk = (one: Loose, other: Loose, path: string, keeps: boolean): void => {
    if (found.length > 3) return;
    if (typeof one !== "object" || one === null) {
      if (!Object.is(one, other)) found.push(`${path}: ${String(one)} became ${String(other)}`);
      return;
    }
    if (typeof other !== "object" || other === null) {
      found.push(`${path}: an object became ${String(other)}`);
      return;
    }
    if (keeps || strict) {
      const known = pairs.get(one);
      if ((known ?? other) !== other || (back.get(other) ?? one) !== one)
        found.push(`${path}: another object`);
      if (known !== undefined) return;
      pairs.set(one, other);
      back.set(other, one);
    }
    if (kindOf(one) !== kindOf(other)) found.push(`${path}: ${kindOf(one)} became ${kindOf(other)}`);
    else parts(one, other, path, walk);
  };
  walk(expected, actual, "$", true);
  return found;
}

function kindOf(value: object): string {
  if (Object.getPrototypeOf(value) === prototype) return "Node";
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "record";
  return name === "Object" ? "record" : name;
}

/** Fields that keep no identity. Their containers are decoded as new objects, but the elements keep their identity. */
const plain = new Set([
  "all",
  "byName",
  "byNode",
  "rows",
  "flags",
  "maybeFlags",
  "days",
  "stamps",
  "blobs",
  "map",
  "plainAny",
  "tail",
  "boxes",
  "plainBox",
  "moreSamples",
]);

type Walk = (one: Loose, other: Loose, path: string, keeps: boolean) => void;

function parts(one: Loose, other: Loose, path: string, walk: Walk): void {
  if (one instanceof Date || one instanceof PlainDate || ArrayBuffer.isView(one)) {
    walk(JSON.stringify(one), JSON.stringify(other), path, false);
  } else if (one instanceof Map || one instanceof Set) {
    const [left, right] = [[...one], [...other]];
    walk(left.length, right.length, `${path}.size`, false);
    for (const [place, part] of left.entries()) {
      if (one instanceof Set) walk(part, right[place], `${path}{${place}}`, true);
      else
        for (const side of [0, 1]) walk(part[side], right[place]?.[side], `${path}{${place}.${side}}`, true);
    }
  } else {
    const node = kindOf(one) === "Node";
    walk(Object.keys(one).length, Object.keys(other).length, `${path}.length`, false);
    for (const key of Object.keys(one))
      walk(one[key], other[key], `${path}.${key}`, !(node && plain.has(key)));
  }
}
