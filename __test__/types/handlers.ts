/** Compile-time tests of `implement`: one signature, errors at the wrong member, exact types of results. */

import {
  bidiStream,
  type CallContext,
  clientStream,
  type Handlers,
  implement,
  message,
  rpc,
  serverStream,
  service,
  t,
  unary,
} from "aster-rpc";

class Line extends message("h/Line", { sku: t.string, quantity: t.int.default(1) }) {}
class Order extends message("h/Order", {
  id: t.string,
  note: t.optional(t.string),
  lines: t.list(Line),
  labels: t.record(t.int),
  extra: t.any.default(null),
}) {
  total(): number {
    return this.lines.length;
  }
}
const Id = message("h/Id", { id: t.string });
class Category extends message("h/Category", {
  name: t.string,
  get children() {
    return t.list(Category);
  },
}) {}
const Shop = service(
  "Shop",
  {},
  {
    get: unary(Id, Order),
    find: unary(Id, t.optional(Id)),
    watch: serverStream(Id, Order),
    upload: clientStream(Order, Id),
    chat: bidiStream(Id, Id),
    tree: unary(Id, Category),
  },
);

interface CategoryRow {
  name: string;
  children: CategoryRow[];
}
declare const rows: CategoryRow;
declare const orders: Map<string, Order>;
class Stored {
  id = "";
  save(): void {}
}

const right = {
  get: ({ id }: { id: string }) => orders.get(id) ?? { id, lines: [{ sku: "a" }], labels: { any: 1 } },
  find: () => null,
  watch: async function* ({ id }: { id: string }) {
    yield { id, lines: [], labels: new Map([["a", 1]]), extra: { whatever: 1 } };
  },
  upload: async () => new Stored(),
  chat: () => [{ id: "1" }],
  tree: () => rows,
};
implement(Shop, right);
export const typed: Handlers<(typeof Shop)["methods"]> = right;

implement(Shop, {
  get: ({ id }, ctx) => {
    const signal: AbortSignal = ctx.signal;
    return { id: id.trim(), lines: [], labels: {}, note: signal.aborted ? "late" : undefined };
  },
  async find({ id }) {
    return { id };
  },
  async *watch({ id }) {
    yield orders.get(id) as Order;
  },
  async upload(items) {
    for await (const order of items) order.total();
    return { id: "1" };
  },
  async *chat(items) {
    for await (const { id } of items) yield { id };
  },
  tree: () => ({ name: "a", children: [{ name: "b", children: [] }] }),
});

// --- A wrong member is an error at that member

implement(Shop, {
  ...right,
  // @ts-expect-error the wrong type
  get: () => ({ id: 1, lines: [], labels: {} }),
});
implement(Shop, {
  ...right,
  // @ts-expect-error a misspelt member
  get: () => ({ id: "1", noet: "urgent", lines: [], labels: {} }),
});
implement(Shop, {
  ...right,
  // @ts-expect-error a misspelt member of an element, behind a promise
  get: async () => ({ id: "1", lines: [{ sku: "a", quantiy: 2 }], labels: {} }),
});
implement(Shop, {
  ...right,
  // @ts-expect-error also when the result may be null
  find: () => (Math.random() < 0.5 ? null : { id: "1", more: 1 }),
});
implement(Shop, {
  ...right,
  // @ts-expect-error in an item of a stream
  async *watch({ id }) {
    yield { id, lines: [], labels: {}, noet: "" };
  },
});
implement(Shop, {
  ...right,
  // @ts-expect-error in an item of an array that is streamed
  chat: () => [{ id: "1", more: 1 }],
});
implement(Shop, {
  ...right,
  // @ts-expect-error in the response to a stream
  upload: async () => ({ id: "1", more: 1 }),
});
implement(Shop, {
  ...right,
  // @ts-expect-error in a message that contains itself
  tree: () => ({ name: "a", children: [{ name: "b", children: [], more: 1 }] }),
});
implement(Shop, {
  ...right,
  // @ts-expect-error a stream is not a single response
  async *get() {
    yield { id: "1", lines: [], labels: {} };
  },
});
implement(Shop, {
  ...right,
  // @ts-expect-error the request has no such member
  find: ({ name }) => ({ id: name }),
});
const { get: _, ...without } = right;
// @ts-expect-error a method without handler
implement(Shop, without);
// @ts-expect-error not a service
implement({}, right);

// --- The class form

class Single {
  @rpc(Id, Id) async get(request: { id: string }, ctx: CallContext): Promise<{ id: string }> {
    return { id: request.id + ctx.method };
  }
}
declare const TheClass: typeof Single;
implement(TheClass, new Single());
// @ts-expect-error an instance of another class
implement(TheClass, new Stored());
