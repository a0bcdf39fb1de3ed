// The types of stubs: the functions with which a client calls a service or a class with `@service`.
//
// Owns: these types. They exist only for the compiler. Does not own: building stubs (stub.ts).

import type { MethodOf } from "../schema/method.js";
import type { Service } from "../schema/service.js";
import type { Infer, InferInput } from "../schema/types.js";
import type { CallOptions } from "./method.js";
import type { BidiCall, ResponseStream } from "./streams.js";

/** The input of a client stream: a sync or async iterable. */
export type Uploadable<I> = AsyncIterable<I> | Iterable<I>;

type Unary<I, O> = (request: I, options?: CallOptions) => Promise<O>;
type ServerStream<I, O> = (request: I, options?: CallOptions) => ResponseStream<O>;
type ClientStream<I, O> = (items: Uploadable<I>, options?: CallOptions) => Promise<O>;
type BidiStream<I, O> = (options?: CallOptions) => BidiCall<I, O>;

type StubMethod<M> =
  M extends MethodOf<infer P, infer Q, infer R>
    ? P extends "unary"
      ? Unary<InferInput<Q>, Infer<R>>
      : P extends "serverStream"
        ? ServerStream<InferInput<Q>, Infer<R>>
        : P extends "clientStream"
          ? ClientStream<InferInput<Q>, Infer<R>>
          : BidiStream<InferInput<Q>, Infer<R>>
    : never;

type MethodOfClass<F> = F extends (input: infer I, ...rest: never[]) => infer O
  ? [I] extends [AsyncIterable<infer Item>]
    ? [O] extends [AsyncIterable<infer Answer>]
      ? BidiStream<Item, Answer>
      : ClientStream<Item, Awaited<O>>
    : [O] extends [AsyncIterable<infer Answer>]
      ? ServerStream<I, Answer>
      : Unary<I, Awaited<O>>
  : never;

// Members of a class that take no input are not methods of the service.
type MethodKeys<I> = {
  [K in keyof I]: I[K] extends (input: infer Q, ...rest: never[]) => unknown
    ? unknown extends Q
      ? never
      : K
    : never;
}[keyof I];

/** The functions with which a client calls a service. */
export type Stub<S> =
  S extends Service<infer M>
    ? { readonly [K in keyof M]: StubMethod<M[K]> }
    : S extends abstract new (
          ...args: never[]
        ) => infer I
      ? { readonly [K in MethodKeys<I>]: MethodOfClass<I[K]> }
      : never;
