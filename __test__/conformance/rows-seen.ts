// The content of a row view when each of its members is read in place.

// biome-ignore lint/suspicious/noExplicitAny: schemas made at run time have no static type
type Loose = any;

/** Reads everything in a view, member by member. It must equal `toObject()`. */
export function seen(view: Loose, like: Loose): Loose {
  if (like instanceof Set) return new Set(view);
  if (like instanceof Map)
    return new Map([...view].map(([key, value]: [Loose, Loose]) => [key, seen(value, like.get(key))]));
  if (Array.isArray(like)) return like.map((item, index) => seen(view.at(index), item));
  if (like === null || typeof like !== "object" || like instanceof Uint8Array) return view;
  if (Object.getPrototypeOf(like) === null) {
    const entries = [...view].map(([key, value]: [string, Loose]) => [key, seen(value, like[key])]);
    return Object.assign(Object.create(null), Object.fromEntries(entries));
  }
  return Object.fromEntries(Object.keys(like).map((key) => [key, seen(view[key], like[key])]));
}
