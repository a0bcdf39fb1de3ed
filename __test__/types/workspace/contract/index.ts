/** The contract project. Its clients see only the `.d.ts` files that the compiler writes for it. */
import { type AnySchema, message, type Stub, serverStream, service, t, unary } from "aster-rpc";

export class Line extends message("w/Line", { article: t.string, quantity: t.int.default(1) }) {
  get twice(): number {
    return this.quantity * 2;
  }
}
export class Order extends message("w/Order", {
  orderId: t.string,
  lines: t.list(Line),
  note: t.optional(t.string),
}) {}
export class Folder extends message("w/Folder", {
  name: t.string,
  get folders() {
    return t.list(Folder);
  },
  get owner() {
    return t.optional(User);
  },
}) {}
export class User extends message("w/User", {
  name: t.string,
  get home() {
    return t.optional(Folder);
  },
}) {}
export const Query = message("w/Query", { id: t.string });
export const Choice = message("w/Choice", { either: t.union(Line, Order), any: t.any });

export function page<const Tag extends string, M extends AnySchema>(tag: Tag, item: M) {
  return message(tag, { items: t.list(item), next: t.optional(t.string) });
}
export class Orders extends page("w/Orders", Order) {}

export const Shop = service(
  "Shop",
  { version: 1 },
  { list: unary(Query, Orders), get: unary(Query, t.optional(Order)), walk: serverStream(Query, Folder) },
);
export interface ShopStub extends Stub<typeof Shop> {}
