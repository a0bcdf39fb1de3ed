/**
 * The billing service. It prints its ticket and serves until Ctrl-C.
 *
 *   node examples/billing/server.ts                 Node 22.18 and newer
 *   node --import tsx examples/billing/server.ts    Node 20
 */
import { AsterError, AsterServer, Code, implement } from "aster-rpc";
import { Billing } from "./contract.ts";
import { findInvoice, happening } from "./ledger.ts";

const billing = implement(Billing, {
  async getInvoice({ customerId }) {
    const invoice = findInvoice(customerId);
    if (!invoice) {
      throw new AsterError(Code.NOT_FOUND, `no invoice for customer "${customerId}"`, {
        reason: "NO_SUCH_CUSTOMER",
        details: { customerId },
      });
    }
    return invoice;
  },

  async *watchEvents({ customerId }) {
    const invoiceId = findInvoice(customerId)?.invoiceId ?? "none";
    let sequence = 0;
    try {
      // An endless stream: the caller decides when it ends, and flow control decides how fast it is.
      for (; ; sequence += 1) yield { sequence, invoiceId, what: happening(sequence) };
    } finally {
      console.log(`watchEvents: the caller cancelled after ${sequence} events`);
    }
  },

  async upload(readings) {
    const unitsByMeter = new Map<string, number>();
    let count = 0;
    for await (const { meter, units } of readings) {
      count += 1;
      unitsByMeter.set(meter, (unitsByMeter.get(meter) ?? 0) + units);
    }
    return { readings: count, unitsByMeter };
  },

  async *chat(messages) {
    for await (const { author, text } of messages) {
      yield { author: "billing desk", text: `Dear ${author}, about "${text}": we are looking into it.` };
    }
  },
});

const server = await AsterServer.start({
  services: [billing],
  access: "open",
  bind: process.env.BILLING_BIND ?? "127.0.0.1:0",
  relay: "disabled",
});

try {
  console.log(`contract ${Billing.contractId}`);
  console.log(`ticket   ${server.ticket}`);
  console.log("serving BillingService v1; stop with Ctrl-C");
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
} finally {
  await server.drain({ timeoutMs: 5_000 });
  console.log("stopped");
}
