/**
 * The billing contract in class form. Its contract id is the same as that of `examples/billing/contract.ts`, so clients of
 * either form can call servers of the other.
 */
import {
  AsterError,
  bidiStream,
  Code,
  clientStream,
  field,
  rpc,
  serverStream,
  service,
  t,
  wireType,
} from "aster-rpc";
import { findInvoice, happening } from "../billing/ledger.ts";

@wireType("billing/LineItem")
export class LineItem {
  @field(t.string) description = "";
  @field(t.int) quantity = 0;
  @field(t.int) unitCents = 0;
}

@wireType("billing/InvoiceQuery")
export class InvoiceQuery {
  @field(t.string) customerId = "";
  @field(t.string) status = "";
}

@wireType("billing/Invoice")
export class Invoice {
  @field(t.string) invoiceId = "";
  @field(t.int) amountCents = 0;
  @field(t.string) currency = "USD";
  @field(t.list(LineItem)) lines: LineItem[] = [];
  @field(t.optional(t.string)) note: string | null = null;
}

@wireType("billing/InvoiceEvent")
export class InvoiceEvent {
  @field(t.int) sequence = 0;
  @field(t.string) invoiceId = "";
  @field(t.string) what = "";
}

@wireType("billing/Reading")
export class Reading {
  @field(t.string) meter = "";
  @field(t.int) units = 0;
}

@wireType("billing/Summary")
export class Summary {
  @field(t.int) readings = 0;
  @field(t.map(t.string, t.int)) unitsByMeter: Map<string, number> = new Map();
}

@wireType("billing/ChatMessage")
export class ChatMessage {
  @field(t.string) author = "";
  @field(t.string) text = "";
}

@service("BillingService", { version: 1 })
export class BillingService {
  @rpc(InvoiceQuery, Invoice, { idempotent: true, timeoutMs: 5000 })
  async getInvoice({ customerId }: InvoiceQuery): Promise<Invoice> {
    const invoice = findInvoice(customerId);
    if (!invoice) throw new AsterError(Code.NOT_FOUND, `no invoice for customer "${customerId}"`);
    return invoice;
  }

  @serverStream(InvoiceQuery, InvoiceEvent)
  async *watchEvents({ customerId }: InvoiceQuery): AsyncGenerator<InvoiceEvent> {
    const invoiceId = findInvoice(customerId)?.invoiceId ?? "none";
    for (let sequence = 0; ; sequence += 1) yield { sequence, invoiceId, what: happening(sequence) };
  }

  @clientStream(Reading, Summary)
  async upload(readings: AsyncIterable<Reading>): Promise<Summary> {
    const summary = new Summary();
    for await (const { meter, units } of readings) {
      summary.readings += 1;
      summary.unitsByMeter.set(meter, (summary.unitsByMeter.get(meter) ?? 0) + units);
    }
    return summary;
  }

  @bidiStream(ChatMessage, ChatMessage)
  async *chat(messages: AsyncIterable<ChatMessage>): AsyncGenerator<ChatMessage> {
    for await (const { author, text } of messages)
      yield { author: "billing desk", text: `${author}: ${text}` };
  }
}
