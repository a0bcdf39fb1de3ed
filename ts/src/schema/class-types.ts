// The types of the class form: what its decorators demand of members, and the methods that a class stands for.
//
// Owns: those types, for the compiler alone. A decorator cannot change the type of a class, so a method without one looks
// like a method of the service; stubs refuse it by name when it is called.

import type { Message } from "./message-types.js";
import type { MethodOf } from "./method.js";
import type { Infer, InferInput } from "./types.js";

/** Stands where a member's type and its schema do not fit. */
interface Unfit<Decoded> {
  readonly "the member has to take what decoding gives": Decoded;
}

/** Holds for a member that takes what decoding gives, and gives what encoding takes. */
type Member<V, S> = [Infer<S>] extends [V]
  ? [V] extends [InferInput<S>]
    ? unknown
    : Unfit<Infer<S>>
  : Unfit<Infer<S>>;

/** What either decorator protocol tells of a field: its context, or its name. */
// biome-ignore lint/suspicious/noExplicitAny: fields of any class and any type
type FieldPlace = ClassFieldDecoratorContext<any, any> | PropertyKey;

/**
 * `@field(schema)`: for fields whose type fits the schema. An accessor cannot be decoded, so it is none.
 * Takes what TC39 decorators get (nothing and a context), and what those of `experimentalDecorators` get (an object and a name).
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

// Members of a class that take no input are no methods of the service.
type MethodKeys<I> = {
  [K in keyof I]: I[K] extends (input: infer Q, ...rest: never[]) => unknown
    ? unknown extends Q
      ? never
      : K
    : never;
}[keyof I];

/** The methods of a class with `@service`, by what its instances are. */
export type ClassMethods<I> = { readonly [K in MethodKeys<I>]: MethodOfClass<I[K]> };
