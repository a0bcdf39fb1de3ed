/** A contract in a project with `isolatedDeclarations`: every export has an explicit type. */
import {
  field,
  type Infer,
  type Message,
  message,
  type Service,
  service,
  t,
  unary,
  wireType,
} from "aster-rpc";

const line: message.Class<"i/Line", { article: t.String; quantity: t.Default<t.Number> }> = message(
  "i/Line",
  {
    article: t.string,
    quantity: t.int.default(1),
  },
);
export class Line extends line {
  get twice(): number {
    return this.quantity * 2;
  }
}

const order: message.Class<"i/Order", { lines: t.List<typeof Line>; note: t.Optional<t.String> }> = message(
  "i/Order",
  { lines: t.list(Line), note: t.optional(t.string) },
);
export class Order extends order {}

export const Query: Message<{ id: string }> = message("i/Query", { id: t.string });
export type Query = Infer<typeof Query>;

@wireType("i/Wire")
export class Wire {
  @field(t.string) sku: string = "";
}

export const Shop: Service<{ readonly get: unary.Method<typeof Query, typeof Order> }> = service(
  "Shop",
  {},
  { get: unary(Query, Order) },
);
export const twice: number = Order.decode(Order.encode({ lines: [{ article: "a" }] })).lines[0]?.twice ?? 0;
