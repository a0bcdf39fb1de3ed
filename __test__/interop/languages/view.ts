/**
 * A value as JSON that is equal in every language of these tests, so that a decoded value can be compared with the sent one.
 *
 * | value | view |
 * |---|---|
 * | null, boolean, text, integers of at most 32 bits, finite floats | themselves; -0 stays -0 |
 * | integers of 64 bits; timestamps, in microseconds since 1970 | `{ "int": "-5" }` |
 * | NaN and infinities | `{ "float": "NaN" }` |
 * | dates, enum members | `"2024-01-31"`, `"RED"` |
 * | bytes, arrays of 8 unsigned bits, and arrays of booleans, a byte each | `{ "bytes": "0001ff" }` |
 * | lists, other typed arrays | arrays |
 * | sets, maps | `{ "set": [item] }`, `{ "map": [[key, value]] }`, in any order |
 * | messages | objects, members in camel case |
 * | a message met again, by its number in the order of the first meetings (fields by name) | `{ "seen": 0 }` |
 */
export type View = null | boolean | number | string | readonly View[] | { readonly [member: string]: View };

/** The view of a TypeScript value. */
export function viewOf(value: unknown, seen: Map<object, number> = new Map()): View {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "bigint") return { int: String(value) };
  if (typeof value === "number") return Number.isFinite(value) ? value : { float: String(value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  if (ArrayBuffer.isView(value))
    return Array.from(value as unknown as ArrayLike<number | bigint>, (item) => viewOf(item));
  if (Array.isArray(value)) return value.map((item) => viewOf(item, seen));
  if (value instanceof Set) return { set: sorted([...value].map((item) => viewOf(item, seen))) };
  if (value instanceof Map)
    return { map: sorted([...value].map(([key, item]) => [viewOf(key, seen), viewOf(item, seen)])) };
  const object = value as Record<string, unknown>;
  const before = seen.get(object);
  if (before !== undefined) return { seen: before };
  seen.set(object, seen.size);
  const names = Object.keys(object).sort();
  return Object.fromEntries(names.map((name) => [name, viewOf(object[name], seen)]));
}

/** A view from a peer, with its sets and maps in the order of TypeScript. */
export function inOrder(view: View): View {
  if (Array.isArray(view)) return view.map(inOrder);
  if (view === null || typeof view !== "object") return view;
  const members = Object.entries(view).map(([name, item]): [string, View] => {
    const ordered = inOrder(item);
    return [name, (name === "set" || name === "map") && Array.isArray(ordered) ? sorted(ordered) : ordered];
  });
  return Object.fromEntries(members);
}

function sorted(views: readonly View[]): View[] {
  const key = (view: View): string => JSON.stringify(view);
  return [...views].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
