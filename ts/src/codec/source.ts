// The source text of generated code, and the constants that it refers to.
//
// Owns: how generated code is assembled. Names that users chose appear in it only as JSON strings in a property
// access. Every other value that comes from a schema is a constant, passed by index.

/** Collects the lines and the constants of one generated module. */
export class Source {
  readonly #lines: string[] = [];
  readonly #constants: unknown[] = [];
  readonly #names = new Map<unknown, string>();

  line(text: string): void {
    this.#lines.push(text);
  }

  /** The name of a constant in the source. */
  constant(value: unknown): string {
    let name = this.#names.get(value);
    if (name === undefined) {
      name = `c${this.#constants.length}`;
      this.#names.set(value, name);
      this.#constants.push(value);
    }
    return name;
  }

  /** Runs the source, whose lines end with a return. The members of `runtime` are in scope under their own names. */
  run(runtime: Readonly<Record<string, unknown>>): unknown {
    const names = Object.keys(runtime);
    const constants = this.#constants.map((_, index) => `const c${index} = constants[${index}];`);
    const text = ['"use strict";', `const { ${names.join(", ")} } = runtime;`, ...constants, ...this.#lines];
    return new Function("runtime", "constants", text.join("\n"))(runtime, this.#constants);
  }
}

/** A property access with a name that a user chose. */
export function member(object: string, name: string): string {
  return `${object}[${JSON.stringify(name)}]`;
}
