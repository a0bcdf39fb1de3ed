// TypeScript code for a complete contract: messages, enums and services as people write them.
//
// Owns: the text of generated modules, the order of declarations, and getters for types that refer to themselves or to
// later types. Texts from the contract enter the code only through JSON.stringify, or as checked identifiers.

import type { TypeWord } from "../../schema/descriptor.js";
import { t } from "../../schema/t.js";
import type { CompleteContract } from "../../service/complete-contract.js";
import { formBuilder } from "../../service/declared-forms.js";
import type { DescribedType } from "../../service/manifest-types.js";
import { CommandError } from "../command.js";
import { defaultCode } from "./default-code.js";
import { keysOf, Names, pascal } from "./names.js";

/** The input for a module. */
export interface ModuleParts {
  /** Comment lines at the top. */
  readonly head: readonly string[];
  readonly types: readonly DescribedType[];
  readonly defaults: readonly Readonly<Record<string, unknown>>[];
  readonly services: readonly Omit<CompleteContract, "schema" | "defaults">[];
}

/** A generated module. */
export interface Module {
  readonly code: string;
  /** The names that the module exports. */
  readonly exports: readonly string[];
}

const LINE = 100;

/** Generates a module. @throws {CommandError} for a type that this version cannot express */
export function emitModule(parts: ModuleParts): Module {
  return new Emitter(parts).module();
}

class Emitter {
  readonly #parts: ModuleParts;
  readonly #names: readonly string[];
  /** The class of the values of an extension, by its index. */
  readonly #classes = new Map<number, string>();
  readonly #services: readonly string[];
  readonly #done = new Set<number>();
  readonly #imports = new Set<string>();

  constructor(parts: ModuleParts) {
    this.#parts = parts;
    const names = new Names();
    this.#names = parts.types.map((type) => {
      const last = type.name.split(".").at(-1) ?? type.name;
      return names.take(pascal(last), pascal(type.name), pascal(type.tag));
    });
    parts.types.forEach((type, index) => {
      const name = this.#names[index] as string;
      if (type.kind === "ext") this.#classes.set(index, names.take(`${name}Bytes`));
    });
    this.#services = parts.services.map(({ name, version }) =>
      names.take(pascal(name), `${pascal(name)}Service`, `${pascal(name)}V${version}`),
    );
  }

  module(): Module {
    const declarations = this.#order().map((index) => this.#declare(index));
    const services = this.#parts.services.map((service, index) => this.#service(service, index));
    const imports = [...this.#imports].sort((a, b) => byWord(a, b));
    const head = this.#parts.head.map((line) => (line === "" ? "//" : `// ${comment(line)}`));
    const code = [
      head.join("\n"),
      imports.length === 0 ? "" : broken("import { ", imports, ' } from "aster-rpc";'),
      ...declarations,
      ...services,
    ];
    return {
      code: `${code.filter((part) => part !== "").join("\n\n")}\n`,
      exports: [...this.#names, ...this.#classes.values(), ...this.#services],
    };
  }

  /** The types in an order where a type comes before its users. Otherwise they keep their order. */
  #order(): number[] {
    const order: number[] = [];
    const entered = new Set<number>();
    const visit = (index: number): void => {
      if (entered.has(index)) return;
      entered.add(index);
      const type = this.#parts.types[index] as DescribedType;
      if (type.kind === "message") for (const field of type.fields) references(field.type).forEach(visit);
      order.push(index);
    };
    this.#parts.types.forEach((_, index) => {
      visit(index);
    });
    return order;
  }

  #declare(index: number): string {
    const type = this.#parts.types[index] as DescribedType;
    const name = this.#names[index] as string;
    const code = this.#definition(name, type, index);
    this.#done.add(index);
    // A message is a class, which is a type too.
    if (type.kind === "message") return code;
    this.#imports.add("type Infer");
    return `${code}\nexport type ${name} = Infer<typeof ${name}>;`;
  }

  #definition(name: string, type: DescribedType, index: number): string {
    if (type.kind === "enum") return this.#enum(name, type);
    return type.kind === "ext" ? this.#extension(name, type.tag, index) : this.#message(name, type, index);
  }

  /** Generates an extension. Only its own encoder knows the meaning of the bytes, so the values stay bytes. */
  #extension(name: string, tag: string, index: number): string {
    this.#imports.add("t");
    const of = this.#classes.get(index) as string;
    return [
      `/** A value of the extension ${comment(tag).replaceAll("*/", "* /")}: its bytes, which only its own encoder can read. */`,
      `export class ${of} {`,
      "  readonly bytes: Uint8Array;",
      "  constructor(bytes: Uint8Array) {",
      "    this.bytes = bytes;",
      "  }",
      "}",
      `export const ${name} = t.extension(${JSON.stringify(tag)}, {`,
      `  encode: (value: ${of}) => value.bytes,`,
      `  decode: (bytes) => new ${of}(bytes),`,
      `  is: (value): value is ${of} => value instanceof ${of},`,
      "});",
    ].join("\n");
  }

  #enum(name: string, type: Extract<DescribedType, { kind: "enum" }>): string {
    this.#imports.add("t");
    const json = type.json ?? type.members;
    const plain = type.members.every((member, index) => json[index] === member);
    const pairs = type.members.map((member, index) => `${memberKey(member)}: ${JSON.stringify(json[index])}`);
    const start = `export const ${name} = t.enum(${JSON.stringify(type.tag)}, `;
    return plain
      ? broken(
          `${start}[`,
          type.members.map((member) => JSON.stringify(member)),
          "]);",
        )
      : broken(`${start}{ `, pairs, " });");
  }

  #message(name: string, type: Extract<DescribedType, { kind: "message" }>, index: number): string {
    this.#imports.add("message");
    const keys = keysOf(type.fields.map((field) => field.name));
    const values = this.#parts.defaults[index] ?? {};
    const fields = type.fields.map((field, at) => {
      const { key, explicitName } = keys[at] as { key: string; explicitName: boolean };
      const path = `${type.tag}.${field.name}`;
      // A message is a class, whose `name` is another thing.
      const named = typeof field.type === "object" && "message" in field.type ? "named" : "name";
      const wire = explicitName ? `.${named}(${JSON.stringify(field.name)})` : "";
      const declared = field.declared ?? field.type;
      const code = `${this.#type(declared, path)}${wire}`;
      const value =
        field.default === true ? defaultCode(declared, values[field.name], this.#parts.types) : null;
      if (references(field.type).every((to) => this.#done.has(to)))
        return `  ${key}: ${code}${value === null ? "" : `.default(${value})`},`;
      // A default inside a getter would stop TypeScript from inferring the type. The contract does not contain defaults.
      const note = value === null ? "" : `  // default: ${comment(value)}\n`;
      return `${note}  get ${key}() {\n    return ${code};\n  },`;
    });
    const options = [
      type.pythonModule ? `pythonModule: ${JSON.stringify(type.pythonModule)}` : "",
      type.qualname ? `qualname: ${JSON.stringify(type.qualname)}` : "",
      type.refs === true ? "refs: true" : "",
      type.compatible === true ? "compatible: true" : "",
    ].filter((option) => option !== "");
    const end = options.length === 0 ? ") {}" : `, { ${options.join(", ")} }) {}`;
    const start = `export class ${name} extends message(${JSON.stringify(type.tag)}, `;
    return fields.length === 0 ? `${start}{}${end}` : `${start}{\n${fields.join("\n")}\n}${end}`;
  }

  #type(type: TypeWord, path: string): string {
    if (typeof type === "string") return this.#builder(type === "json" ? "any" : type, path);
    const [member, value] = Object.entries(type)[0] as [string, never];
    const inner = (part: TypeWord): string => this.#type(part, path);
    switch (member) {
      case "message":
      case "enum":
      case "ext":
        return this.#names[value] ?? unknownType(path);
      case "union":
        return `${this.#builder("union", path)}(${(value as number[]).map((at) => this.#names[at]).join(", ")})`;
      case "map":
        return `${this.#builder("map", path)}(${(value as TypeWord[]).map(inner).join(", ")})`;
      case "scalar":
        return this.#form(value, path);
      case "array":
        return this.#builder(`${value as string}Array`, path);
      default:
        return `${this.#builder(member, path)}(${inner(value)})`;
    }
  }

  /** A scalar with several forms. */
  #form(name: string, path: string): string {
    const builder = formBuilder(name);
    if (builder === null) throw new CommandError(`${path}: this version has no t.${name}`);
    this.#imports.add("t");
    return `t.${builder}`;
  }

  #builder(word: string, path: string): string {
    if (word === "base64") {
      this.#imports.add("t");
      return "t.bytes.base64";
    }
    if (!Object.hasOwn(t, word)) throw new CommandError(`${path}: this version has no t.${word}`);
    this.#imports.add("t");
    return `t.${word}`;
  }

  #service(service: ModuleParts["services"][number], index: number): string {
    this.#imports.add("service");
    const keys = keysOf(
      service.methods.map(({ name }) => name),
      ["then", "constructor"],
    );
    const methods = service.methods.map((method, at) => {
      const { key, explicitName } = keys[at] as { key: string; explicitName: boolean };
      this.#imports.add(method.pattern);
      const options = [
        explicitName ? `name: ${JSON.stringify(method.name)}` : "",
        method.idempotent ? "idempotent: true" : "",
        method.timeoutMs === null ? "" : `timeoutMs: ${method.timeoutMs}`,
      ].filter((option) => option !== "");
      const types = [method.request, method.response].map((type) =>
        this.#type(type, `${service.name}.${method.name}`),
      );
      const end = options.length === 0 ? "" : `, { ${options.join(", ")} }`;
      return `    ${key}: ${method.pattern}(${types.join(", ")}${end}),`;
    });
    const options = [
      service.version === 1 ? "" : `version: ${service.version}`,
      service.scope === "shared" ? "" : `scope: "${service.scope}"`,
      service.modes.join() === "xlang" ? "" : `modes: ${JSON.stringify(service.modes)}`,
    ].filter((option) => option !== "");
    const name = this.#services[index] as string;
    const optionsCode = options.length === 0 ? "{}" : `{ ${options.join(", ")} }`;
    const table = methods.length === 0 ? "{}" : `{\n${methods.join("\n")}\n  }`;
    return `export const ${name} = service(\n  ${JSON.stringify(service.name)},\n  ${optionsCode},\n  ${table},\n);`;
  }
}

/** The indexes of the types that a type names. */
function references(type: TypeWord): number[] {
  if (typeof type === "string") return [];
  const [member, value] = Object.entries(type)[0] as [string, never];
  if (member === "message" || member === "enum" || member === "ext") return [value];
  if (member === "union") return value;
  if (member === "map") return (value as TypeWord[]).flatMap(references);
  return member === "array" ? [] : references(value);
}

function memberKey(member: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(member) && member !== "__proto__" ? member : `[${JSON.stringify(member)}]`;
}

/** Puts items on one line when they fit, else one item on each line. */
function broken(start: string, items: readonly string[], end: string): string {
  const line = `${start}${items.join(", ")}${end}`;
  if (line.length <= LINE) return line;
  return `${start.trimEnd()}\n${items.map((item) => `  ${item},`).join("\n")}\n${end.trimStart()}`;
}

function byWord(a: string, b: string): number {
  const word = (text: string): string => text.replace(/^type /, "").toLowerCase();
  return word(a) < word(b) ? -1 : 1;
}

/** Text from a contract for a comment: one line, without the end of a comment. */
function comment(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, " ");
}

function unknownType(path: string): never {
  throw new CommandError(`${path}: the type is not in the contract`);
}
