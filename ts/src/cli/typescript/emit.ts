// TypeScript from a complete contract: messages, enums and services as people write them.
//
// Owns: the text of generated modules, the order of declarations, and getters where types refer to themselves or
// to later ones. Texts of others reach the code through JSON.stringify alone, or as checked identifiers.

import type { TypeWord } from "../../schema/descriptor.js";
import { t } from "../../schema/t.js";
import { CommandError } from "../command.js";
import type { DescribedType } from "../contract-files.js";
import type { CompleteContract } from "./complete-contract.js";
import { defaultCode } from "./default-code.js";
import { keysOf, Names, pascal } from "./names.js";

/** What a module is made of. */
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
  /** The names that it exports. */
  readonly exports: readonly string[];
}

const LINE = 100;

/** Writes a module. @throws {CommandError} for a type that this version cannot express */
export function emitModule(parts: ModuleParts): Module {
  return new Emitter(parts).module();
}

class Emitter {
  readonly #parts: ModuleParts;
  readonly #names: readonly string[];
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
      exports: [...this.#names, ...this.#services],
    };
  }

  /** Types before those that refer to them, otherwise in their own order. */
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
    const code = type.kind === "enum" ? this.#enum(name, type) : this.#message(name, type, index);
    this.#done.add(index);
    this.#imports.add("type Infer");
    return `${code}\nexport type ${name} = Infer<typeof ${name}>;`;
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
      const { key, told } = keys[at] as { key: string; told: boolean };
      const place = `${type.tag}.${field.name}`;
      const wire = told ? `.name(${JSON.stringify(field.name)})` : "";
      const code = `${this.#type(field.type, place)}${wire}`;
      const value =
        field.default === true ? defaultCode(field.type, values[field.name], this.#parts.types) : null;
      if (references(field.type).every((to) => this.#done.has(to)))
        return `  ${key}: ${code}${value === null ? "" : `.default(${value})`},`;
      // A default inside a getter would stop TypeScript from inferring the type; contracts do not see defaults.
      const note = value === null ? "" : `  // default: ${comment(value)}\n`;
      return `${note}  get ${key}() {\n    return ${code};\n  },`;
    });
    const options = [
      type.pythonModule ? `pythonModule: ${JSON.stringify(type.pythonModule)}` : "",
      type.qualname ? `qualname: ${JSON.stringify(type.qualname)}` : "",
      type.refs === true ? "refs: true" : "",
      type.compatible === true ? "compatible: true" : "",
    ].filter((option) => option !== "");
    const end = options.length === 0 ? ");" : `, { ${options.join(", ")} });`;
    const start = `export const ${name} = message(${JSON.stringify(type.tag)}, `;
    return fields.length === 0 ? `${start}{}${end}` : `${start}{\n${fields.join("\n")}\n}${end}`;
  }

  #type(type: TypeWord, place: string): string {
    if (typeof type === "string") return this.#builder(type === "json" ? "any" : type, place);
    const [member, value] = Object.entries(type)[0] as [string, never];
    const inner = (part: TypeWord): string => this.#type(part, place);
    switch (member) {
      case "message":
      case "enum":
        return this.#names[value] ?? unknownType(place);
      case "union":
        return `${this.#builder("union", place)}(${(value as number[]).map((at) => this.#names[at]).join(", ")})`;
      case "map":
        return `${this.#builder("map", place)}(${(value as TypeWord[]).map(inner).join(", ")})`;
      case "array":
        return this.#builder(`${value as string}Array`, place);
      default:
        return `${this.#builder(member, place)}(${inner(value)})`;
    }
  }

  #builder(word: string, place: string): string {
    if (!Object.hasOwn(t, word)) throw new CommandError(`${place}: this version has no t.${word}`);
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
      const { key, told } = keys[at] as { key: string; told: boolean };
      this.#imports.add(method.pattern);
      const options = [
        told ? `name: ${JSON.stringify(method.name)}` : "",
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
    const told = options.length === 0 ? "{}" : `{ ${options.join(", ")} }`;
    const table = methods.length === 0 ? "{}" : `{\n${methods.join("\n")}\n  }`;
    return `export const ${name} = service(\n  ${JSON.stringify(service.name)},\n  ${told},\n  ${table},\n);`;
  }
}

/** The indexes of the types that a type names. */
function references(type: TypeWord): number[] {
  if (typeof type === "string") return [];
  const [member, value] = Object.entries(type)[0] as [string, never];
  if (member === "message" || member === "enum") return [value];
  if (member === "union") return value;
  if (member === "map") return (value as TypeWord[]).flatMap(references);
  return member === "array" ? [] : references(value);
}

function memberKey(member: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(member) && member !== "__proto__" ? member : `[${JSON.stringify(member)}]`;
}

/** On one line where it fits, else one item a line. */
function broken(start: string, items: readonly string[], end: string): string {
  const line = `${start}${items.join(", ")}${end}`;
  if (line.length <= LINE) return line;
  return `${start.trimEnd()}\n${items.map((item) => `  ${item},`).join("\n")}\n${end.trimStart()}`;
}

function byWord(a: string, b: string): number {
  const word = (text: string): string => text.replace(/^type /, "").toLowerCase();
  return word(a) < word(b) ? -1 : 1;
}

/** Text of others in a comment: one line, nothing that ends it. */
function comment(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, " ");
}

function unknownType(place: string): never {
  throw new CommandError(`${place}: names a type that is not there`);
}
