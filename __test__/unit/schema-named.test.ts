/** Named messages: classes that extend `message()`. Which class owns a message, and the class of its values. */
import { describe, expect, it } from "vitest";
import { codecBy } from "../../ts/src/codec/codec.js";
import { MessageWriter } from "../../ts/src/message.js";
import { rows } from "../../ts/src/rows/rows.js";
import { field, service, serviceOf, wireType } from "../../ts/src/schema/decorators.js";
import { message } from "../../ts/src/schema/message.js";
import { messageOf } from "../../ts/src/schema/message-class.js";
import { unary } from "../../ts/src/schema/method.js";
import { t } from "../../ts/src/schema/t.js";

// biome-ignore lint/suspicious/noExplicitAny: wrong uses that the compiler refuses
type Loose = any;

class Line extends message("n/Line", { article: t.string, quantity: t.int.default(1) }) {
  get twice(): number {
    return this.quantity * 2;
  }
}
class Order extends message("n/Order", {
  orderId: t.string,
  lines: t.list(Line),
  first: t.optional(Line),
  byName: t.map(t.string, Line),
}) {
  total(): number {
    return this.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  }
}
const input = { orderId: "o-1", lines: [{ article: "tea", quantity: 2 }], byName: { x: { article: "y" } } };

describe("values", () => {
  it.each([
    ["decoded", () => Order.decode(Order.encode(input))],
    ["decoded from JSON", () => Order.decodeJson(Order.encodeJson(input))],
    ["decoded in compatible mode", () => Versioned.decode(Versioned.encode({ order: input })).order],
    ["decoded from a row", () => Flat.view().toObject()],
  ])("that were %s are of the class, with all inside", (_how, make) => {
    const order = make() as Order;
    expect(order).toBeInstanceOf(Order);
    expect([order.total(), order.lines[0]?.twice]).toEqual([2, 4]);
    expect(order.lines[0]).toBeInstanceOf(Line);
    expect(Object.getPrototypeOf(order)).toBe(Order.prototype);
    expect(messageOf(order)).toBe(Order);
    expect(messageOf(order.lines[0])).toBe(Line);
  });

  class Versioned extends message("n/Versioned", { order: Order }, { compatible: true }) {}
  const Flat = {
    view: () =>
      rows(Order).row(
        rows(Order).encode({ ...input, first: null, lines: [new Line(input.lines[0] as Loose)] }),
      ),
  };

  it.each(["generated", "interpreted"] as const)("are instances of the class with %s code", (executor) => {
    const codec = codecBy(executor, Order);
    const writer = new MessageWriter(64);
    codec.write(writer, input);
    const order = codec.read(writer.buf, 0, writer.pos, false) as Order;
    expect(order).toBeInstanceOf(Order);
    expect(order.lines[0]).toBeInstanceOf(Line);
    expect(order.byName.get("x")).toBeInstanceOf(Line);
  });

  it("are made by of() and by new, with missing members filled in", () => {
    for (const order of [Order.of(input), new Order(input)]) {
      expect(order).toBeInstanceOf(Order);
      expect(order.first).toBe(null);
      expect(order.orderId).toBe("o-1");
    }
    expect(new Line({ article: "a" }).quantity).toBe(1);
  });

  it("are decoded without running a constructor", () => {
    let runs = 0;
    class Counted extends message("n/Counted", { id: t.int }) {
      extra = ++runs;
    }
    const value = Counted.decode(Counted.encode({ id: 1 }));
    expect([runs, value.id, "extra" in value]).toEqual([0, 1, false]);
    expect(new Counted({ id: 2 })).toMatchObject({ id: 2, extra: 1 });
  });

  it("equal a literal with toEqual, and each other with toStrictEqual", () => {
    const order = Order.of({ orderId: "a", lines: [], byName: {} });
    expect(Order.decode(Order.encode(order))).toEqual({
      orderId: "a",
      lines: [],
      first: null,
      byName: new Map(),
    });
    expect(Order.decode(Order.encode(order))).toStrictEqual(Order.decode(Order.encode(order)));
  });

  it("are recognized by is() and instanceof", () => {
    const [order, line] = [Order.of(input), Line.of({ article: "a" })];
    expect([order, line, {}, null, 5, undefined].map((value) => Order.is(value))).toEqual([
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect([order instanceof Order, line instanceof Order]).toEqual([true, false]);
  });

  it("of a class that extends the message's class are values of the message", () => {
    class Special extends Order {
      special = true;
    }
    const value = new Special(input);
    expect([Order.is(value), messageOf(value) === Order, value.total()]).toEqual([true, true, 2]);
    const Any = message("n/Any", { any: t.any }, { types: [Order] });
    expect(messageOf(Any.decode(Any.encode({ any: value })).any)).toBe(Order);
  });

  it("can be used in unions and in t.any", () => {
    const Mixed = message("n/Mixed", { one: t.union(Line, Order), any: t.any });
    const back = Mixed.decode(Mixed.encode({ one: Order.of(input), any: Line.of({ article: "a" }) }));
    expect([back.one instanceof Order, back.any instanceof Line]).toEqual([true, true]);
    expect(() => Mixed.encode({ one: { article: "a", quantity: 1 } as Loose, any: null })).toThrow(
      /X\.of\(\)/,
    );
  });

  it("keep their identity in messages that track references", () => {
    class Node extends message(
      "n/Node",
      {
        name: t.string,
        get next() {
          return t.optional(t.shared(Node));
        },
      },
      { refs: true },
    ) {}
    const node = Node.of({ name: "a" });
    node.next = node;
    const back = Node.decode(Node.encode(node));
    expect([back.next === back, back instanceof Node]).toEqual([true, true]);
  });

  it("refer to their own class and to later classes through getters", () => {
    class Folder extends message("n/Folder", {
      name: t.string,
      get folders() {
        return t.list(Folder);
      },
      get owner() {
        return t.optional(User);
      },
    }) {
      depth(): number {
        return 1 + Math.max(0, ...this.folders.map((folder) => folder.depth()));
      }
    }
    class User extends message("n/User", { name: t.string }) {}
    const folders = [{ name: "a", folders: [{ name: "b", folders: [], owner: { name: "Ada" } }] }];
    const folder = Folder.decode(Folder.encode({ name: "/", folders }));
    expect(folder.depth()).toBe(3);
    expect(folder.folders[0]?.folders[0]?.owner).toBeInstanceOf(User);
  });
});

describe("the message of a class", () => {
  it("is a schema that can have a name, a description and a default as a field", () => {
    const M = message("n/M", {
      line: Line.named("the_line").describe("a line"),
      other: Line.default({ article: "x" }),
      text: Line.describe("some text"),
    });
    const back = M.decodeJson('{"the_line":{"article":"a"},"text":{"article":"b"}}');
    expect(back).toEqual({
      line: { article: "a", quantity: 1 },
      other: { article: "x", quantity: 1 },
      text: { article: "b", quantity: 1 },
    });
    expect([back.line instanceof Line, back.other instanceof Line]).toEqual([true, true]);
    expect(JSON.stringify(M.jsonSchema())).toContain('"description":"a line"');
  });

  it("validates any value with Standard Schema", () => {
    const good = Line["~standard"].validate({ article: "a" });
    expect("value" in good && good.value).toBeInstanceOf(Line);
    expect(Line["~standard"].validate({ article: 5 })).toHaveProperty("issues.0.path", ["article"]);
  });

  it("has the name of the class, and the tag", () => {
    expect([Order.name, Order.tag, message("n/Const", {}).name]).toEqual(["Order", "n/Order", "Const"]);
  });

  it("has the same contract id as a constant", () => {
    const line = message("n/Line", { article: t.string, quantity: t.int.default(1) });
    const constant = service("S", { version: 1 }, { get: unary(line, line) });
    const named = service("S", { version: 1 }, { get: unary(Line, Line) });
    expect(named.contractId).toBe(constant.contractId);
  });
});

describe("ownership", () => {
  const fields = { id: t.string };
  it("belongs to the first class that extends the message", () => {
    const Base = message("n/Once", fields);
    class First extends Base {}
    class Second extends Base {}
    expect(First.decode(First.encode({ id: "a" }))).toBeInstanceOf(First);
    expect(() => Second.decode(new Uint8Array())).toThrow(
      /"n\/Once"\) belongs to First, so it cannot be Second/,
    );
    expect(() => t.list(Second)).toThrow(TypeError);
  });

  it("belongs to the constant when that is used first", () => {
    const Base = message("n/Used", fields);
    expect(Base.of({ id: "a" })).toEqual({ id: "a" });
    class Late extends Base {}
    expect(() => Late.of({ id: "a" })).toThrow(/used as a constant/);
  });

  it("is also decided by new", () => {
    const Base = message("n/New", fields);
    class First extends Base {}
    expect(messageOf(new First({ id: "a" }))).toBe(First);
  });

  it("does not move to a class that extends the owner", () => {
    class Special extends Order {}
    expect(() => t.list(Special)).toThrow(
      /Special extends the message class Order; only Order itself is a schema/,
    );
    expect(() => Special.decode(new Uint8Array())).toThrow(TypeError);
  });

  it("is refused for a class with a member that has the name of a field", () => {
    class Getter extends message("n/Getter", { total: t.int }) {
      override get total(): number {
        return 1;
      }
    }
    expect(() => Getter.encode({ total: 1 } as Loose)).toThrow(
      /n\/Getter\.total: the class Getter has another member of that name/,
    );
  });

  it("requires new, of() or a class", () => {
    expect(() => (message("n/Called", fields) as Loose)({ id: "a" })).toThrow(/n\/Called: use new or of\(\)/);
    const { decode } = Order as Loose;
    expect(() => decode(new Uint8Array())).toThrow(/Order\.decode/);
  });
});

describe("classes with decorators", () => {
  class Counter {
    #n = 1;
    get n(): number {
      return this.#n;
    }
    set n(value: number) {
      this.#n = value;
    }
    read(): void {}
  }
  it.each([
    [
      "an accessor with a legacy decorator",
      () => (field(t.int) as Loose)(Counter.prototype, "n"),
      "an accessor",
    ],
    [
      "a method with a legacy decorator",
      () => (field(t.int) as Loose)(Counter.prototype, "read"),
      "a method",
    ],
    [
      "an accessor with a standard decorator",
      () => (field(t.int) as Loose)({}, { kind: "accessor", name: "n", metadata: {} }),
      "an accessor",
    ],
    [
      "a field with the decorator of a method",
      () => (unary(Line, Line) as Loose)(undefined, { kind: "field", name: "n", metadata: {} }),
      "a field",
    ],
  ])("refuse %s, with its name", (_what, run, text) => {
    expect(run).toThrow(TypeError);
    expect(run).toThrow(text);
  });

  it("have their own messages, which messageOf returns", () => {
    class Wire {
      sku = "";
    }
    (field(t.string) as Loose)(Wire.prototype, "sku");
    (wireType("n/Wire") as Loose)(Wire);
    const Box = message("n/Box", { wire: Wire });
    const { wire } = Box.decode(Box.encode({ wire: { sku: "a" } }));
    expect([wire instanceof Wire, messageOf(wire)?.tag, messageOf(wire)?.is(wire)]).toEqual([
      true,
      "n/Wire",
      true,
    ]);
    expect(() => serviceOf(Wire as Loose)).toThrow(/Wire has no @service decorator/);
  });
});
