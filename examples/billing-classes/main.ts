/**
 * The class form in one process: a server, and a client that calls it. Decorators and `await using` need a loader in
 * current versions of Node:
 *
 *   node --import tsx examples/billing-classes/main.ts
 */
import { AsterClient, AsterServer, implement, serviceOf } from "aster-rpc";
import { Billing } from "../billing/contract.ts";
import { BillingService } from "./contract.ts";

await using server = await AsterServer.start({
  services: [implement(BillingService, new BillingService())],
  access: "open",
  bind: "127.0.0.1:0",
  relay: "disabled",
});
await using client = await AsterClient.connect(server.ticket, { relay: "disabled" });

const billing = client.stub(BillingService);
const invoice = await billing.getInvoice({ customerId: "acme", status: "open" });
console.log(
  `${invoice.invoiceId}: ${invoice.amountCents} ${invoice.currency}, ${invoice.lines.length} lines`,
);

const same = serviceOf(BillingService).contractId === Billing.contractId;
console.log(`contract ${Billing.contractId}, equal in both forms: ${same}`);
if (!same) process.exitCode = 1;
