// Exact types of handler results: the compiler refuses a handler that returns a member which its message does not have.
//
// Owns: that check. TypeScript looks for unknown members only in a literal at a position with a declared type. The result of a
// function without a return type is no such position, so a misspelt member would be dropped without an error.

import type { MessageValue } from "../schema/message-types.js";
import type { Service, SessionService } from "../schema/service.js";
import type { InferInput, PlainInstance } from "../schema/types.js";

/** The largest depth of the check, because a type may contain itself. */
type Deeper = { 4: 3; 3: 2; 2: 1; 1: 0; 0: 0 };

/** The members of all types of a union, with their types. */
type KeyOf<I> = I extends unknown ? keyof I : never;
type PartOf<I, K> = I extends unknown ? (K extends keyof I ? I[K] : never) : never;
type ElementOf<I> = I extends readonly (infer E)[] ? E : never;

/** The names of the members of `A` that encoding `I` would drop. */
type Unknown<A, I, Depth extends keyof Deeper> = Depth extends 0
  ? never
  : 0 extends 1 & A
    ? never
    : [object] extends [I]
      ? never
      : A extends MessageValue<string>
        ? never
        : A extends readonly (infer E)[]
          ? Unknown<E, ElementOf<I>, Deeper[Depth]>
          : A extends PlainInstance
            ? {
                [K in keyof A & string]: A[K] extends (...parameters: never[]) => unknown
                  ? never
                  : K extends KeyOf<I>
                    ? Unknown<A[K], PartOf<I, K>, Deeper[Depth]>
                    : K;
              }[keyof A & string]
            : never;

/** The type of one item of a result. */
type ItemOf<O> = O extends AsyncIterable<infer E> ? E : O extends Iterable<infer E> ? E : never;

/** An error text as a type, which the compiler shows at the handler. */
type Refused<Names extends string> = [Names] extends [never]
  ? unknown
  : `the response has no member ${Names}`;

/**
 * `unknown` (no requirement) when every `I` is an `A`. `A` is then a declared type, or a type that the compiler tries
 * before it knows the handler. Its members are not compared, because that would visit every message that it refers to.
 */
type Exact<A, I> = [I] extends [A] ? unknown : Refused<Unknown<A, I, 4>>;

type ExactHandler<M, F> = M extends { readonly pattern: infer P; readonly response: infer R }
  ? F extends (...parameters: never[]) => infer O
    ? Exact<P extends "serverStream" | "bidiStream" ? ItemOf<Awaited<O>> : Awaited<O>, InferInput<R>>
    : unknown
  : unknown;

type ExactTable<M, H> = { readonly [K in keyof M & keyof H]: ExactHandler<M[K], H[K]> };

/** Requires of each handler that it returns only members of the response. */
export type ExactHandlers<S, H> =
  S extends SessionService<infer M>
    ? H extends (session: never) => infer R
      ? (...parameters: never[]) => ExactTable<M, Awaited<R>> | Promise<ExactTable<M, Awaited<R>>>
      : unknown
    : S extends Service<infer M>
      ? ExactTable<M, H>
      : unknown;
