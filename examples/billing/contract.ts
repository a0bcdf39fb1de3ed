/**
 * The contract of the billing example: the messages, and the service with one method of each kind. Server and client import
 * this file. A contract with the same declarations has the same id in every language.
 */
import { bidiStream, clientStream, type Infer, message, serverStream, service, t, unary } from "aster-rpc";

export const LineItem = message("billing/LineItem", {
  description: t.string,
  quantity: t.int,
  unitCents: t.int,
});
export type LineItem = Infer<typeof LineItem>;

export const InvoiceQuery = message("billing/InvoiceQuery", {
  customerId: t.string,
  status: t.string,
});
export type InvoiceQuery = Infer<typeof InvoiceQuery>;

export const Invoice = message("billing/Invoice", {
  invoiceId: t.string,
  amountCents: t.int,
  currency: t.string.default("USD"),
  lines: t.list(LineItem),
  note: t.optional(t.string),
});
export type Invoice = Infer<typeof Invoice>;

export const InvoiceEvent = message("billing/InvoiceEvent", {
  sequence: t.int,
  invoiceId: t.string,
  what: t.string,
});
export type InvoiceEvent = Infer<typeof InvoiceEvent>;

export const Reading = message("billing/Reading", {
  meter: t.string,
  units: t.int,
});
export type Reading = Infer<typeof Reading>;

export const Summary = message("billing/Summary", {
  readings: t.int,
  unitsByMeter: t.map(t.string, t.int),
});
export type Summary = Infer<typeof Summary>;

export const ChatMessage = message("billing/ChatMessage", {
  author: t.string,
  text: t.string,
});
export type ChatMessage = Infer<typeof ChatMessage>;

export const Billing = service(
  "BillingService",
  { version: 1 },
  {
    getInvoice: unary(InvoiceQuery, Invoice, { idempotent: true, timeoutMs: 5000 }),
    watchEvents: serverStream(InvoiceQuery, InvoiceEvent),
    upload: clientStream(Reading, Summary),
    chat: bidiStream(ChatMessage, ChatMessage),
  },
);
