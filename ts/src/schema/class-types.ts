// The types of the class form: the types that decorators require of members, and the methods of a class.
//
// Owns: these types. They exist only for the compiler. A decorator cannot change the type of a class, so a method without a
// decorator looks like a method of the service; a stub throws when it is called.

import type { Message } from "./message-types.js";
import type { MethodOf } from "./method.js";
import type { Infer, InferInput } from "./types.js";

/** The type that a compiler error shows when the types of a member and of its schema do not match. */
interface Unfit<Decoded> {
  readonly "the type of the member must accept decoded values": Decoded;
}

/** Checks that a member accepts the decoded type, and that its type can be encoded. */
type Member<V, S> = [Infer<S>] extends [V]
  ? [V] extends [InferInput<S>]
    ? unknown
    : Unfit<Infer<S>>
  : Unfit<Infer<S>>;

/** The second argument of a field decorator: a context or a name, depending on the protocol. */
// biome-ignore lint/suspicious/noExplicitAny: fields of any class and any type
type FieldPlace = ClassFieldDecoratorContext<any, any> | PropertyKey;

/**
 * `@field(schema)`, for fields whose type matches the schema. Accessors are refused, because they cannot be decoded.
 * Accepts the arguments of TC39 decorators (undefined and a context) and of `experimentalDecorators` (an object and a name).
 */
export type FieldDecorator<S> = <C, P extends FieldPlace>(
  target: C,
  place: P &
    // biome-ignore lint/suspicious/noExplicitAny: fields of any class
    (P extends ClassFieldDecoratorContext<any, infer V>
      ? Member<V, S>
      : P extends keyof C
        ? Member<C[P], S>
        : unknown),
  descriptor?: undefined,
) => void;

type MethodOfClass<F> = F extends (input: infer I, ...rest: never[]) => infer O
  ? [I] extends [AsyncIterable<infer Item>]
    ? [O] extends [AsyncIterable<infer Answer>]
      ? MethodOf<"bidiStream", Message<Item>, Message<Answer>>
      : MethodOf<"clientStream", Message<Item>, Message<Awaited<O>>>
    : [O] extends [AsyncIterable<infer Answer>]
      ? MethodOf<"serverStream", Message<I>, Message<Answer>>
      : MethodOf<"unary", Message<I>, Message<Awaited<O>>>
  : never;

// Members of a class that take no input are not methods of the service.
type MethodKeys<I> = {
  [K in keyof I]: I[K] extends (input: infer Q, ...rest: never[]) => unknown
    ? unknown extends Q
      ? never
      : K
    : never;
}[keyof I];

/** The methods of a class with `@service`, by the type of its instances. */
export type ClassMethods<I> = { readonly [K in MethodKeys<I>]: MethodOfClass<I[K]> };
