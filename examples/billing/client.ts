/**
 * Calls each method of the billing service once, and then one method as often as possible for a moment.
 *
 *   node examples/billing/client.ts TICKET                 Node 22.18 and newer
 *   node --import tsx examples/billing/client.ts TICKET    Node 20
 */
import { AsterClient, AsterError, type InferInput } from "aster-rpc";
import { Billing, type Reading } from "./contract.ts";
import { measure } from "./measure.ts";

const ticket = process.argv[2];
if (!ticket) {
  console.error("usage: client.ts TICKET     (the server prints its ticket)");
  process.exit(2);
}

const title = (text: string) => console.log(`\n${text}`);
const money = (cents: number, currency: string) => `${(cents / 100).toFixed(2)} ${currency}`;

async function* readings(): AsyncGenerator<InferInput<typeof Reading>> {
  for (let hour = 0; hour < 24; hour += 1) {
    yield { meter: "kitchen", units: 3 + (hour % 4) };
    yield { meter: "workshop", units: hour * 2 };
  }
}

const client = await AsterClient.connect(ticket, { relay: "disabled" });
try {
  const billing = client.stub(Billing);
  console.log(`connected; contract ${Billing.contractId} is the server's`);

  title("unary: getInvoice");
  const invoice = await billing.getInvoice({ customerId: "acme", status: "open" });
  console.log(`  ${invoice.invoiceId}, ${money(invoice.amountCents, invoice.currency)}, ${invoice.note}`);
  for (const line of invoice.lines) {
    console.log(
      `    ${line.quantity} x ${line.description}, ${money(line.unitCents, invoice.currency)} each`,
    );
  }

  title("server stream: watchEvents, left after four events");
  for await (const event of billing.watchEvents({ customerId: "acme", status: "" })) {
    console.log(`  ${event.sequence}: ${event.invoiceId} ${event.what}`);
    if (event.sequence === 3) break; // cancels the call: the handler's `finally` runs on the server
  }

  title("client stream: upload");
  const summary = await billing.upload(readings());
  const totals = [...summary.unitsByMeter].map(([meter, units]) => `${meter} ${units}`);
  console.log(`  ${summary.readings} readings taken: ${totals.join(", ")}`);

  title("bidi stream: chat");
  const chat = billing.chat();
  const replies = chat[Symbol.asyncIterator]();
  for (const text of ["Is the comet insurance refundable?", "お願いします"]) {
    await chat.send({ author: "Zoë", text });
    const reply = await replies.next();
    if (!reply.done) console.log(`  ${reply.value.author}: ${reply.value.text}`);
  }
  await chat.end();
  await replies.next(); // waits for the end of the server's side

  title("a call that fails");
  try {
    await billing.getInvoice({ customerId: "nobody", status: "open" });
  } catch (error) {
    if (!(error instanceof AsterError)) throw error;
    console.log(`  ${error.codeName} (${error.code}): ${error.rawMessage}`);
    console.log(
      `  sent by the peer: ${!error.isLocal}, details: ${JSON.stringify(Object.fromEntries(error.details))}`,
    );
  }

  title("calls in a row and at once: getInvoice");
  const call = () => billing.getInvoice({ customerId: "zoë", status: "open" });
  for (const inFlight of [1, 64]) {
    const { perSecond, calls } = await measure(call, { inFlight, ms: 1500 });
    console.log(`  ${String(inFlight).padStart(2)} in flight: ${perSecond} calls/s (${calls} calls)`);
  }
} finally {
  await client.close();
}
