// A service that is made from a contract while the program runs.
//
// Owns: schemas and methods for the types and methods of a contract, under their wire names. Does not own: what the contract says
// (complete-contract.ts), and calls. Everything in a contract of a peer is checked by the builders, which refuse what no program
// could declare.

import { AsterError } from "../errors.js";
import type { TypeWord } from "../schema/descriptor.js";
import { JS_DEFINITION } from "../schema/js-value.js";
import { message } from "../schema/message.js";
import { bidiStream, clientStream, serverStream, unary } from "../schema/method.js";
import { buildService, type Service, type ServiceOptions } from "../schema/service.js";
import { t } from "../schema/t.js";
import { type CompleteContract, type CompleteMethod, incomplete } from "./complete-contract.js";
import { formBuilder } from "./declared-forms.js";
import { knownDefault } from "./default-values.js";
import type { DescribedType } from "./manifest-types.js";

/** A schema of any type. The builders check what they get. */
// biome-ignore lint/suspicious/noExplicitAny: the types are only known while the program runs
type AnySchemaValue = any;

/** A service that was made from a contract. */
export interface DynamicService {
  readonly service: Service;
  /** The messages and enums, and for extensions the class of their values, by their tags. */
  readonly types: ReadonlyMap<string, unknown>;
  /** The key of each method in a stub, by its wire name. */
  readonly keys: ReadonlyMap<string, string>;
}

type ServiceMode = NonNullable<ServiceOptions["modes"]>[number];

const builders = { unary, serverStream, clientStream, bidiStream };
/** Types inside of types. A program has a few; more would exhaust the stack. */
const MOST_DEPTH = 32;
/** Names that objects use themselves: a method or field with one has another key. */
const TAKEN = ["then", "constructor", "__proto__", "id", "closed", "close"];

/**
 * Makes the service of a contract.
 * @throws {AsterError} FAILED_PRECONDITION with reason `INCOMPLETE_CONTRACT` when no program could declare it
 */
export function dynamicService(contract: CompleteContract): DynamicService {
  try {
    return new Builder(contract).service();
  } catch (error) {
    if (error instanceof AsterError) throw error;
    const { name, version } = contract;
    throw incomplete(
      `${name} v${version} cannot be called from its contract: ${(error as Error).message}`,
      error,
    );
  }
}

class Builder {
  readonly #contract: CompleteContract;
  readonly #made = new Map<number, AnySchemaValue>();
  readonly #types = new Map<string, unknown>();

  constructor(contract: CompleteContract) {
    this.#contract = contract;
  }

  service(): DynamicService {
    const { name, version, scope, modes, methods, schema } = this.#contract;
    const types = schema.types.map((_, index) => this.#type(index) as unknown);
    const keys = new Map<string, string>();
    const table: Record<string, unknown> = {};
    for (const method of methods) {
      const key = methodKey(keys, method.name);
      keys.set(method.name, key);
      table[key] = this.#method(method);
    }
    // What a mode is called was read from the contract; the builder checks it.
    const options = { version, scope, modes: modes as readonly ServiceMode[], types };
    // INVARIANT: the table has methods by their keys.
    return { service: buildService(name, options, table) as Service, types: this.#types, keys };
  }

  #method(method: CompleteMethod): unknown {
    const { name, pattern, idempotent, timeoutMs } = method;
    const options = {
      name,
      ...(idempotent ? { idempotent } : {}),
      ...(timeoutMs === null ? {} : { timeoutMs }),
    };
    return builders[pattern](this.#root(method.request), this.#root(method.response), options);
  }

  /** A request or response: a message is the message itself, not a reference to it. */
  #root(word: TypeWord): AnySchemaValue {
    if (typeof word === "object" && "message" in word) return this.#type(word.message as number);
    if (typeof word === "object" && "optional" in word)
      return t.optional(this.#root(word.optional as TypeWord));
    return this.#schema(word, 0);
  }

  #type(index: number): AnySchemaValue {
    const known: AnySchemaValue = this.#made.get(index);
    if (known !== undefined) return known;
    const type = this.#contract.schema.types[index];
    if (type === undefined) throw new TypeError("a type names one that the contract does not have");
    const made = this.#make(type, index);
    this.#made.set(index, made);
    return made;
  }

  #make(type: DescribedType, index: number): AnySchemaValue {
    if (type.kind === "ext") return this.#extension(type.tag);
    const made: AnySchemaValue = type.kind === "enum" ? enumOf(type) : this.#message(type, index);
    this.#types.set(type.tag, made);
    return made;
  }

  #message(type: Extract<DescribedType, { kind: "message" }>, index: number): AnySchemaValue {
    const defaults = this.#contract.defaults[index] ?? {};
    const fields = {};
    for (const field of type.fields) {
      // A getter, because a field may be of a type that is made later.
      const get = (): unknown => {
        const declared = field.declared ?? field.type;
        const schema: AnySchemaValue = this.#schema(declared, 0).name(field.name);
        const { types } = this.#contract.schema;
        const known = field.default === true ? knownDefault(declared, defaults[field.name], types) : null;
        return known === null ? schema : schema.default(known.value);
      };
      Object.defineProperty(fields, field.name, { get, enumerable: true });
    }
    const { pythonModule, qualname, refs, compatible } = type;
    return message(type.tag, fields, {
      ...(pythonModule ? { pythonModule } : {}),
      ...(qualname ? { qualname } : {}),
      refs: refs === true,
      compatible: compatible === true,
    });
  }

  /** Only the own encoder of an extension knows its bytes, so the values stay bytes. */
  #extension(tag: string): AnySchemaValue {
    if (tag === JS_DEFINITION.tag)
      throw new TypeError("it uses t.js, whose values have no description in a contract");
    class ExtensionBytes {
      readonly bytes: Uint8Array;
      constructor(bytes: Uint8Array) {
        this.bytes = bytes;
      }
    }
    this.#types.set(tag, ExtensionBytes);
    return t.extension(tag, {
      encode: (value: ExtensionBytes) => value.bytes,
      decode: (bytes) => new ExtensionBytes(bytes),
      is: (value): value is ExtensionBytes => value instanceof ExtensionBytes,
    });
  }

  #schema(word: TypeWord, depth: number): AnySchemaValue {
    if (depth > MOST_DEPTH) throw new TypeError(`types are nested more than ${MOST_DEPTH} levels`);
    if (typeof word === "string") return plain(word);
    const [member, value] = Object.entries(word)[0] as [string, never];
    const inner = (part: TypeWord): AnySchemaValue => this.#schema(part, depth + 1);
    switch (member) {
      case "message":
        return t.ref(() => this.#type(value));
      case "enum":
        return this.#type(value);
      case "ext":
        return this.#type(value);
      case "union": {
        const members = (value as number[]).map((at) => t.ref(() => this.#type(at)));
        return (t.union as (...all: unknown[]) => AnySchemaValue)(...members);
      }
      case "map": {
        const [key, element] = value as [TypeWord, TypeWord];
        return t.map(inner(key), inner(element));
      }
      case "scalar":
        return form(value);
      case "array":
        return builder(`${value as string}Array`);
      default:
        return (builder(member) as (part: unknown) => AnySchemaValue)(inner(value));
    }
  }
}

function methodKey(keys: ReadonlyMap<string, string>, name: string): string {
  if (keys.has(name)) throw new TypeError(`two methods have the name ${name}`);
  return TAKEN.includes(name) ? `${name}$` : name;
}

function enumOf(type: Extract<DescribedType, { kind: "enum" }>): AnySchemaValue {
  const json = type.json ?? type.members;
  const plain = type.members.every((member, index) => json[index] === member);
  if (plain) return t.enum(type.tag, type.members);
  return t.enum(type.tag, Object.fromEntries(type.members.map((member, at) => [member, json[at] ?? member])));
}

function plain(word: string): AnySchemaValue {
  if (word === "json") return t.any;
  return word === "base64" ? t.bytes.base64 : builder(word);
}

/** A scalar with several forms. */
function form(name: string): AnySchemaValue {
  if (formBuilder(name) === null) throw new TypeError(`this version has no t.${name}`);
  return name === "bytesView" ? t.bytes.view : builder(name);
}

function builder(name: string): AnySchemaValue {
  if (!Object.hasOwn(t, name)) throw new TypeError(`this version has no t.${name}`);
  return (t as unknown as Readonly<Record<string, AnySchemaValue>>)[name];
}
