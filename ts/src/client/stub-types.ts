// The types of stubs: the functions with which a client calls a service or a class with `@service`.
//
// Owns: these types. They exist only for the compiler. Does not own: building stubs (stub.ts).

import type { ClassMethods } from "../schema/class-types.js";
import type { Service } from "../schema/service.js";
import type { Constructs, Infer, InferInput } from "../schema/types.js";
import type { CallOptions } from "./method.js";
import type { BidiCall, ResponseStream } from "./streams.js";

/**
 * The input of a client stream: a sync or async iterable.
 *
 * @example
 * async function* readings(): Uploadable<InferInput<typeof Reading>> {
 *   yield { meter: "kitchen", units: 3 };
 *   yield { meter: "workshop", units: 4 };
 * }
 * const summary = await billing.upload(readings());
 * console.log(summary.readings); // 2
 */
export type Uploadable<I> = AsyncIterable<I> | Iterable<I>;

type Unary<I, O> = (request: I, options?: CallOptions) => Promise<O>;
type ServerStream<I, O> = (request: I, options?: CallOptions) => ResponseStream<O>;
type ClientStream<I, O> = (items: Uploadable<I>, options?: CallOptions) => Promise<O>;
type BidiStream<I, O> = (options?: CallOptions) => BidiCall<I, O>;

type Called<P, I, O> = P extends "unary"
  ? Unary<I, O>
  : P extends "serverStream"
    ? ServerStream<I, O>
    : P extends "clientStream"
      ? ClientStream<I, O>
      : BidiStream<I, O>;

type StubMethod<M> = M extends {
  readonly pattern: infer P;
  readonly request: infer Q;
  readonly response: infer R;
}
  ? Called<P, InferInput<Q>, Infer<R>>
  : never;

/** The functions with which a client calls a service: a table of methods as it was given, or those of a class. */
type StubOf<M> = { readonly [K in keyof M]: StubMethod<M[K]> };

/**
 * The functions with which a client calls a service, or a class with `@service`. Give it a name where it is exported:
 * `interface BillingStub extends Stub<typeof Billing> {}`.
 *
 * @example
 * async function amountOf(billing: Stub<typeof Billing>, customerId: string): Promise<number> {
 *   const { amountCents } = await billing.getInvoice({ customerId, status: "open" });
 *   return amountCents;
 * }
 * console.log(await amountOf(client.stub(Billing), "acme"));
 */
export type Stub<S> =
  S extends Service<infer M> ? StubOf<M> : S extends Constructs<infer I> ? StubOf<ClassMethods<I>> : never;
