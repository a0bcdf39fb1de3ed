import { describe, expect, it } from "vitest";
import { codecOf } from "../../ts/src/codec/codec.js";
import { MessageWriter } from "../../ts/src/message.js";
import {
  bidiStream,
  clientStream,
  field,
  message,
  messageOf,
  rpc,
  serverStream,
  service,
  serviceOf,
  t,
  unary,
  wireType,
} from "../../ts/src/schema/index.js";
import { serviceDefinition } from "../../ts/src/schema/service.js";

// biome-ignore lint/suspicious/noExplicitAny: an argument of the legacy decorator protocol
type Loose = any;

@wireType("n/Line")
class Line {
  @field(t.string) sku = "";
  @field(t.int) qty = 1;
  get label(): string {
    return `${this.qty} x ${this.sku}`;
  }
}

@wireType("n/Invoice")
class Invoice {
  @field(t.string) invoiceId = "";
  @field(t.list(Line)) lines: Line[] = [];
  @field(t.optional(t.string)) note: string | null = null;
}

@wireType("n/Credit")
class Credit extends Invoice {
  @field(t.string) reason = "none";
}

@service("Billing", { version: 2 })
class Billing {
  @rpc(Line, Invoice) async getInvoice(_line: Line): Promise<Invoice> {
    return new Invoice();
  }
  @serverStream(Line, Invoice) async *watch(_line: Line): AsyncGenerator<Invoice> {
    yield new Invoice();
  }
  @clientStream(Line, Invoice) async upload(_lines: AsyncIterable<Line>): Promise<Invoice> {
    return new Invoice();
  }
  @bidiStream(Line, Line) async *chat(_lines: AsyncIterable<Line>): AsyncGenerator<Line> {
    yield new Line();
  }
}

function roundTrip(schema: Loose, value: unknown): Loose {
  const codec = codecOf(schema);
  const writer = new MessageWriter(16);
  codec.write(writer, value);
  return codec.read(writer.buf, 0, writer.pos, false);
}

describe("the class form", () => {
  it("has the same bytes as a message in function form", () => {
    const LineMessage = message("n/Line", { sku: t.string, qty: t.int });
    const InvoiceMessage = message("n/Invoice", {
      invoiceId: t.string,
      lines: t.list(LineMessage),
      note: t.optional(t.string),
    });
    const value = { invoiceId: "i", lines: [{ sku: "a", qty: 2 }], note: null };
    const writer = new MessageWriter(16);
    codecOf(Invoice).write(writer, value);
    expect(writer.buf.slice(0, writer.pos)).toEqual(InvoiceMessage.encode(value));
  });

  it("is decoded to objects of the class, with methods", () => {
    const invoice = roundTrip(Invoice, Object.assign(new Invoice(), { lines: [new Line()] }));
    expect(invoice).toBeInstanceOf(Invoice);
    expect(invoice.lines[0]).toBeInstanceOf(Line);
    expect(invoice.lines[0].label).toBe("1 x ");
    expect(messageOf(invoice)?.tag).toBe("n/Invoice");
    expect(messageOf(new Line())?.tag).toBe("n/Line");
  });

  it("uses initial values as defaults", () => {
    expect(roundTrip(Invoice, {})).toEqual({ invoiceId: "", lines: [], note: null });
  });

  it("inherits the fields of its base class, which come first", () => {
    const credit = roundTrip(Credit, { invoiceId: "c" });
    expect(Object.keys(credit)).toEqual(["invoiceId", "lines", "note", "reason"]);
    expect(credit).toBeInstanceOf(Credit);
    expect(Object.keys(roundTrip(Invoice, {}))).toEqual(["invoiceId", "lines", "note"]);
  });

  it("makes a service with the methods in their order", () => {
    const described = serviceOf(Billing);
    expect(described).toMatchObject({ name: "Billing", version: 2 });
    expect(serviceDefinition(described).methods.map(({ wireName, pattern }) => [wireName, pattern])).toEqual([
      ["get_invoice", "unary"],
      ["watch", "serverStream"],
      ["upload", "clientStream"],
      ["chat", "bidiStream"],
    ]);
    expect(serviceOf(Billing)).toBe(described);
    expect(() => serviceOf(Line)).toThrow(/has no @service decorator/);
  });

  it("also accepts calls of legacy decorators", () => {
    class Old {
      a = 5;
    }
    (field(t.int) as Loose)(Old.prototype, "a");
    (wireType("n/Old") as Loose)(Old);
    expect(roundTrip(Old, {})).toEqual({ a: 5 });
    class OldService {
      ping(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(OldService.prototype, "ping");
    (unary(Line, Line) as Loose)(OldService.prototype, "ping", descriptor);
    (service("Old") as Loose)(OldService);
    expect(serviceDefinition(serviceOf(OldService)).methods.map(({ key }) => key)).toEqual(["ping"]);
  });

  it.each([
    [
      "a field decorator on a method",
      () => (field(t.int) as Loose)(undefined, { kind: "method", name: "a", metadata: {} }),
      /not on a method/,
    ],
    [
      "a static field",
      () => (field(t.int) as Loose)(undefined, { kind: "field", name: "a", static: true, metadata: {} }),
      /static/,
    ],
    ["no metadata", () => (field(t.int) as Loose)(undefined, { kind: "field", name: "a" }), /metadata/],
    ["called like a function", () => (unary(Line, Line) as Loose)(), /not called as a decorator/],
    [
      "@wireType on a value that is not a class",
      () => (wireType("n/X") as Loose)(5, { kind: "class", name: "X" }),
      /must be used on a class/,
    ],
    ["a field that is not a schema", () => field(5 as Loose), /@field\(\): number is not a schema/],
  ])("a misuse is a TypeError: %s", (_name, misuse, text) => {
    expect(misuse).toThrow(TypeError);
    expect(misuse).toThrow(text);
  });
});
