/** The data of the billing example: three customers in memory. This module does not use RPC. */
import { Invoice, LineItem } from "./contract.ts";

const invoices = new Map<string, Invoice>([
  [
    "acme",
    Invoice.of({
      invoiceId: "INV-2024-0117",
      amountCents: 12_550,
      currency: "EUR",
      lines: [
        LineItem.of({ description: "Orbital transfer, one way", quantity: 1, unitCents: 9_900 }),
        LineItem.of({ description: "Insurance against comets", quantity: 2, unitCents: 1_325 }),
      ],
      note: "Payable within 14 days",
    }),
  ],
  [
    "zoë",
    Invoice.of({
      invoiceId: "INV-2024-0118",
      amountCents: 480,
      currency: "USD",
      lines: [LineItem.of({ description: "茶, 100 g", quantity: 4, unitCents: 120 })],
      note: null,
    }),
  ],
  ["new", Invoice.of({ invoiceId: "INV-2024-0119", amountCents: 0, currency: "USD", lines: [], note: null })],
]);

export function findInvoice(customerId: string): Invoice | undefined {
  return invoices.get(customerId);
}

const happenings = ["created", "sent", "viewed", "reminded", "paid"];

/** The events of an invoice, in order, without an end. */
export function happening(sequence: number): string {
  return happenings[sequence % happenings.length] ?? "created";
}
