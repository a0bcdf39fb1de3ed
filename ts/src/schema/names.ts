// Names: the wire name of a TypeScript name, what may be one, and how a tag splits.
//
// Owns: the rule from TypeScript names to wire names and the checks of names given by users.
// Lowest part of the schema layer: imports nothing.

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;
const INTEGER_LIKE = /^(0|[1-9][0-9]*)$/;

/** The wire name of a field or method: `invoiceId` is `invoice_id`, `getURL` is `get_url`. */
export function wireNameOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

/** True for a name that can stand behind a dot. */
export function isIdentifier(name: string): boolean {
  return IDENTIFIER.test(name);
}

/** True for keys that JavaScript moves to the front of an object, whatever order they were written in. */
export function isIntegerLike(key: string): boolean {
  return INTEGER_LIKE.test(key);
}

/** A wire name given by hand: any non-empty, well-formed text that is no integer. */
export function checkWireName(name: unknown, path: string): string {
  if (typeof name !== "string" || name === "")
    throw new TypeError(`${path}: a wire name is a non-empty string`);
  if (/\p{Surrogate}/u.test(name)) throw new TypeError(`${path}: the wire name has a lone surrogate`);
  if (isIntegerLike(name)) throw new TypeError(`${path}: ${JSON.stringify(name)} looks like an integer`);
  return name;
}

/** The wire name of a key of a message or service, with the override of `.name()`. */
export function wireNameOfKey(key: string, override: string | null, path: string): string {
  if (isIntegerLike(key)) throw new TypeError(`${path}: integer-like keys lose their declared place`);
  if (override !== null) return checkWireName(override, path);
  if (!isIdentifier(key)) throw new TypeError(`${path}: no identifier, so it needs a wire name of its own`);
  return wireNameOf(key);
}

/** A tag in its parts: the namespace before the last "/" (empty without one) and the name behind it. */
export interface Tag {
  readonly tag: string;
  readonly namespace: string;
  readonly typeName: string;
}

/** Checks and splits a tag. */
export function splitTag(tag: unknown, what: string): Tag {
  if (typeof tag !== "string") throw new TypeError(`${what}: the tag is a string such as "billing/Invoice"`);
  const slash = tag.lastIndexOf("/");
  const namespace = slash < 0 ? "" : tag.slice(0, slash);
  const typeName = tag.slice(slash + 1);
  if (typeName === "") throw new TypeError(`${what}: the tag ${JSON.stringify(tag)} has no name`);
  if (/\p{Surrogate}/u.test(tag)) throw new TypeError(`${what}: the tag has a lone surrogate`);
  if (namespace.length >= 32767 || typeName.length >= 32767)
    throw new TypeError(`${what}: the tag is too long`);
  return { tag, namespace, typeName };
}

/** Options with nothing but known members: a misspelt option must not be ignored. */
export function checkOptions(options: unknown, known: readonly string[], path: string): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`${path}: options are an object`);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`${path}.${key}: unknown option`);
  }
}
