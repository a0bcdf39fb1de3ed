// The check for members that a message does not declare (`unknownMembers: "refuse"`).
//
// Owns: the option, its default, and the walk through a value. A codec drops such members without an error, which is right for
// values that come from elsewhere, and hides a misspelt name. Where the check is off, codecs run without it.

import { AsterError, Code } from "../errors.js";
import type { MessageCodec } from "../message.js";
import { type Check, oneOf, optional } from "../options.js";
import type { MessageDefinition } from "../schema/definition.js";
import { nodeOf, type SchemaObject } from "../schema/schema.js";
import { entriesOf, isPlainObject, textOfPath } from "../schema/validate.js";

/** What happens to a member that a message does not declare. */
export type UnknownMembers = "refuse" | "drop";

/** Checks the option. */
export const unknownMembers: Check<UnknownMembers | undefined> = optional(oneOf("refuse", "drop"));

/** The option that applies: tests and development refuse, when the environment says that they are. */
export function unknownMembersOr(given: UnknownMembers | undefined): UnknownMembers {
  if (given !== undefined) return given;
  const { NODE_ENV } = process.env;
  return NODE_ENV === "test" || NODE_ENV === "development" ? "refuse" : "drop";
}

/** The codec for values of a schema. With `"drop"` it is the codec that was given. */
export function checkedCodec(
  codec: MessageCodec,
  schema: SchemaObject,
  option: UnknownMembers,
): MessageCodec {
  if (option === "drop") return codec;
  return {
    write(writer, value) {
      refuseUnknown(schema, value);
      codec.write(writer, value);
    },
    read: (bytes, start, end, presenceFlagged, maxDecoded) =>
      codec.read(bytes, start, end, presenceFlagged, maxDecoded),
  };
}

/** The members that the messages of a schema declare, computed once for each message. */
const membersOf = new WeakMap<MessageDefinition, ReadonlyMap<string, SchemaObject>>();

function membersFor(message: MessageDefinition): ReadonlyMap<string, SchemaObject> {
  let members = membersOf.get(message);
  if (members === undefined) {
    members = new Map(message.fields.map(({ key, schema }) => [key, schema]));
    membersOf.set(message, members);
  }
  return members;
}

/**
 * Refuses a value with a member that its message does not declare. Only plain objects are checked: an instance of a class may
 * have members of its own.
 * @throws {AsterError} INVALID_ARGUMENT with the path
 */
function refuseUnknown(schema: SchemaObject, value: unknown): void {
  // A graph may contain an object twice, or in a circle.
  const seen = new Set<object>();
  const path: PropertyKey[] = [];
  visit(schema, value);

  function visit(at: SchemaObject, part: unknown): void {
    if (typeof part !== "object" || part === null) return;
    const node = nodeOf(at);
    // Values of the other kinds have no members of a message, or their own type.
    if (node.kind === "optional") visit(node.inner, part);
    else if (node.kind === "list" || node.kind === "set") each(part as Iterable<unknown>, node.element);
    else if (node.kind === "map") entries(node.value, part);
    else if (node.kind === "message") members(node.message, part);
  }

  function entries(at: SchemaObject, part: unknown): void {
    for (const [key, item] of entriesOf(part) ?? []) {
      inside(typeof key === "object" ? "key" : String(key), at, item);
    }
  }

  function each(items: Iterable<unknown>, element: SchemaObject): void {
    if (!Array.isArray(items) && !(items instanceof Set)) return; // the codec refuses it
    let index = 0;
    for (const item of items) inside(index++, element, item);
  }

  function members(message: MessageDefinition, part: object): void {
    if (!isPlainObject(part) || seen.has(part)) return;
    seen.add(part);
    const declared = membersFor(message);
    for (const [key, member] of Object.entries(part)) {
      const field = declared.get(key);
      if (field === undefined) throw unknown(message, key);
      inside(key, field, member);
    }
  }

  function inside(key: PropertyKey, at: SchemaObject, part: unknown): void {
    path.push(key);
    visit(at, part);
    path.pop();
  }

  function unknown(message: MessageDefinition, key: string): AsterError {
    const where = textOfPath([...path, key]);
    const names = [...membersFor(message).keys()].join(", ");
    const text = `${where}: ${message.tag} has no member ${key}; it has ${names}`;
    return new AsterError(Code.INVALID_ARGUMENT, text, {
      isLocal: true,
      reason: "UNKNOWN_MEMBER",
      details: { path: where },
    });
  }
}
