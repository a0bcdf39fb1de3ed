// The object for an enum member where no schema is declared: in `t.any`.
//
// Owns: `EnumMember`. `Color.value("RED")` and decoding `t.any` return the same object.

/**
 * An enum member as an object that refers to its enum. There is one object for each member, so `===` works.
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
  /** Its index in the declaration, from 0. The wire uses this number. */
  readonly ordinal: number;
  readonly #json: string | number;

  /** @internal Only the enum makes members. */
  constructor(tag: string, name: M, ordinal: number, json: string | number) {
    this.tag = tag;
    this.name = name;
    this.ordinal = ordinal;
    this.#json = json;
    Object.freeze(this);
  }

  /** The name of the member. */
  toString(): string {
    return this.name;
  }

  /** The value of the member in JSON mode. */
  toJSON(): string | number {
    return this.#json;
  }
}
