// Enums: `t.enum(tag, members)`.
//
// Owns: the definition of an enum (tag, ordinals, JSON values) and its schema. In fields a member is a string. `EnumMember`
// is the object for positions without a schema.

import { EnumMember } from "./enum-member.js";
import { isIntegerLike, splitTag, type Tag } from "./names.js";
import { SchemaObject } from "./schema.js";

/** An enum as data. */
export interface EnumDefinition extends Tag {
  readonly members: readonly string[];
  readonly json: readonly (string | number)[];
  /** The member objects by ordinal. */
  readonly values: readonly EnumMember[];
  readonly ordinals: ReadonlyMap<string, number>;
}

class EnumSchema extends SchemaObject {
  readonly definition: EnumDefinition;

  constructor(definition: EnumDefinition) {
    super({ kind: "enum", enum: definition });
    this.definition = definition;
  }

  get tag(): string {
    return this.definition.tag;
  }

  get members(): readonly string[] {
    return this.definition.members;
  }

  value(member: string): EnumMember {
    const found = this.definition.values[this.definition.ordinals.get(member) ?? -1];
    if (found === undefined) throw new TypeError(`${this.tag} has no member ${JSON.stringify(member)}`);
    return found;
  }
}

/** Reads the two forms of members: an array of names, or an object of names and JSON values. */
function readMembers(members: unknown, what: string): readonly (readonly [string, string | number])[] {
  if (Array.isArray(members)) return members.map((name: string) => [name, name] as const);
  if (typeof members !== "object" || members === null) {
    throw new TypeError(`${what}: members must be an array of names, or an object of names and JSON values`);
  }
  return Object.entries(members as Record<string, string | number>);
}

function define(tag: string, members: unknown): EnumDefinition {
  const what = `t.enum(${JSON.stringify(tag)})`;
  const parts = splitTag(tag, "t.enum()");
  const pairs = readMembers(members, what);
  const ordinals = new Map<string, number>();
  for (const [index, [name, json]] of pairs.entries()) {
    if (typeof name !== "string" || name === "") {
      throw new TypeError(`${what}[${index}]: a member name must be a non-empty string`);
    }
    if (!Array.isArray(members) && isIntegerLike(name))
      throw new TypeError(`${what}.${name}: looks like an integer`);
    if (ordinals.has(name)) throw new TypeError(`${what}: ${JSON.stringify(name)} is listed twice`);
    const fits = typeof json === "string" || Number.isSafeInteger(json);
    if (!fits) throw new TypeError(`${what}.${name}: the JSON value must be a string or a safe integer`);
    ordinals.set(name, index);
  }
  if (pairs.length === 0) throw new TypeError(`${what}: there are no members`);
  return {
    ...parts,
    members: Object.freeze(pairs.map(([name]) => name)),
    json: Object.freeze(pairs.map(([, json]) => json)),
    values: pairs.map(([name, json], index) => new EnumMember(parts.tag, name, index, json)),
    ordinals,
  };
}

/** Makes the schema of an enum. `t.enum` declares its types. */
export function enumeration(tag: string, members: unknown): SchemaObject {
  return new EnumSchema(define(tag, members));
}
