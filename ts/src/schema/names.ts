// Names: the wire name of a TypeScript name, the rules for names, and the parts of a tag.
//
// Owns: the rule that makes wire names, and the checks of names from users.
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

/** True for a name that can be used after a dot. */
export function isIdentifier(name: string): boolean {
  return IDENTIFIER.test(name);
}

/** True for keys that JavaScript moves to the front of an object, whatever their order in the source is. */
export function isIntegerLike(key: string): boolean {
  return INTEGER_LIKE.test(key);
}

/** Checks a wire name from the user: a non-empty, well-formed string that does not look like an integer. */
export function checkWireName(name: unknown, path: string): string {
  if (typeof name !== "string" || name === "")
    throw new TypeError(`${path}: a wire name must be a non-empty string`);
  if (/\p{Surrogate}/u.test(name)) throw new TypeError(`${path}: the wire name has a lone surrogate`);
  if (isIntegerLike(name)) throw new TypeError(`${path}: ${JSON.stringify(name)} looks like an integer`);
  return name;
}

/** The wire name for a key of a message or service. `.name()` overrides it. */
export function wireNameOfKey(key: string, override: string | null, path: string): string {
  if (isIntegerLike(key)) throw new TypeError(`${path}: integer-like keys lose their position in the object`);
  if (override !== null) return checkWireName(override, path);
  if (!isIdentifier(key))
    throw new TypeError(`${path}: the key is not an identifier; set a wire name with .name()`);
  return wireNameOf(key);
}

/** The parts of a tag: the namespace before the last "/" (empty without one), and the name after it. */
export interface Tag {
  readonly tag: string;
  readonly namespace: string;
  readonly typeName: string;
}

/** Checks a tag and splits it. */
export function splitTag(tag: unknown, what: string): Tag {
  if (typeof tag !== "string")
    throw new TypeError(`${what}: the tag must be a string such as "billing/Invoice"`);
  const slash = tag.lastIndexOf("/");
  const namespace = slash < 0 ? "" : tag.slice(0, slash);
  const typeName = tag.slice(slash + 1);
  if (typeName === "") throw new TypeError(`${what}: the tag ${JSON.stringify(tag)} has no name`);
  if (/\p{Surrogate}/u.test(tag)) throw new TypeError(`${what}: the tag has a lone surrogate`);
  if (namespace.length >= 32767 || typeName.length >= 32767)
    throw new TypeError(`${what}: the tag is too long`);
  return { tag, namespace, typeName };
}

/** Checks that options have only known members. A misspelt option must not be ignored. */
export function checkOptions(options: unknown, known: readonly string[], path: string): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`${path}: options must be an object`);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new TypeError(`${path}.${key}: unknown option`);
  }
}
