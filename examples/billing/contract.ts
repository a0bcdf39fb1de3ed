/**
 * The contract of the billing example: the messages, and the service with one method of each kind. Server and client import
 * this file. A contract with the same declarations has the same id in every language.
 */
import { bidiStream, clientStream, message, serverStream, service, t, unary } from "aster-rpc";

export class LineItem extends message("billing/LineItem", {
  description: t.string,
  quantity: t.int,
  unitCents: t.int,
}) {}

export class InvoiceQuery extends message("billing/InvoiceQuery", {
  customerId: t.string,
  status: t.string,
}) {}

export class Invoice extends message("billing/Invoice", {
  invoiceId: t.string,
  amountCents: t.int,
  currency: t.string.default("USD"),
  lines: t.list(LineItem),
  note: t.optional(t.string),
}) {}

export class InvoiceEvent extends message("billing/InvoiceEvent", {
  sequence: t.int,
  invoiceId: t.string,
  what: t.string,
}) {}

export class Reading extends message("billing/Reading", {
  meter: t.string,
  units: t.int,
}) {}

export class Summary extends message("billing/Summary", {
  readings: t.int,
  unitsByMeter: t.map(t.string, t.int),
}) {}

export class ChatMessage extends message("billing/ChatMessage", {
  author: t.string,
  text: t.string,
}) {}

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
