// The parser of Fory IDL: from tokens to declarations.
//
// Owns: the grammar (package, option, import, enum, message, union, service) and errors that one file shows. Does not
// own: the meaning of declarations for messages (lower.ts).

import { IdlError, type Token, tokensOf } from "./tokens.js";

/** A use of a type. */
export interface TypeUse {
  /** `string`, `list`, `map`, `array`, or a name. */
  readonly name: string;
  readonly parts: readonly TypeUse[];
  readonly optional: boolean;
  readonly ref: boolean;
  readonly line: number;
}

/** A field of a message, or a case of a union. */
export interface FieldDeclaration {
  readonly name: string;
  readonly type: TypeUse;
  readonly line: number;
}

/** A declared type. The name of a nested type begins with the names of its outer types. */
export interface TypeDeclaration {
  readonly kind: "message" | "enum" | "union";
  readonly name: string;
  readonly package: string;
  readonly file: string;
  readonly line: number;
  readonly fields: readonly FieldDeclaration[];
  readonly values: readonly { readonly name: string; readonly value: number }[];
}

/** A method of a service. */
export interface RpcDeclaration {
  readonly name: string;
  readonly request: TypeUse;
  readonly response: TypeUse;
  readonly streams: readonly [request: boolean, response: boolean];
}

/** A declared service. */
export interface ServiceDeclaration {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly methods: readonly RpcDeclaration[];
}

/** The declarations of a file. */
export interface IdlFile {
  readonly package: string;
  readonly imports: readonly { readonly path: string; readonly line: number }[];
  readonly types: readonly TypeDeclaration[];
  readonly services: readonly ServiceDeclaration[];
}

const MAX_NESTING = 32;

/** Parses a file. @throws {IdlError} with the line of the first error */
export function parseIdl(source: string, file: string): IdlFile {
  return new Parser(tokensOf(source, file), file).file();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #file: string;
  #at = 0;
  #package = "";
  readonly #types: TypeDeclaration[] = [];

  constructor(tokens: readonly Token[], file: string) {
    this.#tokens = tokens;
    this.#file = file;
  }

  file(): IdlFile {
    const imports: { path: string; line: number }[] = [];
    const services: ServiceDeclaration[] = [];
    while (this.#peek().kind !== "end") {
      const { text, line } = this.#next();
      if (text === "package") this.#packageName(line);
      else if (text === "option") this.#skipTo(";");
      else if (text === "import") imports.push({ path: this.#importPath(), line });
      else if (text === "service") services.push(this.#service(line));
      else if (text === "message" || text === "enum" || text === "union") this.#type(text, "", line, 0);
      else if (text !== ";") throw this.#error(line, `${text} does not begin a declaration`);
    }
    return { package: this.#package, imports, types: this.#types, services };
  }

  #packageName(line: number): void {
    if (this.#package !== "" || this.#types.length > 0)
      throw this.#error(line, "package must be declared once, before all types");
    this.#package = this.#word("a package name").text;
    if (this.#accept("alias")) this.#word("an alias");
    this.#expect(";");
  }

  #importPath(): string {
    const token = this.#next();
    if (token.kind !== "text")
      throw this.#error(token.line, "import must be followed by a quoted path and nothing else");
    this.#expect(";");
    return token.text.slice(1, -1);
  }

  #type(kind: TypeDeclaration["kind"], outer: string, line: number, depth: number): void {
    if (depth > MAX_NESTING) throw this.#error(line, "types are nested too deep");
    const own = this.#word(`the name of the ${kind}`);
    if (own.text.includes(".")) throw this.#error(own.line, "a name is declared without dots");
    const name = outer === "" ? own.text : `${outer}.${own.text}`;
    if (this.#types.some((type) => type.name === name))
      throw this.#error(own.line, `${name} is declared twice`);
    this.#options(["id", "deprecated", "alias"], line);
    const fields: FieldDeclaration[] = [];
    const values: { name: string; value: number }[] = [];
    this.#types.push({ kind, name, package: this.#package, file: this.#file, line, fields, values });
    this.#expect("{");
    const linesByName = new Map<string | number, number>();
    while (!this.#accept("}")) {
      const token = this.#peek();
      const nested = token.text === "message" || token.text === "enum" || token.text === "union";
      if (token.kind === "end") throw this.#error(line, `${kind} ${name} has no closing brace`);
      if (token.text === "reserved") this.#skipTo(";");
      else if (kind === "message" && nested && this.#ahead("{", "[")) {
        this.#next();
        this.#type(token.text as TypeDeclaration["kind"], name, token.line, depth + 1);
      } else if (kind === "enum") values.push(this.#enumValue(linesByName));
      else fields.push(this.#field(kind, linesByName));
    }
    this.#accept(";");
  }

  /** True when one of the marks follows the next two tokens: tells `message Name {` from a field of type `message`. */
  #ahead(...marks: string[]): boolean {
    return marks.includes(this.#tokens[this.#at + 2]?.text ?? "");
  }

  #enumValue(linesByName: Map<string | number, number>): { name: string; value: number } {
    const { text: name, line } = this.#word("the name of a member");
    this.#expect("=");
    const value = this.#number();
    this.#once(linesByName, name, line);
    this.#once(linesByName, value, line);
    this.#options(["deprecated"], line);
    this.#expect(";");
    return { name, value };
  }

  #field(kind: string, linesByName: Map<string | number, number>): FieldDeclaration {
    const { line } = this.#peek();
    const type = this.#typeUse(0);
    const { text: name } = this.#word("the name of the field");
    this.#expect("=");
    const number = this.#number();
    if (number < 1) throw this.#error(line, "a field number is a positive integer");
    this.#once(linesByName, name, line);
    this.#once(linesByName, number, line);
    const options = this.#options(["deprecated", "nullable", "ref", "json_name"], line);
    this.#expect(";");
    if (kind === "union" && (type.optional || type.ref))
      throw this.#error(line, "the cases of a union are neither optional nor ref");
    const optional = type.optional || options.get("nullable") === "true";
    const ref = type.ref || options.get("ref") === "true";
    return { name, type: { ...type, optional, ref }, line };
  }

  #typeUse(depth: number): TypeUse {
    const { line } = this.#peek();
    if (depth > MAX_NESTING) throw this.#error(line, "types are nested too deep");
    let optional = false;
    let ref = false;
    for (;;) {
      if (this.#accept("optional")) optional = true;
      else if (this.#accept("ref")) {
        ref = true;
        if (this.#accept("(")) this.#skipTo(")");
      } else break;
    }
    if (this.#accept("repeated"))
      return { name: "list", parts: [this.#typeUse(depth + 1)], optional, ref, line };
    const { text: name } = this.#word("a type");
    const parts: TypeUse[] = [];
    if (["list", "set", "map", "array"].includes(name) && this.#accept("<")) {
      parts.push(this.#typeUse(depth + 1));
      if (name === "map") {
        this.#expect(",");
        parts.push(this.#typeUse(depth + 1));
      }
      this.#expect(">");
    }
    return { name, parts, optional, ref, line };
  }

  #service(line: number): ServiceDeclaration {
    const { text: name } = this.#word("the name of the service");
    this.#options(["deprecated"], line);
    this.#expect("{");
    const methods: RpcDeclaration[] = [];
    const linesByName = new Map<string | number, number>();
    while (!this.#accept("}")) {
      const token = this.#next();
      if (token.text === "option") this.#skipTo(";");
      else if (token.text !== "rpc")
        throw this.#error(token.line, `${token.text} is found where rpc is expected`);
      else methods.push(this.#rpc(linesByName));
    }
    return { name, file: this.#file, line, methods };
  }

  #rpc(linesByName: Map<string | number, number>): RpcDeclaration {
    const { text: name, line } = this.#word("the name of the method");
    this.#once(linesByName, name, line);
    const request = this.#side();
    this.#expect("returns");
    const response = this.#side();
    if (this.#accept("{")) this.#skipTo("}");
    else this.#expect(";");
    return {
      name,
      request: request.type,
      response: response.type,
      streams: [request.stream, response.stream],
    };
  }

  #side(): { type: TypeUse; stream: boolean } {
    this.#expect("(");
    const stream = this.#accept("stream");
    const type = this.#typeUse(0);
    this.#expect(")");
    return { type, stream };
  }

  /** Parses `[name=value, ...]`, if present. An unknown option is an error, because it could change the encoding. */
  #options(known: readonly string[], line: number): ReadonlyMap<string, string> {
    const options = new Map<string, string>();
    if (!this.#accept("[")) return options;
    do {
      const { text: name } = this.#word("the name of an option");
      if (!known.includes(name)) throw this.#error(line, `the option ${name} is not supported here`);
      this.#expect("=");
      options.set(name, this.#next().text);
    } while (this.#accept(","));
    this.#expect("]");
    return options;
  }

  #once(linesByName: Map<string | number, number>, what: string | number, line: number): void {
    const before = linesByName.get(what);
    if (before !== undefined) throw this.#error(line, `${what} is declared twice, first in line ${before}`);
    linesByName.set(what, line);
  }

  #number(): number {
    const { kind, text, line } = this.#next();
    const value = Number(text);
    if (kind !== "number" || !Number.isSafeInteger(value))
      throw this.#error(line, `${text} is not an integer`);
    return value;
  }

  #skipTo(mark: string): void {
    const { line } = this.#peek();
    for (let token = this.#next(); token.text !== mark; token = this.#next()) {
      if (token.kind === "end") throw this.#error(line, `${mark} is missing`);
    }
  }

  #word(what: string): Token {
    const token = this.#next();
    if (token.kind !== "word")
      throw this.#error(token.line, `${token.text} is found where ${what} is expected`);
    return token;
  }

  #expect(text: string): void {
    const token = this.#next();
    if (token.text !== text)
      throw this.#error(token.line, `${token.text} is found where ${text} is expected`);
  }

  #accept(text: string): boolean {
    if (this.#peek().text !== text || this.#peek().kind === "text") return false;
    this.#at++;
    return true;
  }

  #peek(): Token {
    return this.#tokens[this.#at] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#at++;
    return token;
  }

  #error(line: number, problem: string): IdlError {
    return new IdlError(this.#file, line, problem);
  }
}
