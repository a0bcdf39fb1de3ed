// The object that stands for an enum's member where no schema does: in `t.any`.
//
// Owns: `EnumMember`. `Color.value("RED")` gives it, decoding `t.any` gives it, and both give the same object.

/**
 * One member of an enum, as a value that knows its enum. The same object each time, so `===` works.
 *
 * @example
 * const Color = t.enum("paint/Color", ["RED", "GREEN"]);
 * const member: EnumMember<"RED" | "GREEN"> = Color.value("RED");
 * console.log(member.tag, member.name, member.ordinal); // paint/Color RED 0
 */
export class EnumMember<M extends string = string> {
  /** The tag of the enum. */
  readonly tag: string;
  /** The member's name. */
  readonly name: M;
  /** Its place in the declaration, from 0: what the wire carries. */
  readonly ordinal: number;
  readonly #json: string | number;

  /** @internal Made by the enum alone. */
  constructor(tag: string, name: M, ordinal: number, json: string | number) {
    this.tag = tag;
    this.name = name;
    this.ordinal = ordinal;
    this.#json = json;
    Object.freeze(this);
  }

  toString(): string {
    return this.name;
  }

  toJSON(): string | number {
    return this.#json;
  }
}
